#include "pkg/policy/mesh_proxy_patch/spec.h"

#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"

namespace kuma::policy {
namespace {

const std::vector<std::string>& WholeOperations() {
  static const std::vector<std::string> kOperations = {"Add", "Remove", "Patch"};
  return kOperations;
}

const std::vector<std::string>& FilterOperations() {
  static const std::vector<std::string> kOperations = {"Remove", "Patch", "AddFirst", "AddBefore", "AddAfter", "AddLast"};
  return kOperations;
}

Field JsonPatches() {
  Fields operation = {
      Field::Enum("op", {"add", "remove", "replace", "move", "copy"}, "Operation of RFC 6902.").Required(),
      Field::String("path", "Where it applies, a JSON pointer.").Required(),
      Field::Any("value", "New value; of add and replace."),
      Field::String("from", "Where the value comes from, a JSON pointer; of move and copy."),
  };
  return Field::List("jsonPatches", Field::Object("", std::move(operation), ""),
                     "JSON patches of what matches; of Patch, instead of value.");
}

Field Modification(std::string name, const std::vector<std::string>& operations, Fields extra_conditions, bool needs_match,
                   std::string doc) {
  Fields conditions = {
      Field::String("origin", "What made the resource: inbound, outbound, prometheus, transparent and others; any when absent."),
      Field::String("name", "Its name; any when absent."),
  };
  for (Field& condition : extra_conditions) conditions.push_back(std::move(condition));
  Field match = Field::Object("match", std::move(conditions), "What is changed, or where something is added.");
  if (needs_match) match.Required();
  Fields members = {
      std::move(match),
      Field::Enum("operation", operations, "What is done.").Required(),
      Field::String("value", "Resource of Envoy in YAML: the new one, or what is merged into the matching ones."),
      JsonPatches(),
  };
  return Field::Object(std::move(name), std::move(members), std::move(doc));
}

Field Tags(std::string name, std::string doc) { return Field::Map(std::move(name), Field::String("", ""), std::move(doc)); }

Fields ListenerConditions() {
  return {Field::String("listenerName", "Name of the listener; any when absent."),
          Tags("listenerTags", "Tags of the listener; all have to match.")};
}

Fields ConfFields() {
  Fields modification = {
      Modification("cluster", WholeOperations(), {}, false, "Changes clusters."),
      Modification("listener", WholeOperations(), {Tags("tags", "Tags of the listener; all have to match.")}, false, "Changes listeners."),
      Modification("networkFilter", FilterOperations(), ListenerConditions(), false, "Changes filters of connections."),
      Modification("httpFilter", FilterOperations(), ListenerConditions(), false, "Changes filters of HTTP requests."),
      Modification("virtualHost", WholeOperations(),
                   {Field::String("routeConfigurationName", "Name of the route configuration; any when absent.")}, true,
                   "Changes virtual hosts."),
  };
  return {Field::List("appendModifications", Field::Object("", std::move(modification), ""),
                      "Changes in order, after those of less specific policies.")
              .Append()};
}

}  // namespace

TypeDescriptor MakeMeshProxyPatchType() {
  PolicyTraits traits;
  traits.order = 9999;
  traits.single_default = true;
  traits.top_kinds = ProxyAndGatewayKinds();
  TypeDescriptor type = MakePolicyType(
      {"MeshProxyPatch", "meshproxypatches", "meshproxypatch", "mpp", "Mesh Proxy Patch", "Mesh Proxy Patches"}, std::move(traits),
      {TopTargetRef(), Field::Object("default", ConfFields(), "What applies to the selected proxies.").Required()});
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) {
    ValidateMeshProxyPatch(policy, out);
  };
  type.warnings = [](const Resource& policy) { return TopWarnings(policy.spec); };
  return type;
}

}  // namespace kuma::policy
