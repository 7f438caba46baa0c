#include "pkg/tokens/issuer.h"

#include "pkg/base/strings.h"

namespace kuma::tokens {

Result<std::string> Issuer::Issue(Json claims, Nanos valid_for) const {
  using std::chrono::floor;
  using std::chrono::seconds;
  constexpr seconds kClockSkew{5};
  KUMA_TRY_ASSIGN(const SigningKey signer, key_());
  const SystemTime now = clock_.Now();
  const int64_t start = floor<seconds>(now - kClockSkew).time_since_epoch().count();
  claims["jti"] = random_.Uuid();
  claims["iat"] = start;
  claims["nbf"] = start;
  claims["exp"] = floor<seconds>(now + std::chrono::duration_cast<SystemTime::duration>(valid_for)).time_since_epoch().count();
  const Json header{{"alg", "RS256"}, {"kid", signer.kid}, {"typ", "JWT"}};
  const std::string input = Base64UrlEncode(ToJsonText(header)) + "." + Base64UrlEncode(ToJsonText(claims));
  KUMA_TRY_ASSIGN(const std::string signature, signer.key.Sign(input));
  return input + "." + Base64UrlEncode(signature);
}

}  // namespace kuma::tokens
