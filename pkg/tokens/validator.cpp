#include "pkg/tokens/validator.h"

#include <algorithm>
#include <cmath>

#include "pkg/base/strings.h"

namespace kuma::tokens {
namespace {

struct Parts {
  Json header;
  Json claims;
  std::string_view signed_text;
  std::string signature;
};

Error Malformed(const std::string& why) { return Invalid("token is malformed: " + why); }
Error Unverifiable(const std::string& why) { return Invalid("token is unverifiable: " + why); }

// Base64 of JWTs has no padding (RFC 7515, 2) and no line breaks.
Result<std::string> DecodePart(std::string_view part, const char* name) {
  const bool clean = std::all_of(part.begin(), part.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
  Result<std::string> bytes = clean ? Base64UrlDecode(part) : Invalid("illegal base64 data");
  if (!bytes.ok()) return Malformed(std::string("could not base64 decode ") + name + ": " + bytes.error().message);
  return bytes;
}

Result<Json> DecodeObject(std::string_view part, const char* name) {
  KUMA_TRY_ASSIGN(const std::string text, DecodePart(part, name));
  Result<Json> json = ParseJson(text);
  if (!json.ok()) return Malformed(std::string("could not JSON decode ") + name + ": " + json.error().message);
  if (!json->is_object()) return Malformed(std::string("could not JSON decode ") + name + ": not an object");
  return json;
}

Result<Parts> SplitToken(std::string_view token) {
  if (token.size() > kMaxTokenBytes) return Malformed("it is longer than " + std::to_string(kMaxTokenBytes) + " bytes");
  const size_t first = token.find('.');
  const size_t last = token.rfind('.');
  if (first == std::string_view::npos || last == first || token.find('.', first + 1) != last) {
    return Malformed("token contains an invalid number of segments");
  }
  Parts parts;
  parts.signed_text = token.substr(0, last);
  KUMA_TRY_ASSIGN(parts.header, DecodeObject(token.substr(0, first), "header"));
  KUMA_TRY_ASSIGN(parts.claims, DecodeObject(token.substr(first + 1, last - first - 1), "claim"));
  KUMA_TRY_ASSIGN(parts.signature, DecodePart(token.substr(last + 1), "signature"));
  return parts;
}

// The first key found; when there is none, the error of the accessor asked last.
template <typename Key>
Result<Key> FirstKey(const std::vector<KeyAccessor>& accessors, const std::function<Result<Key>(const KeyAccessor&)>& find) {
  Error error;  // there is always an accessor, that of the configuration
  for (const KeyAccessor& accessor : accessors) {
    Result<Key> key = find(accessor);
    if (key.ok()) return key;
    error = std::move(key).error();
  }
  return error;
}

Status VerifySignature(const Parts& parts, const std::vector<KeyAccessor>& accessors) {
  const std::string in_key_lookup = "error while executing keyfunc: ";
  const Json& alg = Get(parts.header, "alg");
  if (!alg.is_string()) return Unverifiable("signing method (alg) is unspecified");
  const Json& kid = Get(parts.header, "kid");
  if (!parts.header.contains("kid")) return Unverifiable(in_key_lookup + "JWT token must have kid header");
  if (!kid.is_string()) return Unverifiable(in_key_lookup + "JWT token kid header must be a string");
  const auto lookup_error = [&](Error error) {
    if (error.code == ErrorCode::kNotFound) return error;
    return Unverifiable(in_key_lookup + error.message);
  };
  if (alg == "RS256") {
    const Result<RsaKey> key = FirstKey<RsaKey>(accessors, [&](const KeyAccessor& a) { return a.public_key(kid.get_ref<const std::string&>()); });
    if (!key.ok()) return lookup_error(key.error());
    if (!key->Verify(parts.signed_text, parts.signature)) return Invalid("token signature is invalid: crypto/rsa: verification error");
    return Ok();
  }
  if (alg == "HS256") {
    const Result<std::string> key = FirstKey<std::string>(accessors, [](const KeyAccessor& a) { return a.legacy_key(); });
    if (!key.ok()) return lookup_error(key.error());
    const bool valid = !key->empty() && ConstantTimeEqual(HmacSha256(*key, parts.signed_text), parts.signature);
    if (!valid) return Invalid("token signature is invalid: signature is invalid");
    return Ok();
  }
  return Unverifiable(in_key_lookup + "unsupported token alg " + alg.get<std::string>() + ". Allowed algorithms are RS256 and HS256");
}

// Seconds since 1970; nothing when the claim is missing.
Result<std::optional<double>> ReadDate(const Json& claims, const char* name) {
  const Json& date = Get(claims, name);
  if (date.is_null()) return std::optional<double>();
  if (!date.is_number()) return Malformed(std::string("claim ") + name + " must be a number");
  return std::optional<double>(date.get<double>());
}

struct TimeCheck {
  bool expired = false;
  bool not_yet = false;
};

Result<TimeCheck> CheckTimes(const Json& claims, SystemTime now) {
  const double seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  KUMA_TRY_ASSIGN(const std::optional<double> expires, ReadDate(claims, "exp"));
  KUMA_TRY_ASSIGN(const std::optional<double> begins, ReadDate(claims, "nbf"));
  return TimeCheck{expires.has_value() && !(seconds < *expires), begins.has_value() && !(seconds >= *begins)};
}

Error Unauthorized(std::string message) { return MakeError(ErrorCode::kUnauthorized, std::move(message)); }

template <typename Identity>
Result<Identity> IdentityOf(const Result<Json>& claims) {
  if (!claims.ok()) return claims.error();
  Result<Identity> identity = Identity::FromClaims(*claims);
  if (!identity.ok()) return Unauthorized("could not parse token: " + identity.error().message);
  return identity;
}

Result<std::vector<KeyAccessor>> Accessors(const ValidatorSettings& settings, KeyAccessor stored) {
  KUMA_TRY_ASSIGN(KeyAccessor configured, KeysOfConfig(settings.public_keys));
  std::vector<KeyAccessor> accessors;
  accessors.push_back(std::move(configured));
  if (settings.use_secrets) accessors.push_back(std::move(stored));
  return accessors;
}

}  // namespace

Revocations RevocationsOfSecrets(SecretSource secrets, std::vector<RevocationList> lists) {
  return [secrets = std::move(secrets), lists = std::move(lists)](const std::string& id) -> Result<bool> {
    for (const RevocationList& list : lists) {
      KUMA_TRY_ASSIGN(const std::optional<std::string> data, secrets.find(list.mesh, list.name));
      if (!data.has_value() || data->empty()) continue;
      for (const std::string& revoked : Split(*data, ',')) {
        if (Trim(revoked) == id) return true;
      }
    }
    return false;
  };
}

Result<Json> Validator::Validate(std::string_view token) const {
  // Keeps the reference's order: signature first, so that nobody learns about times of a token they did not get.
  const auto describe = [this](const Error& error) {
    if (error.code == ErrorCode::kNotFound) return Unauthorized(error.message);
    std::string prefix = "could not parse token";
    if (options_.memory_store) {
      prefix += ". kuma-cp runs with an in-memory database and its state isn't preserved between restarts."
                " Keep in mind that an in-memory database cannot be used with multiple instances of the control plane";
    }
    return Unauthorized(prefix + ": " + error.message);
  };
  Result<Parts> parts = SplitToken(token);
  if (!parts.ok()) return describe(parts.error());
  if (const Status signature = VerifySignature(*parts, options_.keys); !signature.ok()) return describe(signature.error());
  const Result<TimeCheck> times = CheckTimes(parts->claims, clock_.Now());
  if (!times.ok()) return describe(times.error());
  if (times->not_yet) {
    return Unauthorized(
        "token is not yet valid: 'valid_from' date is in the future."
        " Check if the system clock on the instance that issued the token is set correctly: token has invalid claims: token is not valid yet");
  }
  if (times->expired) return describe(Invalid("token has invalid claims: token is expired"));
  if (options_.revocations) {
    const Result<bool> revoked = options_.revocations(GetString(parts->claims, "jti"));
    if (!revoked.ok()) {
      // Not the token's fault: the store's code stays.
      Error error = revoked.error();
      error.message = "could not check if the token is revoked: " + error.message;
      return error;
    }
    if (*revoked) return Unauthorized("token is revoked");
  }
  return std::move(parts->claims);
}

Result<DataplaneIdentity> Validator::ValidateDataplane(std::string_view token) const { return IdentityOf<DataplaneIdentity>(Validate(token)); }
Result<ZoneIdentity> Validator::ValidateZone(std::string_view token) const { return IdentityOf<ZoneIdentity>(Validate(token)); }
Result<UserIdentity> Validator::ValidateUser(std::string_view token) const { return IdentityOf<UserIdentity>(Validate(token)); }

Result<Validator> MakeDataplaneTokenValidator(const std::string& mesh, const ValidatorSettings& settings, const SecretSource& secrets, const Clock& clock) {
  ValidatorOptions options;
  KUMA_TRY_ASSIGN(options.keys, Accessors(settings, KeysOfSecrets(secrets, DataplaneSigningKeyPrefix(mesh), mesh)));
  // The documentation puts the list into the mesh, the reference reads a global secret: both count.
  options.revocations = RevocationsOfSecrets(secrets, {{mesh, DataplaneRevocations(mesh)}, {"", DataplaneRevocations(mesh)}});
  options.memory_store = settings.memory_store;
  return Validator(std::move(options), clock);
}

Result<Validator> MakeZoneTokenValidator(bool federated_zone, const ValidatorSettings& settings, const SecretSource& secrets, const Clock& clock) {
  ValidatorOptions options;
  KUMA_TRY_ASSIGN(options.keys, Accessors(settings, federated_zone ? KeysOfPublicSecrets(secrets, kZonePublicKeyPrefix)
                                                                   : KeysOfSecrets(secrets, kZoneSigningKeyPrefix, "")));
  options.revocations = RevocationsOfSecrets(secrets, {{"", kZoneRevocations}});
  options.memory_store = settings.memory_store;
  return Validator(std::move(options), clock);
}

Result<Validator> MakeUserTokenValidator(const ValidatorSettings& settings, const SecretSource& secrets, const Clock& clock) {
  ValidatorOptions options;
  KUMA_TRY_ASSIGN(options.keys, Accessors(settings, KeysOfSecrets(secrets, kUserSigningKeyPrefix, "")));
  options.revocations = RevocationsOfSecrets(secrets, {{"", kUserRevocations}});
  options.memory_store = settings.memory_store;
  return Validator(std::move(options), clock);
}

}  // namespace kuma::tokens
