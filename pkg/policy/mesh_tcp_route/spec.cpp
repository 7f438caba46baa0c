#include "pkg/policy/mesh_tcp_route/spec.h"

#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"

namespace kuma::policy {
namespace {

Fields SpecFields() {
  Fields conf = {BackendRefList("backendRefs", "Where connections go.")};
  Fields rule = {Field::Object("default", std::move(conf), "What happens to the connections.").Required()};
  Fields to = {
      TargetRefField("targetRef", "Destination whose connections are routed.").Required(),
      Field::List("rules", Field::Object("", std::move(rule), ""), "At most one rule; the destination itself is the backend without one.")
          .Required()
          .MaxItems(1),
  };
  return {TopTargetRef(), Field::List("to", Field::Object("", std::move(to), ""), "Routes, by destination.").MinItems(1)};
}

Json FirstRule(const Json& entry) {
  const Json& rules = ListOf(entry, "rules");
  if (!rules.empty()) return rules.front();
  Json backend = Get(entry, "targetRef");
  if (!backend.is_object()) backend = Json::object();
  backend["weight"] = 1;
  return {{"default", {{"backendRefs", Json::array({std::move(backend)})}}}};
}

}  // namespace

TypeDescriptor MakeMeshTCPRouteType() {
  PolicyTraits traits;
  traits.order = 200;
  traits.has_to = true;
  traits.top_kinds = ProxyAndGatewayKinds();
  traits.to_kinds = {"MeshService", "MeshExternalService", "MeshMultiZoneService", "Mesh"};
  traits.conf_of_entry = FirstRule;
  TypeDescriptor type = MakePolicyType({"MeshTCPRoute", "meshtcproutes", "meshtcproute", "mtcpr", "Mesh TCP Route", "Mesh TCP Routes"},
                                       std::move(traits), SpecFields());
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) { ValidateMeshTCPRoute(policy, out); };
  type.warnings = [](const Resource& policy) { return TopWarnings(policy.spec); };
  return type;
}

}  // namespace kuma::policy
