#include "pkg/policy/target_ref/descriptor.h"

#include <memory>

namespace kuma::policy {
namespace {

constexpr std::string_view kDefault = "default";

void AddEmptyDefault(Json& holder) {
  if (holder.is_object() && !holder.contains(std::string(kDefault))) holder[std::string(kDefault)] = Json::object();
}

}  // namespace

TypeDescriptor MakePolicyType(PolicyNames names, PolicyTraits traits, Fields fields) {
  TypeDescriptor type;
  type.name = std::move(names.type);
  type.path = std::move(names.path);
  type.short_name = std::move(names.short_name);
  type.singular_display = std::move(names.singular);
  type.plural_display = std::move(names.plural);
  type.kumactl_arg = std::move(names.argument);
  type.scope = Scope::kMesh;
  type.is_policy = true;
  type.kds.global_to_zone = true;
  type.kds.zone_to_global = true;
  type.kds.relayed_to_other_zones = true;
  type.schema.fields = std::move(fields);
  if (traits.single_default) {
    type.normalize = [](Json& spec) { AddEmptyDefault(spec); };
  } else if (!traits.conf_of_entry) {
    type.normalize = [](Json& spec) {
      for (const char* list : {"to", "from", "rules"}) {
        const auto found = spec.find(list);
        if (found == spec.end() || !found->is_array()) continue;
        for (Json& entry : *found) AddEmptyDefault(entry);
      }
    };
  }
  type.policy = std::make_shared<const PolicyTraits>(std::move(traits));
  return type;
}

std::vector<std::string> ProxyKinds() { return {"Mesh", "Dataplane", "MeshSubset", "MeshService", "MeshServiceSubset"}; }

std::vector<std::string> ProxyAndGatewayKinds() {
  return {"Mesh", "Dataplane", "MeshSubset", "MeshGateway", "MeshService", "MeshServiceSubset"};
}

}  // namespace kuma::policy
