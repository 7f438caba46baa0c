// targetRef as a value, read once from a policy's document. Used by matching, ordering and resolving. Never fails: validation
// has happened at write time, and what it does not know becomes TargetKind::kUnknown.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/mesh/facts.h"

namespace kuma::policy {

// Numbers are the precedence of kinds: a policy with a higher one overrides (docs: policies, merging).
enum class TargetKind {
  kUnknown = 0,
  kMesh = 1,
  kDataplane = 2,
  kMeshSubset = 3,
  kMeshGateway = 4,
  kMeshService = 5,
  kMeshExternalService = 6,
  kMeshMultiZoneService = 7,
  kMeshServiceSubset = 8,
  kMeshHttpRoute = 9,
};

TargetKind ParseTargetKind(std::string_view text);

struct TargetRef {
  TargetKind kind = TargetKind::kMesh;
  std::string kind_text = "Mesh";
  std::string name;
  std::string ns;
  std::string section;
  std::optional<mesh::Tags> labels;  // set although empty: "by labels" differs from "not given"
  mesh::Tags tags;
  std::vector<std::string> proxy_types;

  // Kinds of the time before destinations were resources: they can be written as tags.
  bool IsOldKind() const;
  bool IsRealResource() const { return kind != TargetKind::kMeshSubset && kind != TargetKind::kMeshServiceSubset; }
};

// Null: the whole mesh.
TargetRef ParseTargetRef(const Json& document);

// Every condition holds; "*" means that the tag is there.
bool TagsMatch(const mesh::Tags& conditions, const mesh::Tags& tags);

}  // namespace kuma::policy
