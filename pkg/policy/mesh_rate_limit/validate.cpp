#include <chrono>

#include "pkg/policy/mesh_rate_limit/spec.h"
#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"

namespace kuma::policy {
namespace {

void CheckRate(Checker& checker, const Path& path, const Json& rate) {
  if (rate.is_null()) return;
  resources::CheckIntegerGreaterThanOrNil(checker, path.Field("num"), Get(rate, "num"), 0);
  resources::CheckDurationGreaterThan(checker, path.Field("interval"), Get(rate, "interval"), std::chrono::milliseconds(50));
}

// False, and a violation, when all of the fields are absent.
bool NeedsOne(Checker& checker, const Path& path, const Json& object, const std::vector<std::string>& fields) {
  for (const std::string& field : fields) {
    if (!Get(object, field).is_null()) return true;
  }
  checker.Add(path, resources::MustHaveAtLeastOne(fields));
  return false;
}

void CheckConf(Checker& checker, const Path& path, const Json& conf) {
  const Json& local = Get(conf, "local");
  const Path at = path.Field("local");
  if (local.is_null()) {
    checker.Add(at, std::string(resources::kMustBeDefined));
    return;
  }
  NeedsOne(checker, at, local, {"tcp", "http"});
  const Json& http = Get(local, "http");
  if (!http.is_null() && NeedsOne(checker, at.Field("http"), http, {"disabled", "requestRate", "onRateLimit"})) {
    CheckRate(checker, at.Field("http").Field("requestRate"), Get(http, "requestRate"));
    resources::CheckIntegerGreaterThanOrNil(checker, at.Field("http").Field("onRateLimit").Field("status"),
                                            Get(Get(http, "onRateLimit"), "status"), 0);
  }
  const Json& tcp = Get(local, "tcp");
  if (!tcp.is_null() && NeedsOne(checker, at.Field("tcp"), tcp, {"disabled", "connectionRate"})) {
    CheckRate(checker, at.Field("tcp").Field("connectionRate"), Get(tcp, "connectionRate"));
  }
}

void CheckEntries(Checker& checker, const Json& spec, std::string_view list) {
  const Json& entries = ListOf(spec, list);
  for (size_t i = 0; i < entries.size(); ++i) {
    const Path at = Path("spec").Field(list).Index(i);
    CheckTargetRef(checker, at.Field("targetRef"), Get(entries[i], "targetRef"), {.kinds = {"Mesh"}});
    CheckConf(checker, at.Field("default"), Get(entries[i], "default"));
  }
}

}  // namespace

void ValidateMeshRateLimit(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  const Path spec("spec");
  CheckRulesStandAlone(checker, policy.spec);
  TopRules top{.kinds = ProxyAndGatewayKinds(), .kinds_of_applications = ProxyKinds(), .gateway_tags = true};
  top.kinds.emplace_back("MeshHTTPRoute");
  CheckTop(checker, policy, top);
  const bool gateways = IncludesGateways(Get(policy.spec, "targetRef"));

  const Json& rules = ListOf(policy.spec, "rules");
  if (gateways && !rules.empty()) {
    checker.Add(spec.Field("rules"), std::string(resources::kMustNotBeDefined));
  } else {
    for (size_t i = 0; i < rules.size(); ++i) {
      const Path at = spec.Field("rules").Index(i);
      const Json& conf = Get(rules[i], "default");
      if (CheckConditions(checker, at.Field("matches"), Get(rules[i], "matches"))) {
        CheckAbsent(checker, at.Field("default").Field("local").Field("tcp"), Get(Get(conf, "local"), "tcp"),
                    "can't be specified when matches contain spiffeID because this field cannot be conditioned on source identity");
      }
      CheckConf(checker, at.Field("default"), conf);
    }
  }
  if (gateways && !ListOf(policy.spec, "from").empty()) {
    checker.Add(
        spec.Field("from"),
        "must not be defined when the scope includes a Gateway, select only proxyType Sidecar or select only gateways and use spec.to");
  } else {
    CheckEntries(checker, policy.spec, "from");
  }
  if (!gateways && !ListOf(policy.spec, "to").empty()) {
    checker.Add(spec.Field("to"), std::string(resources::kMustNotBeDefined));
  } else {
    CheckEntries(checker, policy.spec, "to");
  }
}

}  // namespace kuma::policy
