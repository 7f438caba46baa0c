// Signing keys of tokens: names of the secrets that hold them, choosing the newest, looking one up by its ID ("kid").
// Secrets come through SecretSource, so this folder knows no store. Thread-safe when the source is.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/tokens/rsa_key.h"

namespace kuma::tokens {

inline constexpr const char* kDefaultKid = "1";
// The ID of keys from before there were IDs; their secret is named by the prefix alone.
inline constexpr const char* kLegacyKid = "0";

inline constexpr const char* kZoneSigningKeyPrefix = "zone-token-signing-key";
inline constexpr const char* kZonePublicKeyPrefix = "zone-token-signing-public-key";
inline constexpr const char* kZoneRevocations = "zone-token-revocations";
inline constexpr const char* kUserSigningKeyPrefix = "user-token-signing-key";
inline constexpr const char* kUserRevocations = "user-token-revocations";
inline constexpr const char* kAdminUserTokenSecret = "admin-user-token";

std::string DataplaneSigningKeyPrefix(std::string_view mesh);  // dataplane-token-signing-key-<mesh>
std::string DataplaneRevocations(std::string_view mesh);       // dataplane-token-revocations-<mesh>
// "<prefix>-<kid>", or the prefix for kLegacyKid.
std::string SigningKeyName(std::string_view prefix, std::string_view kid);
std::string DataplaneSigningKeyName(std::string_view mesh, std::string_view kid);
std::string ZoneSigningKeyName(std::string_view kid);
std::string UserSigningKeyName(std::string_view kid);

struct NamedSecret {
  std::string name;
  std::string data;
};

// Mesh "" stands for global secrets.
struct SecretSource {
  // Nothing when there is no such secret.
  std::function<Result<std::optional<std::string>>(const std::string& mesh, const std::string& name)> find;
  // All whose names begin with the prefix.
  std::function<Result<std::vector<NamedSecret>>(const std::string& mesh, const std::string& prefix)> list;
};

struct SigningKey {
  RsaKey key;
  std::string kid;
};
using SigningKeySource = std::function<Result<SigningKey>()>;

// The key with the highest number. Code kNotFound when there is none.
Result<SigningKey> LatestSigningKey(const SecretSource& secrets, const std::string& prefix, const std::string& mesh);
SigningKeySource LatestOf(SecretSource secrets, std::string prefix, std::string mesh);
// One key of a file, for signing without a control plane.
SigningKeySource KeyOfFile(std::string path, std::string kid);

// Data of a new signing key's secret: RSA-2048 as PEM. Slow; a pool of keys elsewhere can give the same text faster.
Result<std::string> NewSigningKeyData();
// The public key's PEM of a secret's private one; zones get it in place of the private one.
Result<std::string> PublicKeyOf(std::string_view private_key_data);

Error SigningKeyNotFound(const std::string& prefix, const std::string& kid, const std::string& mesh);

// Verification keys by ID.
struct KeyAccessor {
  std::function<Result<RsaKey>(const std::string& kid)> public_key;
  // The symmetric key of tokens signed by HS256.
  std::function<Result<std::string>()> legacy_key;
};
// Of secrets with private keys.
KeyAccessor KeysOfSecrets(SecretSource secrets, std::string prefix, std::string mesh);
// Of global secrets with public keys, as in a zone of a multi-zone deployment.
KeyAccessor KeysOfPublicSecrets(SecretSource secrets, std::string prefix);
struct PublicKeyText {
  std::string kid;
  std::string pem;
};
// Of the configuration.
Result<KeyAccessor> KeysOfConfig(const std::vector<PublicKeyText>& keys);

}  // namespace kuma::tokens
