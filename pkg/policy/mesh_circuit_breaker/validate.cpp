#include <algorithm>

#include "pkg/policy/mesh_circuit_breaker/spec.h"
#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"

namespace kuma::policy {
namespace {

void CheckPositive(Checker& checker, const Path& path, const Json& object, std::initializer_list<std::string_view> fields) {
  for (const std::string_view field : fields) resources::CheckIntegerGreaterThanOrNil(checker, path.Field(field), Get(object, field), 0);
}

void CheckDetectors(Checker& checker, const Path& path, const Json& detectors) {
  static const std::vector<std::string> kNames = {"totalFailures", "gatewayFailures", "localOriginFailures", "successRate",
                                                  "failurePercentage"};
  if (detectors.is_null()) {
    checker.Add(path, std::string(resources::kMustBeDefined));
    return;
  }
  if (std::all_of(kNames.begin(), kNames.end(), [&](const std::string& name) { return Get(detectors, name).is_null(); })) {
    checker.Add(path, resources::MustHaveAtLeastOne(kNames));
    return;
  }
  for (const std::string_view name : {"totalFailures", "gatewayFailures", "localOriginFailures"}) {
    CheckPositive(checker, path.Field(name), Get(detectors, name), {"consecutive"});
  }
  const Json& success = Get(detectors, "successRate");
  const Path of_success = path.Field("successRate");
  CheckPositive(checker, of_success, success, {"minimumHosts", "requestVolume"});
  if (const Json& factor = Get(success, "standardDeviationFactor"); !factor.is_null()) {
    const auto number = resources::IntOrStringNumber(factor);
    if (!number) {
      checker.Add(of_success.Field("standardDeviationFactor"), "invalid number");
    } else if (*number <= 0) {
      checker.Add(of_success.Field("standardDeviationFactor"), "must be greater than 0");
    }
  }
  const Json& failures = Get(detectors, "failurePercentage");
  CheckPositive(checker, path.Field("failurePercentage"), failures, {"minimumHosts", "requestVolume"});
  resources::CheckIntPercentageOrNil(checker, path.Field("failurePercentage").Field("threshold"), Get(failures, "threshold"));
}

void CheckConf(Checker& checker, const Path& path, const Json& conf) {
  const Json& limits = Get(conf, "connectionLimits");
  const Json& outliers = Get(conf, "outlierDetection");
  if (limits.is_null() && outliers.is_null()) {
    checker.Add(path, "at least one of: 'connectionLimits' or 'outlierDetection' should be configured");
    return;
  }
  CheckPositive(checker, path.Field("connectionLimits"), limits,
                {"maxConnections", "maxConnectionPools", "maxPendingRequests", "maxRetries", "maxRequests"});
  if (outliers.is_null()) return;
  const Path at = path.Field("outlierDetection");
  resources::CheckDurationGreaterThanZeroOrNil(checker, at.Field("interval"), Get(outliers, "interval"));
  resources::CheckDurationGreaterThanZeroOrNil(checker, at.Field("baseEjectionTime"), Get(outliers, "baseEjectionTime"));
  resources::CheckIntPercentageOrNil(checker, at.Field("maxEjectionPercent"), Get(outliers, "maxEjectionPercent"));
  resources::CheckPercentageOrNil(checker, at.Field("healthyPanicThreshold"), Get(outliers, "healthyPanicThreshold"));
  CheckDetectors(checker, at.Field("detectors"), Get(outliers, "detectors"));
}

}  // namespace

void ValidateMeshCircuitBreaker(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  const Path spec("spec");
  CheckTop(checker, policy, {.kinds = ProxyAndGatewayKinds(), .gateway_tags = true});
  CheckAnyList(checker, policy.spec);
  CheckRulesStandAlone(checker, policy.spec);
  // Violations in rules are known under the path of `from`.
  const Json& rules = ListOf(policy.spec, "rules");
  for (size_t i = 0; i < rules.size(); ++i) CheckConf(checker, spec.Field("from").Index(i).Field("default"), Get(rules[i], "default"));
  const Json& from = ListOf(policy.spec, "from");
  for (size_t i = 0; i < from.size(); ++i) {
    const Path at = spec.Field("from").Index(i);
    CheckTargetRef(checker, at.Field("targetRef"), Get(from[i], "targetRef"), {.kinds = {"Mesh"}});
    CheckConf(checker, at.Field("default"), Get(from[i], "default"));
  }
  const Json& to = ListOf(policy.spec, "to");
  for (size_t i = 0; i < to.size(); ++i) {
    const Path at = spec.Field("to").Index(i);
    CheckTargetRef(checker, at.Field("targetRef"), Get(to[i], "targetRef"),
                   {.kinds = {"Mesh", "MeshService", "MeshExternalService", "MeshMultiZoneService"}});
    CheckConf(checker, at.Field("default"), Get(to[i], "default"));
  }
}

}  // namespace kuma::policy
