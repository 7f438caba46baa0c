#include "pkg/policy/mesh_timeout/spec.h"
#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"

namespace kuma::policy {
namespace {

bool AllAbsent(const Json& object, std::initializer_list<std::string_view> fields) {
  for (const std::string_view field : fields) {
    if (!Get(object, field).is_null()) return false;
  }
  return true;
}

void ForbidEach(Checker& checker, const Path& path, const Json& object, std::initializer_list<std::string_view> fields,
                std::string_view message) {
  for (const std::string_view field : fields) CheckAbsent(checker, path.Field(field), Get(object, field), message);
}

void CheckHttp(Checker& checker, const Path& path, const Json& http) {
  if (http.is_null()) return;
  // requestHeadersTimeout alone does not count.
  if (AllAbsent(http, {"requestTimeout", "streamIdleTimeout", "maxStreamDuration", "maxConnectionDuration"})) {
    checker.Add(path, "at least one timeout in this section should be configured");
  }
  for (const std::string_view field :
       {"requestTimeout", "streamIdleTimeout", "maxStreamDuration", "maxConnectionDuration", "requestHeadersTimeout"}) {
    resources::CheckDurationNotNegativeOrNil(checker, path.Field(field), Get(http, field));
  }
}

void CheckConf(Checker& checker, const Path& path, const Json& conf, const std::string& top_kind) {
  if (AllAbsent(conf, {"connectionTimeout", "idleTimeout", "http"})) {
    checker.Add(path, "at least one timeout should be configured");
    return;
  }
  if (top_kind == "MeshHTTPRoute") {
    constexpr std::string_view kMessage = "can't be specified when top-level TargetRef is referencing MeshHTTPRoute";
    ForbidEach(checker, path, conf, {"connectionTimeout", "idleTimeout"}, kMessage);
    ForbidEach(checker, path.Field("http"), Get(conf, "http"), {"maxStreamDuration", "maxConnectionDuration"}, kMessage);
  }
  resources::CheckDurationGreaterThanZeroOrNil(checker, path.Field("connectionTimeout"), Get(conf, "connectionTimeout"));
  resources::CheckDurationNotNegativeOrNil(checker, path.Field("idleTimeout"), Get(conf, "idleTimeout"));
  CheckHttp(checker, path.Field("http"), Get(conf, "http"));
}

void CheckRule(Checker& checker, const Path& path, const Json& rule, const std::string& top_kind) {
  const Json& conf = Get(rule, "default");
  if (CheckConditions(checker, path.Field("matches"), Get(rule, "matches"))) {
    constexpr std::string_view kMessage =
        "can't be specified when matches contain spiffeID because this field cannot be conditioned on source identity";
    ForbidEach(checker, path.Field("default"), conf, {"connectionTimeout", "idleTimeout"}, kMessage);
    ForbidEach(checker, path.Field("default").Field("http"), Get(conf, "http"),
               {"requestHeadersTimeout", "maxStreamDuration", "maxConnectionDuration"}, kMessage);
  }
  CheckConf(checker, path.Field("default"), conf, top_kind);
}

}  // namespace

void ValidateMeshTimeout(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  const Path spec("spec");
  TopRules top{.kinds = ProxyAndGatewayKinds(), .kinds_of_applications = ProxyKinds(), .gateway_tags = true};
  top.kinds.emplace_back("MeshHTTPRoute");
  CheckTop(checker, policy, top);
  CheckRulesStandAlone(checker, policy.spec);
  CheckAnyList(checker, policy.spec);

  const std::string top_kind = TopKind(policy.spec);
  const bool by_gateway = top_kind == "MeshHTTPRoute" || top_kind == "MeshGateway";
  const Json& from = ListOf(policy.spec, "from");
  if (by_gateway && !from.empty()) {
    checker.Add(spec.Field("from"), std::string(resources::kMustNotBeDefined));
  } else {
    for (size_t i = 0; i < from.size(); ++i) {
      const Path at = spec.Field("from").Index(i);
      CheckTargetRef(checker, at.Field("targetRef"), Get(from[i], "targetRef"), {.kinds = {"Mesh"}});
      CheckConf(checker, at.Field("default"), Get(from[i], "default"), top_kind);
    }
  }
  TargetRefRules targets{.kinds = {"Mesh", "MeshExternalService"}};
  if (!by_gateway) targets.kinds = {"Mesh", "MeshService", "MeshExternalService", "MeshMultiZoneService", "MeshHTTPRoute"};
  const Json& to = ListOf(policy.spec, "to");
  for (size_t i = 0; i < to.size(); ++i) {
    const Path at = spec.Field("to").Index(i);
    CheckTargetRef(checker, at.Field("targetRef"), Get(to[i], "targetRef"), targets);
    CheckConf(checker, at.Field("default"), Get(to[i], "default"), top_kind);
  }
  const Json& rules = ListOf(policy.spec, "rules");
  for (size_t i = 0; i < rules.size(); ++i) CheckRule(checker, spec.Field("rules").Index(i), rules[i], top_kind);
}

}  // namespace kuma::policy
