// Checking tokens, which are untrusted bytes: at most 16 KiB, RS256 (or HS256 with the key from before key IDs) and nothing else,
// times, revocation. The texts of errors are those users of the reference see. Thread-safe when the sources are.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/base/json.h"
#include "pkg/tokens/identities.h"
#include "pkg/tokens/signing_keys.h"

namespace kuma::tokens {

inline constexpr size_t kMaxTokenBytes = 16u << 10;

// Whether the token with this ID (jti) is revoked.
using Revocations = std::function<Result<bool>(const std::string& id)>;
struct RevocationList {
  std::string mesh;  // "" is a global secret
  std::string name;
};
// IDs separated by commas in the data of secrets; any of the lists counts, missing ones are empty.
Revocations RevocationsOfSecrets(SecretSource secrets, std::vector<RevocationList> lists);

struct ValidatorOptions {
  std::vector<KeyAccessor> keys;  // tried in this order
  Revocations revocations;
  // Adds to errors that a control plane with an in-memory store forgets keys when it restarts.
  bool memory_store = false;
};

class Validator {
 public:
  Validator(ValidatorOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {}

  // The claims of a valid token. Errors are kUnauthorized, a missing signing key too.
  Result<Json> Validate(std::string_view token) const;
  Result<DataplaneIdentity> ValidateDataplane(std::string_view token) const;
  Result<ZoneIdentity> ValidateZone(std::string_view token) const;
  Result<UserIdentity> ValidateUser(std::string_view token) const;

 private:
  const ValidatorOptions options_;
  const Clock& clock_;
};

// From the configuration of one kind of token.
struct ValidatorSettings {
  std::vector<PublicKeyText> public_keys;
  bool use_secrets = true;
  bool memory_store = false;
};
// `public_keys` are those of the mesh and those of no mesh.
Result<Validator> MakeDataplaneTokenValidator(const std::string& mesh, const ValidatorSettings& settings, const SecretSource& secrets, const Clock& clock);
// A zone of a multi-zone deployment has only public keys.
Result<Validator> MakeZoneTokenValidator(bool federated_zone, const ValidatorSettings& settings, const SecretSource& secrets, const Clock& clock);
Result<Validator> MakeUserTokenValidator(const ValidatorSettings& settings, const SecretSource& secrets, const Clock& clock);

}  // namespace kuma::tokens
