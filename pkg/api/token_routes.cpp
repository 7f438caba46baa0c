// POST /tokens/{dataplane,zone,user}: a token as plain text.
#include "pkg/api/error.h"
#include "pkg/api/routes.h"
#include "pkg/base/duration.h"
#include "pkg/tokens/issuer.h"

namespace kuma::api {
namespace {

constexpr Nanos kTenYears = std::chrono::hours(24 * 365 * 10);

Answer TokenAnswer(const Result<std::string>& token) {
  constexpr const char* kTitle = "Could not issue a token";
  if (token.ok()) return Answer::Text(token.value());
  const Error& error = token.error();
  if (error.code == ErrorCode::kNotFound) return Fail({404, "Signing Key not found", error.message});
  if (error.code == ErrorCode::kInvalid) return Fail({400, kTitle, error.message, error.violations});
  return Fail(error, kTitle);
}

// Empty bodies and wrong types get a bare 400, as from the reference.
std::optional<Json> ReadBody(const ApiRequest& request) {
  Result<Json> body = ParseJson(request.http.body);
  if (body.ok() && body.value().is_null()) return Json::object();
  if (!body.ok() || !body.value().is_object()) return std::nullopt;
  for (const char* field : {"name", "mesh", "type", "workload", "zone", "validFor"}) {
    const Json& value = Get(body.value(), field);
    if (!value.is_null() && !value.is_string()) return std::nullopt;
  }
  return std::move(body).value();
}

// Nothing when it is no list of texts.
std::optional<std::vector<std::string>> ReadList(const Json& value) {
  std::vector<std::string> list;
  if (value.is_null()) return list;
  if (!value.is_array()) return std::nullopt;
  for (const Json& item : value) {
    if (!item.is_string()) return std::nullopt;
    list.push_back(item.get<std::string>());
  }
  return list;
}

std::optional<Nanos> ReadValidFor(const Json& body, std::vector<Violation>& violations) {
  const std::string text = GetString(body, "validFor");
  if (text.empty()) return std::nullopt;
  const Result<Nanos> parsed = ParseDuration(text);
  if (!parsed.ok()) {
    violations.push_back({"validFor", "is invalid: " + parsed.error().message});
    return Nanos(0);
  }
  return parsed.value();
}

Answer InvalidRequest(std::vector<Violation> violations) { return Fail({400, "Invalid request", "Resource is not valid", std::move(violations)}); }
Answer Denied(const Error& error) { return Fail(error, "Could not issue a token"); }

Answer DataplaneToken(const ApiDeps& deps, const ApiOptions& options, const ApiRequest& request) {
  const std::optional<Json> body = ReadBody(request);
  if (!body.has_value()) return Answer::Empty(400);
  tokens::DataplaneIdentity identity;
  identity.name = GetString(*body, "name");
  identity.mesh = GetString(*body, "mesh");
  identity.type = GetString(*body, "type");
  identity.workload = GetString(*body, "workload");
  const Json& tags = Get(*body, "tags");
  if (!tags.is_null() && !tags.is_object()) return Answer::Empty(400);
  if (tags.is_object()) {
    for (const auto& [key, value] : tags.items()) {
      const std::optional<std::vector<std::string>> values = ReadList(value);
      if (!values.has_value()) return Answer::Empty(400);
      identity.tags[key] = {values->begin(), values->end()};
    }
  }
  std::vector<Violation> violations;
  if (identity.mesh.empty()) violations.push_back({"mesh", "cannot be empty"});
  const std::optional<Nanos> valid_for = ReadValidFor(*body, violations);
  if (!identity.type.empty() && identity.type != "dataplane" && identity.type != "ingress" && identity.type != "egress") {
    violations.push_back({"type", identity.type + " is not a valid proxy type"});
  }
  if (!violations.empty()) return InvalidRequest(std::move(violations));
  if (const Status access = options.access.generate_dataplane_token.Check(request.user, "generate dataplane token"); !access.ok()) return Denied(access.error());
  return TokenAnswer(deps.issuers.dataplane ? deps.issuers.dataplane(identity, valid_for.value_or(kTenYears)) : tokens::IssuerDisabled());
}

Answer ZoneToken(const ApiDeps& deps, const ApiOptions& options, const ApiRequest& request) {
  const std::optional<Json> body = ReadBody(request);
  if (!body.has_value()) return Answer::Empty(400);
  tokens::ZoneIdentity identity;
  identity.zone = GetString(*body, "zone");
  if (const Status access = options.access.generate_zone_token.Check(request.user, "generate zone token for zone '" + identity.zone + "'"); !access.ok()) {
    return Denied(access.error());
  }
  std::vector<Violation> violations;
  const std::optional<std::vector<std::string>> scope = ReadList(Get(*body, "scope"));
  if (!scope.has_value()) return Answer::Empty(400);
  if (Get(*body, "scope").is_null()) violations.push_back({"scope", "cannot be empty"});
  identity.scope = *scope;
  const std::optional<Nanos> valid_for = ReadValidFor(*body, violations);
  if (!violations.empty()) return InvalidRequest(std::move(violations));
  return TokenAnswer(deps.issuers.zone ? deps.issuers.zone(identity, valid_for.value_or(kTenYears)) : tokens::IssuerDisabled());
}

Answer UserToken(const ApiDeps& deps, const ApiOptions& options, const ApiRequest& request) {
  if (!options.access.generate_user_token.Allows(request.user)) return Denied(MakeError(ErrorCode::kForbidden, "action not allowed"));
  const std::optional<Json> body = ReadBody(request);
  if (!body.has_value()) return Answer::Empty(400);
  tokens::UserIdentity identity;
  identity.name = GetString(*body, "name");
  const std::optional<std::vector<std::string>> groups = ReadList(Get(*body, "groups"));
  if (!groups.has_value()) return Answer::Empty(400);
  identity.groups = *groups;
  std::vector<Violation> violations;
  if (identity.name.empty()) violations.push_back({"name", "cannot be empty"});
  const std::optional<Nanos> valid_for = ReadValidFor(*body, violations);
  if (!valid_for.has_value()) {
    violations.push_back({"validFor", "cannot be empty"});
  } else if (*valid_for == Nanos(0)) {
    violations.push_back({"validFor", "cannot be empty or nil"});
  }
  if (!violations.empty()) return InvalidRequest(std::move(violations));
  return TokenAnswer(deps.issuers.user ? deps.issuers.user(identity, *valid_for) : tokens::IssuerDisabled());
}

}  // namespace

void AddTokenRoutes(const RouteContext& context) {
  using Make = Answer (*)(const ApiDeps&, const ApiOptions&, const ApiRequest&);
  const ApiDeps& deps = context.deps;
  const ApiOptions& options = context.options;
  const auto add = [&](const char* path, Make make) {
    context.router.Add({"POST", path, Sync([&deps, &options, make](const ApiRequest& request) { return make(deps, options, request); }), false, nullptr, {}, true});
  };
  add("/tokens/dataplane", &DataplaneToken);
  add("/tokens/zone", &ZoneToken);
  add("/tokens/user", &UserToken);
}

}  // namespace kuma::api
