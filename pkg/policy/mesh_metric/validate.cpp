#include "pkg/policy/mesh_metric/spec.h"
#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"

namespace kuma::policy {
namespace {

void CheckBackend(Checker& checker, const Path& path, const Json& backend) {
  const std::string_view member = GetString(backend, "type") == "Prometheus" ? "prometheus" : "openTelemetry";
  const Json& conf = Get(backend, member);
  if (conf.is_null()) {
    checker.Add(path.Field(member), std::string(resources::kMustBeDefined));
  } else if (member == "prometheus") {
    resources::CheckPort(checker, path.Field("port"), GetInt(conf, "port"));
  } else {
    CheckOtelTarget(checker, path.Field(member), conf, true);
  }
}

}  // namespace

void ValidateMeshMetric(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  CheckTop(checker, policy, {.kinds = ProxyAndGatewayKinds(), .kinds_of_applications = ProxyKinds(), .gateway_tags = true});
  const Json& conf = Get(policy.spec, "default");
  const Path at = Path("spec").Field("default");
  const Json& profiles = Get(Get(conf, "sidecar"), "profiles");
  for (const std::string_view list : {"exclude", "include"}) {
    const Json& selectors = ListOf(profiles, list);
    for (size_t i = 0; i < selectors.size(); ++i) {
      if (GetString(selectors[i], "type") != "Regex" || resources::RegexFault(GetString(selectors[i], "match")).empty()) continue;
      checker.Add(at.Field("sidecar").Field("profiles").Field(list).Index(i).Field("match"), "invalid regex");
    }
  }
  // Users know these paths with the singular behind the list's name.
  const Json& applications = ListOf(conf, "applications");
  for (size_t i = 0; i < applications.size(); ++i) {
    resources::CheckPort(checker, at.Field("applications").Field("application").Index(i), GetInt(applications[i], "port"));
  }
  const Json& backends = ListOf(conf, "backends");
  for (size_t i = 0; i < backends.size(); ++i) CheckBackend(checker, at.Field("backends").Field("backend").Index(i), backends[i]);
}

}  // namespace kuma::policy
