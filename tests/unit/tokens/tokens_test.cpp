#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/tokens/authentication.h"
#include "pkg/tokens/issuer.h"
#include "pkg/tokens/validator.h"

namespace kuma::tokens {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

struct FixedClock : Clock {
  SystemTime now = SystemTime(seconds(1'800'000'000));
  SystemTime Now() const override { return now; }
  MonotonicTime Monotonic() const override { return {}; }
};

struct Secrets {
  std::map<std::pair<std::string, std::string>, std::string> data;
  SecretSource Source() {
    return {[this](const std::string& mesh, const std::string& name) -> Result<std::optional<std::string>> {
              const auto found = data.find({mesh, name});
              if (found == data.end()) return std::optional<std::string>();
              return std::optional<std::string>(found->second);
            },
            [this](const std::string& mesh, const std::string& prefix) -> Result<std::vector<NamedSecret>> {
              std::vector<NamedSecret> list;
              for (const auto& [key, value] : data) {
                if (key.first == mesh && key.second.starts_with(prefix)) list.push_back({key.second, value});
              }
              return list;
            }};
  }
};

template <typename T>
T Must(Result<T> result) {
  INFO((result.ok() ? std::string() : result.error().ToString()));
  REQUIRE(result.ok());
  return *std::move(result);
}

// Keys are slow to make; tests share two.
const std::string& KeyText(size_t index) {
  static const std::string keys[] = {Must(NewSigningKeyData()), Must(NewSigningKeyData())};
  return keys[index];
}

struct Fixture {
  FixedClock clock;
  Secrets secrets;
  Fixture() { secrets.data[{"demo", DataplaneSigningKeyName("demo", "1")}] = KeyText(0); }
  Issuer MakeIssuer() { return {LatestOf(secrets.Source(), DataplaneSigningKeyPrefix("demo"), "demo"), clock, RealRandom()}; }
  Validator MakeValidator(ValidatorSettings settings = {}) {
    return Must(MakeDataplaneTokenValidator("demo", settings, secrets.Source(), clock));
  }
};

const DataplaneIdentity kIdentity{"web-1", "demo", {{"kuma.io/service", {"web", "web-api"}}}, "dataplane", "web"};

Json PartOf(const std::string& token, size_t index) { return Must(ParseJson(Must(Base64UrlDecode(Split(token, '.').at(index))))); }

std::string Join3(const std::string& header, const std::string& claims, const std::string& signature) {
  return Base64UrlEncode(header) + "." + Base64UrlEncode(claims) + "." + Base64UrlEncode(signature);
}

TEST_CASE_METHOD(Fixture, "a token carries its claims") {
  const std::string token = Must(MakeIssuer().Issue(kIdentity.ToClaims(), hours(1)));
  CHECK(PartOf(token, 0) == Json{{"alg", "RS256"}, {"kid", "1"}, {"typ", "JWT"}});
  Json claims = PartOf(token, 1);
  CHECK(claims["jti"].get<std::string>().size() == 36);
  claims.erase("jti");
  CHECK(claims == Json{{"Name", "web-1"}, {"Mesh", "demo"}, {"Tags", {{"kuma.io/service", {"web", "web-api"}}}}, {"Type", "dataplane"},
                       {"Workload", "web"}, {"iat", 1'799'999'995}, {"nbf", 1'799'999'995}, {"exp", 1'800'003'600}});
  const DataplaneIdentity identity = Must(MakeValidator().ValidateDataplane(token));
  CHECK(identity.ToClaims() == kIdentity.ToClaims());
}

TEST_CASE_METHOD(Fixture, "the newest key signs and old ones still verify") {
  const std::string old_token = Must(MakeIssuer().Issue(Json::object(), hours(1)));
  secrets.data[{"demo", DataplaneSigningKeyName("demo", "2")}] = KeyText(1);
  secrets.data[{"demo", DataplaneSigningKeyName("demo", "10")}] = KeyText(0);
  const std::string token = Must(MakeIssuer().Issue(Json::object(), hours(1)));
  CHECK(PartOf(token, 0)["kid"] == "10");
  CHECK(MakeValidator().Validate(old_token).ok());
  secrets.data.erase({"demo", DataplaneSigningKeyName("demo", "1")});
  CHECK(MakeValidator({{}, true, true}).Validate(old_token).error().message ==
        "there is no signing key with KID 1. Secret of name \"dataplane-token-signing-key-demo-1\" in mesh \"demo\" is not found. "
        "If signing key was rotated, regenerate the token");
  secrets.data.clear();
  CHECK(MakeIssuer().Issue(Json::object(), hours(1)).error().code == ErrorCode::kNotFound);
}

TEST_CASE_METHOD(Fixture, "times and revocation") {
  const std::string token = Must(MakeIssuer().Issue(Json::object(), hours(1)));
  const std::string id = PartOf(token, 1)["jti"];
  const Validator validator = MakeValidator();
  clock.now += seconds(3599);
  CHECK(validator.Validate(token).ok());
  clock.now += seconds(1);
  CHECK(validator.Validate(token).error().message == "could not parse token: token has invalid claims: token is expired");
  clock.now -= seconds(3606);
  CHECK(validator.Validate(token).error().message ==
        "token is not yet valid: 'valid_from' date is in the future. Check if the system clock on the instance that issued the token is set correctly: "
        "token has invalid claims: token is not valid yet");
  clock.now += seconds(1);
  CHECK(validator.Validate(token).ok());
  for (const char* mesh : {"", "demo"}) {
    secrets.data[{mesh, "dataplane-token-revocations-demo"}] = "other," + id + "\n";
    CHECK(validator.Validate(token).error().message == "token is revoked");
    secrets.data[{mesh, "dataplane-token-revocations-demo"}] = "other";
    CHECK(validator.Validate(token).ok());
  }
}

TEST_CASE_METHOD(Fixture, "forged and broken tokens") {
  const std::string token = Must(MakeIssuer().Issue(Json::object(), hours(1)));
  const std::vector<std::string> parts = Split(token, '.');
  const std::string public_pem = Must(PublicKeyOf(KeyText(0)));
  const std::string hs_input = Base64UrlEncode(R"({"alg":"HS256","kid":"1"})") + "." + Base64UrlEncode("{}");
  const std::string lookup = "could not parse token: token is unverifiable: error while executing keyfunc: ";
  const std::pair<std::string, std::string> cases[] = {
      {"", "could not parse token: token is malformed: token contains an invalid number of segments"},
      {"a.b", "could not parse token: token is malformed: token contains an invalid number of segments"},
      {"a.b.c.d", "could not parse token: token is malformed: token contains an invalid number of segments"},
      {std::string(20000, 'a'), "could not parse token: token is malformed: it is longer than 16384 bytes"},
      {parts[0] + "." + parts[1] + "=." + parts[2], "could not parse token: token is malformed: could not base64 decode claim: illegal base64 data"},
      {Join3("[]", "{}", ""), "could not parse token: token is malformed: could not JSON decode header: not an object"},
      {parts[0] + "." + Base64UrlEncode("{}") + "." + parts[2], "could not parse token: token signature is invalid: crypto/rsa: verification error"},
      {parts[0] + "." + parts[1] + ".", "could not parse token: token signature is invalid: crypto/rsa: verification error"},
      {Join3(R"({"alg":"none","kid":"1"})", "{}", ""), lookup + "unsupported token alg none. Allowed algorithms are RS256 and HS256"},
      {Join3(R"({"alg":"RS512","kid":"1"})", "{}", "x"), lookup + "unsupported token alg RS512. Allowed algorithms are RS256 and HS256"},
      {Join3(R"({"alg":["RS256"],"kid":"1"})", "{}", "x"), "could not parse token: token is unverifiable: signing method (alg) is unspecified"},
      {Join3(R"({"alg":"RS256"})", "{}", "x"), lookup + "JWT token must have kid header"},
      {Join3(R"({"alg":"HS256","kid":1337})", "{}", "x"), lookup + "JWT token kid header must be a string"},
      // The public key as the secret of HS256.
      {hs_input + "." + Base64UrlEncode(HmacSha256(public_pem, hs_input)),
       "there is no signing key with KID 0. Secret of name \"dataplane-token-signing-key-demo\" in mesh \"demo\" is not found. "
       "If signing key was rotated, regenerate the token"},
  };
  for (const auto& [text, message] : cases) {
    const Result<Json> claims = MakeValidator().Validate(text);
    REQUIRE_FALSE(claims.ok());
    CHECK(claims.error().message == message);
    CHECK(claims.error().code == ErrorCode::kUnauthorized);
  }
  secrets.data[{"demo", "dataplane-token-signing-key-demo"}] = "old-key";
  CHECK(MakeValidator().Validate(hs_input + "." + Base64UrlEncode(HmacSha256("old-key", hs_input))).ok());
  CHECK(MakeValidator().Validate(hs_input + "." + Base64UrlEncode(HmacSha256("", hs_input))).error().message ==
        "could not parse token: token signature is invalid: signature is invalid");
  CHECK(MakeValidator({{}, true, true}).Validate("x").error().message.starts_with("could not parse token. kuma-cp runs with an in-memory database"));
}

TEST_CASE_METHOD(Fixture, "claims of wrong types") {
  const std::string start = "could not parse token: token is malformed: claim ";
  const std::pair<Json, std::string> dataplanes[] = {
      {{{"Name", 1}}, "Name must be a string"},
      {{{"Mesh", Json::array()}}, "Mesh must be a string"},
      {{{"Type", true}}, "Type must be a string"},
      {{{"Workload", Json::object()}}, "Workload must be a string"},
      {{{"Tags", {1}}}, "Tags must be an object of lists of strings"},
      {{{"Tags", {{"a", "b"}}}}, "Tags must be a list of strings"},
      {{{"Tags", {{"a", {1}}}}}, "Tags must be a list of strings"},
  };
  for (const auto& [claims, message] : dataplanes) {
    CHECK(MakeValidator().ValidateDataplane(Must(MakeIssuer().Issue(claims, hours(1)))).error().message == start + message);
  }
  const std::pair<Json, std::string> users[] = {{{{"Name", 1}}, "Name must be a string"}, {{{"Groups", "a"}}, "Groups must be a list of strings"}};
  for (const auto& [claims, message] : users) {
    CHECK(MakeValidator().ValidateUser(Must(MakeIssuer().Issue(claims, hours(1)))).error().message == start + message);
  }
  const std::pair<Json, std::string> zones[] = {{{{"Zone", 1}}, "Zone must be a string"}, {{{"Scope", {1}}}, "Scope must be a list of strings"}};
  for (const auto& [claims, message] : zones) {
    CHECK(MakeValidator().ValidateZone(Must(MakeIssuer().Issue(claims, hours(1)))).error().message == start + message);
  }
  // Times are the issuer's, so they are forged with the key of old tokens.
  secrets.data[{"demo", "dataplane-token-signing-key-demo"}] = "old-key";
  for (const char* claim : {"exp", "nbf"}) {
    const std::string input = Base64UrlEncode(R"({"alg":"HS256","kid":"0"})") + "." + Base64UrlEncode(std::string("{\"") + claim + "\":\"x\"}");
    CHECK(MakeValidator().Validate(input + "." + Base64UrlEncode(HmacSha256("old-key", input))).error().message == start + claim + " must be a number");
  }
}

TEST_CASE_METHOD(Fixture, "offline keys and keys of the configuration") {
  const std::string path = std::filesystem::temp_directory_path() / ("kuma-tokens-test-" + std::to_string(getpid()) + ".pem");
  REQUIRE(WriteFileAtomic(path, KeyText(1), 0600).ok());
  const Issuer issuer(KeyOfFile(path, "my-key"), clock, RealRandom());
  const std::string token = Must(issuer.Issue(UserIdentity{"john", {"team"}}.ToClaims(), hours(1)));
  const ValidatorSettings settings{{{"my-key", Must(PublicKeyOf(KeyText(1)))}}, false, false};
  const UserIdentity user = Must(Must(MakeUserTokenValidator(settings, secrets.Source(), clock)).ValidateUser(token));
  CHECK(user.ToString() == "john/team");
  CHECK(user.Authenticated().groups == std::vector<std::string>{"team", "mesh-system:authenticated"});
  CHECK(Must(MakeUserTokenValidator({{}, true, false}, secrets.Source(), clock)).Validate(token).error().message ==
        "there is no signing key with KID my-key. GlobalSecret of name \"user-token-signing-key-my-key\" is not found. "
        "If signing key was rotated, regenerate the token");
  const auto refusal = [&](const std::vector<PublicKeyText>& keys) {
    return Must(MakeUserTokenValidator({keys, false, false}, secrets.Source(), clock)).Validate(token).error().message;
  };
  const std::string not_configured =
      "there is no signing key with KID my-key. It is not among the public keys of the configuration. If signing key was rotated, regenerate the token";
  CHECK(refusal({}) == not_configured);
  CHECK(refusal({{"other", Must(PublicKeyOf(KeyText(1)))}}) == not_configured);
  REQUIRE(WriteFileAtomic(path, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").ok());
  CHECK(issuer.Issue(Json::object(), hours(1)).error().message == "invalid key encoding \"PRIVATE KEY\"");
  std::filesystem::remove(path);
  CHECK(Contains(MakeUserTokenValidator({{{"1", "no key"}}, true, false}, secrets.Source(), clock).error().message, "invalid key encoding \"\""));
}

TEST_CASE("texts that are no keys") {
  const std::string broken = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n";
  CHECK(RsaKey::FromPrivatePem(broken).error().message == "the data is no RSA private key");
  CHECK(RsaKey::FromPrivatePem("x").error().message == "invalid key encoding \"\"");
  CHECK(RsaKey::FromPublicPem("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n").error().message == "the data is no RSA public key");
}

TEST_CASE_METHOD(Fixture, "zones verify with the public key only") {
  secrets.data[{"", ZoneSigningKeyName("1")}] = KeyText(0);
  const Issuer issuer(LatestOf(secrets.Source(), kZoneSigningKeyPrefix, ""), clock, RealRandom());
  const std::string token = Must(issuer.Issue(ZoneIdentity{"east", {"egress"}}.ToClaims(), hours(1)));
  secrets.data.clear();
  secrets.data[{"", "zone-token-signing-public-key-1"}] = Must(PublicKeyOf(KeyText(0)));
  const ZoneIdentity zone = Must(Must(MakeZoneTokenValidator(true, {}, secrets.Source(), clock)).ValidateZone(token));
  const std::string old = Base64UrlEncode(R"({"alg":"HS256","kid":"0"})") + "." + Base64UrlEncode("{}") + ".";
  CHECK(Must(MakeZoneTokenValidator(true, {}, secrets.Source(), clock)).ValidateZone(old).error().message ==
        "could not parse token: token is unverifiable: error while executing keyfunc: legacy key are not supported");
  CHECK(CheckZoneProxy(zone, kEgressScope, "east").ok());
  CHECK(CheckZoneProxy(zone, kIngressScope, "east").error().message ==
        "token cannot be used to authenticate zone entity (ingress is out of token's scope: [egress])");
  CHECK(CheckZoneProxy(zone, kEgressScope, "west").error().message == "zone from requestor: west is different than in token: east");
}

TEST_CASE("a token binds a dataplane") {
  const DataplaneFacts proxy{"web-1", "demo", {{"kuma.io/service", {"web", "web-api"}}, {"version", {"1"}}}, "web"};
  DataplaneFacts unlabelled = proxy;
  unlabelled.workload.reset();
  struct Case {
    DataplaneIdentity token;
    DataplaneFacts proxy;
    const char* message;  // "" is allowed
  };
  const Case cases[] = {
      {{}, unlabelled, ""},
      {kIdentity, proxy, ""},
      {{"web-2", "", {}, "", "web"}, proxy, "proxy name from requestor: web-1 is different than in token: web-2"},
      {{"", "other", {}, "", "web"}, proxy, "proxy mesh from requestor: demo is different than in token: other"},
      {{"", "", {{"team", {"a"}}}, "", "web"}, proxy, "dataplane has no tag \"team\" required by the token"},
      {{"", "", {{"kuma.io/service", {"web", "x"}}}, "", "web"}, proxy,
       "dataplane contains tag \"kuma.io/service\" with value \"web-api\" which is not allowed with this token. Allowed values in token are [\"web\" \"x\"]"},
      {{"", "", {}, "", "web"}, unlabelled, "dataplane has no workload label required by the token"},
      {{"", "", {}, "", "db"}, proxy, "dataplane workload \"web\" is not allowed with this token. Allowed workload in token is \"db\""},
      {{}, proxy, "dataplane with \"kuma.io/workload\" label \"web\" derives its identity from the workload, so it requires a workload-bound token"},
  };
  for (const Case& c : cases) {
    const Status status = CheckDataplane(c.token, c.proxy, []() -> Result<bool> { return true; });
    CHECK((status.ok() ? "" : status.error().message) == c.message);
  }
  CHECK(CheckDataplane({}, proxy, []() -> Result<bool> { return false; }).ok());
}

}  // namespace
}  // namespace kuma::tokens
