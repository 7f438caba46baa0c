#include "pkg/policy/rules/match.h"

#include <algorithm>

#include "pkg/policy/rules/resolve.h"
#include "pkg/policy/rules/selection.h"

namespace kuma::policy {
namespace {

constexpr std::string_view kRoute = "MeshHTTPRoute";

std::string_view LabelOf(const Labels& labels, std::string_view key) {
  const auto it = labels.find(key);
  return it == labels.end() ? std::string_view{} : std::string_view(it->second);
}

Selection SelectByTags(const mesh::Tags& conditions, const mesh::Dataplane& dataplane) {
  Selection out;
  for (const mesh::Inbound& inbound : dataplane.inbounds) {
    if (TagsMatch(conditions, inbound.tags)) out.inbounds.push_back({inbound.address, inbound.port});
  }
  out.delegated_gateway = dataplane.IsDelegatedGateway() && TagsMatch(conditions, dataplane.gateway->tags);
  return out;
}

void AddListeners(const mesh::Dataplane& dataplane, std::string_view section, Selection& out) {
  for (const mesh::ProxyListener& listener : dataplane.listeners) {
    const std::string own = listener.name.empty() ? std::to_string(listener.port) : listener.name;
    if (section.empty() || own == section) out.inbounds.push_back({listener.address.empty() ? dataplane.address : listener.address, listener.port});
  }
}

Selection SelectDataplane(const ResourceMeta& policy, const TargetRef& top, const mesh::Dataplane& dataplane) {
  Selection out;
  if (!NamesDataplane(policy, top, dataplane)) return out;
  for (const mesh::Inbound& inbound : dataplane.inbounds) {
    if (top.section.empty() || inbound.SectionName() == top.section) out.inbounds.push_back({inbound.address, inbound.port});
  }
  AddListeners(dataplane, top.section, out);
  out.delegated_gateway = dataplane.IsDelegatedGateway();
  return out;
}

// `depth` bounds a route that targets a route.
Selection Select(const ResourceMeta& policy, const TargetRef& top, const mesh::Dataplane& dataplane, const mesh::Snapshot& snapshot, int depth) {
  if (!ZoneAllows(policy.labels, dataplane.labels()) || !NamespaceAllows(policy.labels, dataplane.labels())) return {};
  switch (top.kind) {
    case TargetKind::kMesh: {
      if (!ProxyTypeAllowed(top, dataplane)) return {};
      Selection out = SelectByTags({}, dataplane);
      AddListeners(dataplane, {}, out);
      return out;
    }
    case TargetKind::kDataplane:
      return SelectDataplane(policy, top, dataplane);
    case TargetKind::kMeshSubset:
      return ProxyTypeAllowed(top, dataplane) ? SelectByTags(top.tags, dataplane) : Selection{};
    case TargetKind::kMeshService:
      return SelectByTags({{std::string(kServiceTag), top.name}}, dataplane);
    case TargetKind::kMeshServiceSubset: {
      mesh::Tags conditions{{std::string(kServiceTag), top.name}};
      for (const auto& [key, value] : top.tags) conditions.insert_or_assign(key, value);
      return SelectByTags(conditions, dataplane);
    }
    case TargetKind::kMeshGateway:
      return {};
    case TargetKind::kMeshHttpRoute: {
      const ResourcePtr route = FindRoute(snapshot, policy.mesh(), top.name);
      if (route == nullptr || depth > 4) {
        Selection out;
        out.error = "couldn't resolve MeshHTTPRoute targetRef with name '" + top.name + "'";
        return out;
      }
      return Select(route->meta, ParseTargetRef(Get(route->spec, "targetRef")), dataplane, snapshot, depth + 1);
    }
    case TargetKind::kMeshExternalService:
    case TargetKind::kMeshMultiZoneService:
    case TargetKind::kUnknown:
      break;
  }
  Selection out;
  out.error = "unsupported targetRef kind '" + top.kind_text + "'";
  return out;
}

}  // namespace

bool ZoneAllows(const Labels& policy, const Labels& dataplane) {
  if (LabelOf(policy, kPolicyRoleLabel) == "producer") return true;
  const std::string_view origin = LabelOf(dataplane, kOriginLabel);
  if (origin.empty() || origin == "global") return true;
  if (LabelOf(policy, kOriginLabel) != "zone") return true;
  if (!policy.contains(kZoneLabel)) return true;
  if (origin != "zone") return false;
  return !dataplane.contains(kZoneLabel) || LabelOf(dataplane, kZoneLabel) == LabelOf(policy, kZoneLabel);
}

bool NamespaceAllows(const Labels& policy, const Labels& dataplane) {
  const std::string_view role = LabelOf(policy, kPolicyRoleLabel);
  if (role != "consumer" && role != "workload-owner") return true;
  return policy.contains(kNamespaceLabel) && LabelOf(policy, kNamespaceLabel) == LabelOf(dataplane, kNamespaceLabel);
}

bool ProxyTypeAllowed(const TargetRef& top, const mesh::Dataplane& dataplane) {
  if (top.proxy_types.empty()) return true;
  const std::string_view own = dataplane.gateway.has_value() ? "Gateway" : "Sidecar";
  return std::find(top.proxy_types.begin(), top.proxy_types.end(), own) != top.proxy_types.end();
}

bool NamesDataplane(const ResourceMeta& policy, const TargetRef& top, const mesh::Dataplane& dataplane) {
  if (top.name.empty() && top.ns.empty() && !top.labels.has_value()) return true;
  if (!top.name.empty()) {
    Kri origin = KriOf(policy);
    origin.type = "Dataplane";
    if (TargetRefToKri(origin, top) == KriOf(dataplane.resource->meta)) return true;
  }
  return top.labels.has_value() && std::all_of(top.labels->begin(), top.labels->end(), [&](const auto& label) {
           return LabelOf(dataplane.labels(), label.first) == label.second;
         });
}

ResourcePtr FindRoute(const mesh::Snapshot& snapshot, const std::string& mesh, std::string_view name) {
  for (const ResourcePtr& route : snapshot.Resources(kRoute)) {
    if (route->meta.mesh() == mesh && DisplayName(route->meta) == name) return route;
  }
  return nullptr;
}

bool SelectsService(const TargetRef& target, const mesh::Tags& service_tags) {
  const auto is_named = [&] {
    const auto it = service_tags.find(kServiceTag);
    return it != service_tags.end() && it->second == target.name;
  };
  switch (target.kind) {
    case TargetKind::kMesh:
      return true;
    case TargetKind::kMeshSubset:
      return TagsMatch(target.tags, service_tags);
    case TargetKind::kMeshService:
      return is_named();
    case TargetKind::kMeshServiceSubset:
      return is_named() && TagsMatch(target.tags, service_tags);
    default:
      return false;
  }
}

Selection SelectProxy(const ResourceMeta& policy, const TargetRef& top, const mesh::Dataplane& dataplane, const mesh::Snapshot& snapshot) {
  return Select(policy, top, dataplane, snapshot, 0);
}

Selection SelectProxy(const Resource& policy, const mesh::Dataplane& dataplane, const mesh::Snapshot& snapshot) {
  return SelectProxy(policy.meta, ParseTargetRef(Get(policy.spec, "targetRef")), dataplane, snapshot);
}

bool IsShadow(const ResourceMeta& policy) { return LabelOf(policy.labels, kEffectLabel) == "shadow"; }

bool MayAffect(const ResourcePtr& policy, const mesh::Dataplane& dataplane, const mesh::Snapshot& snapshot) {
  return policy != nullptr && !IsShadow(policy->meta) && SelectProxy(*policy, dataplane, snapshot).matches();
}

}  // namespace kuma::policy
