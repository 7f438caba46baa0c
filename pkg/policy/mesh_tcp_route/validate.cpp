#include "pkg/policy/mesh_tcp_route/spec.h"
#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"

namespace kuma::policy {

void ValidateMeshTCPRoute(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  CheckTop(checker, policy, {.kinds = ProxyAndGatewayKinds(), .kinds_of_applications = ProxyKinds(), .gateway_tags = true});
  TargetRefRules targets{.kinds = {"MeshService", "MeshExternalService", "MeshMultiZoneService"}};
  if (TopKind(policy.spec) == "MeshGateway") targets.kinds = {"Mesh"};
  const TargetRefRules backend_rules{.kinds = {"MeshService", "MeshServiceSubset", "MeshExternalService", "MeshMultiZoneService"}};
  const Json& to = ListOf(policy.spec, "to");
  for (size_t i = 0; i < to.size(); ++i) {
    const Path at = Path("spec").Field("to").Index(i);
    CheckTargetRef(checker, at.Field("targetRef"), Get(to[i], "targetRef"), targets);
    const Json& rules = ListOf(to[i], "rules");
    for (size_t k = 0; k < rules.size(); ++k) {
      const Path of_backends = at.Field("rules").Index(k).Field("default").Field("backendRefs");
      const Json& backends = ListOf(Get(rules[k], "default"), "backendRefs");
      if (backends.empty()) checker.Add(of_backends, std::string(resources::kMustBeDefined));
      for (size_t n = 0; n < backends.size(); ++n) CheckBackendRef(checker, of_backends.Index(n), backends[n], backend_rules);
    }
  }
}

}  // namespace kuma::policy
