#include "pkg/policy/mesh_traffic_permission/spec.h"
#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"

namespace kuma::policy {

void ValidateMeshTrafficPermission(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  const Path spec("spec");
  const Json& from = ListOf(policy.spec, "from");
  const Json& rules = ListOf(policy.spec, "rules");
  CheckTop(checker, policy, {.kinds = ProxyKinds()});
  if (!from.empty() && !rules.empty()) checker.Add(spec, "field 'from' must be empty when 'rules' is defined");
  if (from.empty() && rules.empty()) checker.Add(spec, "at least one of 'from' or 'rules' has to be defined");
  for (size_t i = 0; i < rules.size(); ++i) {
    // The lists' violations stand at the rule itself, without `default`.
    const Path at = spec.Field("rules").Index(i);
    const Json& conf = Get(rules[i], "default");
    static constexpr std::string_view kLists[] = {"allow", "allowWithShadowDeny", "deny"};
    bool any = false;
    for (const std::string_view list : kLists) any = any || !ListOf(conf, list).empty();
    if (!any) checker.Add(at, "at least one of 'allow', 'allowWithShadowDeny', 'deny' has to be defined");
    for (const std::string_view list : kLists) {
      const Json& matches = ListOf(conf, list);
      for (size_t k = 0; k < matches.size(); ++k) CheckMatch(checker, at.Field(list).Index(k), matches[k]);
    }
  }
  for (size_t i = 0; i < from.size(); ++i) {
    const Path at = spec.Field("from").Index(i);
    CheckTargetRef(checker, at.Field("targetRef"), Get(from[i], "targetRef"),
                   {.kinds = {"Mesh", "MeshSubset", "MeshService", "MeshServiceSubset"}});
    if (GetString(Get(from[i], "default"), "action").empty()) {
      checker.Add(at.Field("default").Field("action"), std::string(resources::kMustBeDefined));
    }
  }
}

}  // namespace kuma::policy
