#include "pkg/policy/mesh_fault_injection/spec.h"
#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"

namespace kuma::policy {
namespace {

void CheckConf(Checker& checker, const Path& path, const Json& conf) {
  const Json& faults = ListOf(conf, "http");
  for (size_t i = 0; i < faults.size(); ++i) {
    // Users know these paths with the index behind the kind of the fault.
    const auto at = [&](std::string_view kind) { return path.Field("http").Field(kind).Index(i); };
    const auto check_percentage = [&](std::string_view kind, const Json& fault) {
      resources::CheckPercentage(checker, at(kind).Field("percentage"), Get(fault, "percentage"), true);
    };
    if (const Json& abort = Get(faults[i], "abort"); !abort.is_null()) {
      resources::CheckStatusCode(checker, at("abort").Field("httpStatus"), GetInt(abort, "httpStatus"));
      check_percentage("abort", abort);
    }
    if (const Json& delay = Get(faults[i], "delay"); !delay.is_null()) {
      resources::CheckDurationNotNegativeOrNil(checker, at("delay").Field("value"), Get(delay, "value"));
      check_percentage("delay", delay);
    }
    if (const Json& bandwidth = Get(faults[i], "responseBandwidth"); !bandwidth.is_null()) {
      resources::CheckBandwidth(checker, at("responseBandwidth").Field("limit"), GetString(bandwidth, "limit"));
      check_percentage("responseBandwidth", bandwidth);
    }
  }
}

}  // namespace

void ValidateMeshFaultInjection(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  const Path spec("spec");
  CheckTop(checker, policy, {.kinds = ProxyAndGatewayKinds(), .kinds_of_applications = ProxyKinds(), .gateway_tags = true});
  const Json& from = ListOf(policy.spec, "from");
  const Json& to = ListOf(policy.spec, "to");
  const Json& rules = ListOf(policy.spec, "rules");
  if (!from.empty() && !rules.empty()) checker.Add(spec, "field 'from' must be empty when 'rules' is defined");
  for (size_t i = 0; i < rules.size(); ++i) {
    const Path at = spec.Field("rules").Index(i);
    const Json& matches = ListOf(rules[i], "matches");
    for (size_t k = 0; k < matches.size(); ++k) CheckMatch(checker, at.Field("matches").Index(k), matches[k]);
    CheckConf(checker, at.Field("default"), Get(rules[i], "default"));
  }
  const bool gateways = IncludesGateways(Get(policy.spec, "targetRef"));
  if (gateways && !from.empty()) {
    checker.Add(
        spec.Field("from"),
        "must not be defined when the scope includes a Gateway, select only proxyType Sidecar or select only gateways and use spec.to");
  } else {
    for (size_t i = 0; i < from.size(); ++i) {
      const Path at = spec.Field("from").Index(i);
      CheckTargetRef(checker, at.Field("targetRef"), Get(from[i], "targetRef"),
                     {.kinds = {"Mesh", "MeshSubset", "MeshServiceSubset", "MeshService"}});
      CheckConf(checker, at.Field("default"), Get(from[i], "default"));
    }
  }
  if (!gateways && !to.empty()) {
    checker.Add(spec.Field("to"), std::string(resources::kMustNotBeDefined));
    return;
  }
  for (size_t i = 0; i < to.size(); ++i) {
    const Path at = spec.Field("to").Index(i);
    CheckTargetRef(checker, at.Field("targetRef"), Get(to[i], "targetRef"), {.kinds = {"Mesh"}});
    CheckConf(checker, at.Field("default"), Get(to[i], "default"));
  }
}

}  // namespace kuma::policy
