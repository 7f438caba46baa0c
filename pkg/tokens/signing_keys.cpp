#include "pkg/tokens/signing_keys.h"

#include <map>
#include <memory>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"

namespace kuma::tokens {
namespace {

Error Wrap(const char* what, Error error) {
  error.message = std::string(what) + ": " + error.message;
  return error;
}

Result<std::string> FindKeyData(const SecretSource& secrets, const std::string& prefix, const std::string& kid, const std::string& mesh) {
  Result<std::optional<std::string>> data = secrets.find(mesh, SigningKeyName(prefix, kid));
  if (!data.ok()) return Wrap("could not retrieve signing key", std::move(data).error());
  if (!data->has_value()) return SigningKeyNotFound(prefix, kid, mesh);
  return **std::move(data);
}

// The number of a key by its secret's name; nothing when the secret is something else.
std::optional<int64_t> SerialNumber(std::string_view name, std::string_view prefix) {
  if (name == prefix) return 0;
  if (!name.starts_with(prefix) || name[prefix.size()] != '-') return std::nullopt;
  const auto number = ParseInt(name.substr(prefix.size() + 1));
  return number.has_value() && *number >= 0 ? number : std::nullopt;
}

}  // namespace

std::string DataplaneSigningKeyPrefix(std::string_view mesh) { return "dataplane-token-signing-key-" + std::string(mesh); }
std::string DataplaneRevocations(std::string_view mesh) { return "dataplane-token-revocations-" + std::string(mesh); }

std::string SigningKeyName(std::string_view prefix, std::string_view kid) {
  return kid == kLegacyKid ? std::string(prefix) : std::string(prefix) + "-" + std::string(kid);
}

std::string DataplaneSigningKeyName(std::string_view mesh, std::string_view kid) { return SigningKeyName(DataplaneSigningKeyPrefix(mesh), kid); }
std::string ZoneSigningKeyName(std::string_view kid) { return SigningKeyName(kZoneSigningKeyPrefix, kid); }
std::string UserSigningKeyName(std::string_view kid) { return SigningKeyName(kUserSigningKeyPrefix, kid); }

Error SigningKeyNotFound(const std::string& prefix, const std::string& kid, const std::string& mesh) {
  const std::string name = "\"" + SigningKeyName(prefix, kid) + "\"";
  const std::string where = mesh.empty() ? "GlobalSecret of name " + name : "Secret of name " + name + " in mesh \"" + mesh + "\"";
  return NotFound("there is no signing key with KID " + kid + ". " + where + " is not found. If signing key was rotated, regenerate the token");
}

Result<SigningKey> LatestSigningKey(const SecretSource& secrets, const std::string& prefix, const std::string& mesh) {
  Result<std::vector<NamedSecret>> list = secrets.list(mesh, prefix);
  if (!list.ok()) return Wrap("could not retrieve signing key from secret manager", std::move(list).error());
  const NamedSecret* latest = nullptr;
  int64_t highest = -1;
  for (const NamedSecret& secret : *list) {
    const std::optional<int64_t> number = SerialNumber(secret.name, prefix);
    if (!number.has_value() || *number <= highest) continue;
    latest = &secret;
    highest = *number;
  }
  if (latest == nullptr) return SigningKeyNotFound(prefix, kDefaultKid, mesh);
  KUMA_TRY_ASSIGN(RsaKey key, RsaKey::FromPrivateSecret(latest->data));
  return SigningKey{std::move(key), std::to_string(highest)};
}

SigningKeySource LatestOf(SecretSource secrets, std::string prefix, std::string mesh) {
  return [secrets = std::move(secrets), prefix = std::move(prefix), mesh = std::move(mesh)] { return LatestSigningKey(secrets, prefix, mesh); };
}

SigningKeySource KeyOfFile(std::string path, std::string kid) {
  return [path = std::move(path), kid = std::move(kid)]() -> Result<SigningKey> {
    KUMA_TRY_ASSIGN(const std::string pem, ReadFile(path, 1u << 20));
    KUMA_TRY_ASSIGN(RsaKey key, RsaKey::FromPrivatePem(pem));
    return SigningKey{std::move(key), kid};
  };
}

Result<std::string> NewSigningKeyData() {
  KUMA_TRY_ASSIGN(const RsaKey key, RsaKey::Generate());
  return key.PrivatePem();
}

Result<std::string> PublicKeyOf(std::string_view private_key_data) {
  KUMA_TRY_ASSIGN(const RsaKey key, RsaKey::FromPrivateSecret(private_key_data));
  return key.PublicPem();
}

KeyAccessor KeysOfSecrets(SecretSource secrets, std::string prefix, std::string mesh) {
  const auto find = [secrets = std::move(secrets), prefix = std::move(prefix), mesh = std::move(mesh)](const std::string& kid) {
    return FindKeyData(secrets, prefix, kid, mesh);
  };
  return {[find](const std::string& kid) -> Result<RsaKey> {
            KUMA_TRY_ASSIGN(const std::string data, find(kid));
            return RsaKey::FromPrivateSecret(data);
          },
          [find] { return find(kLegacyKid); }};
}

KeyAccessor KeysOfPublicSecrets(SecretSource secrets, std::string prefix) {
  return {[secrets = std::move(secrets), prefix = std::move(prefix)](const std::string& kid) -> Result<RsaKey> {
            KUMA_TRY_ASSIGN(const std::string data, FindKeyData(secrets, prefix, kid, ""));
            return RsaKey::FromPublicSecret(data);
          },
          []() -> Result<std::string> { return Invalid("legacy key are not supported"); }};
}

Result<KeyAccessor> KeysOfConfig(const std::vector<PublicKeyText>& keys) {
  const auto by_kid = std::make_shared<std::map<std::string, RsaKey>>();
  for (const PublicKeyText& text : keys) {
    KUMA_TRY_ASSIGN(RsaKey key, RsaKey::FromPublicPem(text.pem));
    by_kid->insert_or_assign(text.kid, std::move(key));
  }
  return KeyAccessor{[by_kid](const std::string& kid) -> Result<RsaKey> {
                       if (const auto found = by_kid->find(kid); found != by_kid->end()) return found->second;
                       return NotFound("there is no signing key with KID " + kid +
                                       ". It is not among the public keys of the configuration. If signing key was rotated, regenerate the token");
                     },
                     []() -> Result<std::string> { return Invalid("not supported"); }};
}

}  // namespace kuma::tokens
