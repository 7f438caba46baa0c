#include <algorithm>
#include <set>

#include "pkg/policy/mesh_http_route/spec.h"
#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"

namespace kuma::policy {
namespace {

// A name that conversions from the Gateway API use for destinations that do not exist.
constexpr const char* kUnresolvedBackend = "kuma.io/unresolved-backend";

void CheckPath(Checker& checker, const Path& path, const Json& match) {
  if (match.is_null()) return;
  const std::string type = GetString(match, "type");
  const std::string value = GetString(match, "value");
  const Path at = path.Field("value");
  if (type == "PathPrefix" && value != "/" && value.ends_with("/")) {
    checker.Add(at, "does not need a trailing slash because only a `/`-separated prefix or an entire path is matched");
  }
  if ((type == "PathPrefix" || type == "Exact") && !value.starts_with("/")) checker.Add(at, "must be an absolute path");
}

void CheckRequestMatch(Checker& checker, const Path& path, const Json& match) {
  CheckPath(checker, path.Field("path"), Get(match, "path"));
  const Json& query = ListOf(match, "queryParams");
  std::set<std::string> names;
  for (size_t i = 0; i < query.size(); ++i) {
    const std::string name = GetString(query[i], "name");
    if (!names.insert(name).second) checker.Add(path.Field("queryParams").Index(i).Field("name"), "multiple entries for name " + name);
  }
  const Json& headers = ListOf(match, "headers");
  for (size_t i = 0; i < headers.size(); ++i) {
    const std::string type = GetString(headers[i], "type", "Exact");
    if ((type == "Present" || type == "Absent") && !GetString(headers[i], "value").empty()) {
      checker.Add(path.Field("headers").Index(i).Field("value"), std::string(resources::kMustNotBeDefined));
    }
  }
}

void CheckHeaders(Checker& checker, const Path& path, const Json& modifier) {
  if (modifier.is_null()) {
    checker.Add(path, std::string(resources::kMustBeDefined));
    return;
  }
  static const std::vector<std::string> kLists = {"set", "add", "remove"};
  if (std::all_of(kLists.begin(), kLists.end(), [&](const std::string& list) { return Get(modifier, list).is_null(); })) {
    checker.Add(path, resources::MustHaveAtLeastOne(kLists));
    return;
  }
  std::set<std::string> names;
  for (const std::string& list : kLists) {
    const Json& items = ListOf(modifier, list);
    for (size_t i = 0; i < items.size(); ++i) {
      const std::string name = items[i].is_string() ? items[i].get<std::string>() : GetString(items[i], "name");
      if (!names.insert(name).second) checker.Add(path.Field(list).Index(i).Field("name"), "duplicate header name");
    }
  }
}

void CheckHostname(Checker& checker, const Path& path, const Json& hostname) {
  // All else about names is in the schema's pattern.
  if (hostname.is_string() && resources::IsIp(hostname.get<std::string>())) checker.Add(path, "cannot be an IP address");
}

bool AnyMatchWithoutPrefix(const Json& matches) {
  return std::any_of(matches.begin(), matches.end(),
                     [](const Json& match) { return GetString(Get(match, "path"), "type") != "PathPrefix"; });
}

// What redirects and rewrites have in common.
void CheckNewUrl(Checker& checker, const Path& path, const Json& change, const Json& matches) {
  if (!Get(Get(change, "path"), "replacePrefixMatch").is_null() && AnyMatchWithoutPrefix(matches)) {
    checker.Add(path.Field("path").Field("replacePrefixMatch"), "can only appear if all matches match a path prefix");
  }
  CheckHostname(checker, path.Field("hostname"), Get(change, "hostname"));
}

void CheckFilter(Checker& checker, const Path& path, const Json& filter, const Json& matches, bool by_gateway) {
  const std::string type = GetString(filter, "type");
  const auto part = [&](std::string_view name) -> const Json& {
    const Json& conf = Get(filter, name);
    if (conf.is_null()) checker.Add(path.Field(name), std::string(resources::kMustBeDefined));
    return conf;
  };
  if (type == "RequestHeaderModifier") {
    CheckHeaders(checker, path.Field("requestHeaderModifier"), Get(filter, "requestHeaderModifier"));
  } else if (type == "ResponseHeaderModifier") {
    CheckHeaders(checker, path.Field("responseHeaderModifier"), Get(filter, "responseHeaderModifier"));
  } else if (type == "RequestRedirect") {
    const Json& redirect = part("requestRedirect");
    if (!redirect.is_null()) CheckNewUrl(checker, path.Field("requestRedirect"), redirect, matches);
  } else if (type == "URLRewrite") {
    const Json& rewrite = part("urlRewrite");
    if (rewrite.is_null()) return;
    CheckNewUrl(checker, path.Field("urlRewrite"), rewrite, matches);
    if (GetBool(rewrite, "hostToBackendHostname")) {
      const Path at = path.Field("urlRewrite").Field("hostToBackendHostname");
      if (!by_gateway) checker.Add(at, "can only be set with MeshGateway");
      if (!Get(rewrite, "hostname").is_null()) checker.Add(at, "cannot be set together with hostname");
    }
  } else if (type == "RequestMirror") {
    const Json& mirror = part("requestMirror");
    if (mirror.is_null()) return;
    CheckTargetRef(checker, path.Field("requestMirror").Field("backendRef"), Get(mirror, "backendRef"),
                   {.kinds = {"MeshService", "MeshServiceSubset"}});
  }
}

void CheckRule(Checker& checker, const Path& path, const Json& rule, bool by_gateway) {
  const Json& matches = ListOf(rule, "matches");
  for (size_t i = 0; i < matches.size(); ++i) CheckRequestMatch(checker, path.Field("matches").Index(i), matches[i]);
  const Json& conf = Get(rule, "default");
  const Path of_conf = path.Field("default");
  const Json& filters = ListOf(conf, "filters");
  for (size_t i = 0; i < filters.size(); ++i) CheckFilter(checker, of_conf.Field("filters").Index(i), filters[i], matches, by_gateway);

  const Json& backends = ListOf(conf, "backendRefs");
  const bool redirects =
      std::any_of(filters.begin(), filters.end(), [](const Json& filter) { return GetString(filter, "type") == "RequestRedirect"; });
  if (backends.empty() && by_gateway && !redirects) checker.Add(of_conf.Field("backendRefs"), std::string(resources::kMustNotBeEmpty));
  const TargetRefRules rules{.kinds = {"MeshService", "MeshServiceSubset", "MeshExternalService", "MeshMultiZoneService"},
                             .any_name_of = {kUnresolvedBackend}};
  for (size_t i = 0; i < backends.size(); ++i) CheckBackendRef(checker, of_conf.Field("backendRefs").Index(i), backends[i], rules);
}

}  // namespace

void ValidateMeshHTTPRoute(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  CheckTop(checker, policy, {.kinds = ProxyAndGatewayKinds(), .kinds_of_applications = ProxyKinds(), .gateway_tags = true});
  const bool by_gateway = TopKind(policy.spec) == "MeshGateway";
  TargetRefRules targets{.kinds = {"MeshService", "MeshExternalService", "MeshMultiZoneService"}};
  if (by_gateway) targets.kinds = {"Mesh"};
  const Json& to = ListOf(policy.spec, "to");
  for (size_t i = 0; i < to.size(); ++i) {
    const Path at = Path("spec").Field("to").Index(i);
    CheckTargetRef(checker, at.Field("targetRef"), Get(to[i], "targetRef"), targets);
    const Json& rules = ListOf(to[i], "rules");
    for (size_t k = 0; k < rules.size(); ++k) CheckRule(checker, at.Field("rules").Index(k), rules[k], by_gateway);
    if (!by_gateway && !ListOf(to[i], "hostnames").empty()) checker.Add(at.Field("hostnames"), std::string(resources::kMustNotBeDefined));
  }
}

}  // namespace kuma::policy
