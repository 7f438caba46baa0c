#include "pkg/xds/generate/patch.h"

#include "pkg/policy/mesh_proxy_patch/apply.h"

namespace kuma::xds {

namespace {

std::string_view UsualOrigin(UnitKind kind) {
  switch (kind) {
    case UnitKind::kInbound:
      return "inbound";
    case UnitKind::kOutbound:
    case UnitKind::kCluster:
    case UnitKind::kEndpoints:
      return "outbound";
    case UnitKind::kAdmin:
      return "admin";
    case UnitKind::kSecrets:
      return "secrets";
    case UnitKind::kTransparentProxy:
      return "transparent";
    case UnitKind::kProxyWide:
      break;
  }
  return "";
}

void AddTo(UnitOutput& output, policy::PatchedResource resource) {
  if (auto* cluster = std::get_if<envoy::Cluster>(&resource.message)) {
    output.Add(ResourceType::kCluster, std::move(*cluster), std::move(resource.origin));
  } else {
    output.Add(ResourceType::kListener, std::move(std::get<envoy::Listener>(resource.message)), std::move(resource.origin));
  }
}

UnitOutput Patched(UnitOutput generated, const Json& conf, UnitKind kind) {
  UnitOutput output;
  std::vector<policy::PatchedResource> resources;
  for (OutputResource& resource : generated.resources) {
    std::string origin = resource.origin.empty() ? std::string(UsualOrigin(kind)) : resource.origin;
    if (resource.type == ResourceType::kCluster) {
      resources.push_back({resource.name, std::move(origin), static_cast<const envoy::Cluster&>(*resource.message)});
    } else if (resource.type == ResourceType::kListener) {
      resources.push_back({resource.name, std::move(origin), static_cast<const envoy::Listener&>(*resource.message)});
    } else {
      output.resources.push_back(std::move(resource));
    }
  }
  policy::PatchResources(conf, resources);
  for (policy::PatchedResource& resource : resources) AddTo(output, std::move(resource));
  return output;
}

}  // namespace

void PatchUnits(const std::shared_ptr<const policy::RuleSets>& rules, std::vector<Unit>& units) {
  const auto found = rules->find("MeshProxyPatch");
  if (found == rules->end() || !found->second.proxy) return;
  const Json* conf = &found->second.proxy->conf;  // lives as long as the rules
  const Digest patch = DigestOf(ToJsonText(*conf));
  for (Unit& unit : units) {
    if (unit.kind == UnitKind::kEndpoints || unit.kind == UnitKind::kSecrets) continue;
    unit.digest = DigestBuilder().Add("patched").Add(patch).Add(static_cast<uint64_t>(unit.kind)).Add(unit.digest).Finish();
    unit.generate = [rules, conf, kind = unit.kind, generate = std::move(unit.generate)] { return Patched(generate(), *conf, kind); };
  }
  Unit added{UnitKind::kProxyWide, "patch", DigestBuilder().Add("added by patch").Add(patch).Finish(), {}};
  added.generate = [rules, conf] {
    UnitOutput output;
    for (policy::PatchedResource& resource : policy::AddedResources(*conf)) AddTo(output, std::move(resource));
    return output;
  };
  units.push_back(std::move(added));
}

}  // namespace kuma::xds
