#include "pkg/policy/rules/resolve.h"

#include <algorithm>

#include "pkg/base/strings.h"
#include "pkg/policy/rules/ruleset.h"

namespace kuma::policy {
namespace {

// name_namespace_svc[_port], how MeshServices of Kubernetes were called in kuma.io/service tags.
struct LegacyService {
  std::string name;
  std::string ns;
  uint32_t port = 0;
};

std::optional<LegacyService> ParseLegacyService(std::string_view text) {
  const std::vector<std::string> parts = Split(text, '_');
  if (parts.size() != 3 && parts.size() != 4) return std::nullopt;
  LegacyService out{parts[0], parts[1], 0};
  if (parts.size() == 4) {
    const std::optional<int64_t> port = ParseInt(parts[3]);
    if (!port.has_value() || *port < 0 || *port > 0x7fffffff) return std::nullopt;
    out.port = static_cast<uint32_t>(*port);
  }
  return out;
}

bool HasLabels(const ResourceMeta& meta, const mesh::Tags& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& label) {
    const auto it = meta.labels.find(label.first);
    return it != meta.labels.end() && it->second == label.second;
  });
}

std::vector<ResolvedTarget> ResolveRoutes(const TargetRef& ref, const ResourceMeta& policy, const mesh::Snapshot& snapshot) {
  std::vector<ResolvedTarget> out;
  const bool by_labels = ref.labels.has_value() && !ref.labels->empty();
  const Kri wanted = by_labels ? Kri{} : TargetRefToKri(KriOf(policy), ref);
  for (const ResourcePtr& route : snapshot.Resources(ref.kind_text)) {
    const Kri own = KriOf(route->meta);
    if (by_labels ? HasLabels(route->meta, *ref.labels) : own == wanted) {
      out.push_back({own, &route->meta});
      if (!by_labels) break;
    }
  }
  return out;
}

}  // namespace

Kri TargetRefToKri(const Kri& origin, const TargetRef& ref) {
  if (origin == Kri{}) return {};
  if (ref.kind == TargetKind::kMesh) return MeshKri(origin.mesh);
  return Kri{.type = ref.kind_text, .mesh = origin.mesh, .zone = origin.zone, .ns = ref.ns.empty() ? origin.ns : ref.ns, .name = ref.name, .section = {}};
}

std::vector<ResolvedTarget> ResolveTargetRef(const TargetRef& ref, const ResourceMeta& policy, const mesh::Snapshot& snapshot) {
  switch (ref.kind) {
    case TargetKind::kMesh:
      if (snapshot.mesh == nullptr || policy.mesh() != snapshot.mesh->name) return {};
      return {{MeshKri(snapshot.mesh->name), &snapshot.mesh->resource->meta}};
    case TargetKind::kMeshHttpRoute:
      return ResolveRoutes(ref, policy, snapshot);
    case TargetKind::kMeshService:
    case TargetKind::kMeshExternalService:
    case TargetKind::kMeshMultiZoneService:
      break;
    default:
      return {};
  }
  uint32_t port = 0;
  std::vector<const mesh::Destination*> found;
  const auto legacy = ref.kind == TargetKind::kMeshService && ref.section.empty() ? ParseLegacyService(ref.name) : std::nullopt;
  if (legacy.has_value()) {
    port = legacy->port;
    found = snapshot.DestinationsByLabels(ref.kind_text, {{std::string(kNamespaceLabel), legacy->ns}, {std::string(kDisplayNameLabel), legacy->name}});
  } else if (ref.labels.has_value() && !ref.labels->empty()) {
    found = snapshot.DestinationsByLabels(ref.kind_text, *ref.labels);
  } else if (const mesh::Destination* destination = snapshot.FindDestination(TargetRefToKri(KriOf(policy), ref)); destination != nullptr) {
    found.push_back(destination);
  }
  std::vector<ResolvedTarget> out;
  for (const mesh::Destination* destination : found) {
    ResolvedTarget target{destination->kri, &destination->resource->meta};
    if (port != 0 || !ref.section.empty()) {
      // Policies know a port that has a name by that name alone.
      const auto own = std::find_if(destination->ports.begin(), destination->ports.end(), [&](const mesh::DestinationPort& one) {
        return port != 0 ? one.port == port : one.SectionName() == ref.section;
      });
      if (own == destination->ports.end()) continue;
      target.kri = target.kri.WithSection(own->SectionName());
    }
    out.push_back(std::move(target));
  }
  return out;
}

std::optional<ResolvedBackend> ResolveBackendRef(const Kri& origin, const Json& backend_ref, const mesh::Snapshot& snapshot) {
  const TargetRef ref = ParseTargetRef(backend_ref);
  const int64_t port = GetInt(backend_ref, "port");
  ResolvedBackend out;
  out.weight = static_cast<uint32_t>(std::clamp<int64_t>(GetInt(backend_ref, "weight", 1), 0, UINT32_MAX));
  switch (ref.kind) {
    case TargetKind::kMeshService:
      out.real = !ref.section.empty() || !Get(backend_ref, "port").is_null();
      break;
    case TargetKind::kMeshExternalService:
    case TargetKind::kMeshMultiZoneService:
      out.real = true;
      break;
    default:
      break;
  }
  if (!out.real) return out;
  out.resource = TargetRefToKri(origin, ref);
  if (ref.labels.has_value() && !ref.labels->empty()) {
    const mesh::Destination* oldest = nullptr;
    for (const mesh::Destination* candidate : snapshot.DestinationsByLabels(ref.kind_text, *ref.labels)) {
      if (oldest == nullptr || candidate->resource->meta.creation_time < oldest->resource->meta.creation_time) oldest = candidate;
    }
    if (oldest == nullptr) return std::nullopt;
    out.resource = oldest->kri;
  }
  if (out.resource == Kri{}) return std::nullopt;
  if (!ref.section.empty()) {
    out.resource = out.resource.WithSection(ref.section);
  } else if (port > 0) {
    out.resource = out.resource.WithSection(std::to_string(port));
  }
  return out;
}

}  // namespace kuma::policy
