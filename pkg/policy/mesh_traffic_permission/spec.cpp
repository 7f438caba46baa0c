#include "pkg/policy/mesh_traffic_permission/spec.h"

#include <algorithm>

#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"

namespace kuma::policy {
namespace {

Fields SpecFields() {
  Fields client = {Field::Enum("action", {"Allow", "Deny", "AllowWithShadowDeny"},
                               "What happens to the clients' traffic. AllowWithShadowDeny lets it pass and logs it as denied.")};
  Fields rule = {
      MatchList("deny", "Traffic that is refused; goes before the other lists."),
      MatchList("allowWithShadowDeny", "Traffic that passes and is logged as if it were refused."),
      MatchList("allow", "Traffic that passes."),
  };
  return {TopTargetRef(), FromList(std::move(client)), RuleList(std::move(rule), false, true)};
}

std::vector<std::string> Warnings(const Resource& policy) {
  std::vector<std::string> remarks;
  const Json& from = ListOf(policy.spec, "from");
  if (!from.empty())
    remarks.emplace_back("'from' field is deprecated and will be removed in 3.0, use 'rules' with MeshIdentity (spiffeId) instead");
  for (const Json& entry : from) {
    if (GetString(Get(entry, "targetRef"), "kind") == "MeshService") {
      remarks.emplace_back("MeshService value for 'from[].targetRef.kind' is deprecated, use MeshSubset with 'kuma.io/service' instead");
    }
  }
  for (std::string& remark : TopWarnings(policy.spec)) remarks.push_back(std::move(remark));
  return remarks;
}

}  // namespace

TypeDescriptor MakeMeshTrafficPermissionType() {
  PolicyTraits traits;
  traits.order = 1100;
  traits.has_from = true;
  traits.has_rules = true;
  traits.top_kinds = ProxyKinds();
  traits.from_kinds = {"Mesh", "MeshSubset", "MeshService", "MeshServiceSubset"};
  TypeDescriptor type = MakePolicyType({"MeshTrafficPermission", "meshtrafficpermissions", "meshtrafficpermission", "mtp",
                                        "Mesh Traffic Permission", "Mesh Traffic Permissions"},
                                       std::move(traits), SpecFields());
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) {
    ValidateMeshTrafficPermission(policy, out);
  };
  type.warnings = Warnings;
  return type;
}

}  // namespace kuma::policy
