#include "pkg/policy/rules/target_ref.h"

#include <algorithm>
#include <array>
#include <utility>

namespace kuma::policy {
namespace {

constexpr std::array<std::pair<std::string_view, TargetKind>, 9> kKinds = {{
    {"Mesh", TargetKind::kMesh},
    {"Dataplane", TargetKind::kDataplane},
    {"MeshSubset", TargetKind::kMeshSubset},
    {"MeshGateway", TargetKind::kMeshGateway},
    {"MeshService", TargetKind::kMeshService},
    {"MeshExternalService", TargetKind::kMeshExternalService},
    {"MeshMultiZoneService", TargetKind::kMeshMultiZoneService},
    {"MeshServiceSubset", TargetKind::kMeshServiceSubset},
    {"MeshHTTPRoute", TargetKind::kMeshHttpRoute},
}};

}  // namespace

TargetKind ParseTargetKind(std::string_view text) {
  const auto it = std::find_if(kKinds.begin(), kKinds.end(), [&](const auto& row) { return row.first == text; });
  return it == kKinds.end() ? TargetKind::kUnknown : it->second;
}

bool TargetRef::IsOldKind() const {
  switch (kind) {
    case TargetKind::kMesh:
    case TargetKind::kMeshSubset:
    case TargetKind::kMeshServiceSubset:
    case TargetKind::kMeshService:
    case TargetKind::kMeshGateway:
    case TargetKind::kMeshHttpRoute:
      return true;
    default:
      return false;
  }
}

TargetRef ParseTargetRef(const Json& document) {
  TargetRef ref;
  if (!document.is_object()) return ref;
  ref.kind_text = GetString(document, "kind");
  ref.kind = ParseTargetKind(ref.kind_text);
  ref.name = GetString(document, "name");
  ref.ns = GetString(document, "namespace");
  ref.section = GetString(document, "sectionName");
  if (const Json& labels = Get(document, "labels"); labels.is_object()) ref.labels = TextMembers(labels);
  ref.tags = TextMembers(Get(document, "tags"));
  if (const Json& types = Get(document, "proxyTypes"); types.is_array()) {
    for (const Json& type : types) {
      if (type.is_string()) ref.proxy_types.push_back(type.get<std::string>());
    }
  }
  return ref;
}

bool TagsMatch(const mesh::Tags& conditions, const mesh::Tags& tags) {
  return std::all_of(conditions.begin(), conditions.end(), [&](const auto& condition) {
    const auto it = tags.find(condition.first);
    return it != tags.end() && (it->second == condition.second || condition.second == "*");
  });
}

}  // namespace kuma::policy
