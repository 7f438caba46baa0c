// From targetRefs and backendRefs to the resources they mean. Used by the rule engine and by generators of routes.
// Every lookup goes through the snapshot's recording functions.
#pragma once

#include <optional>
#include <vector>

#include "pkg/mesh/snapshot.h"
#include "pkg/policy/rules/target_ref.h"

namespace kuma::policy {

// Identity by name: mesh, zone and (when the ref has none) namespace are those of `origin`, the resource that refers.
Kri TargetRefToKri(const Kri& origin, const TargetRef& ref);

struct ResolvedTarget {
  Kri kri;  // section set when the ref names one
  const ResourceMeta* meta = nullptr;  // lives as long as the snapshot
};

// Resources that an entry of `to` means: by labels any number, by name at most one. Mesh means the mesh itself.
// Refs whose section or port the resource does not have resolve to nothing.
std::vector<ResolvedTarget> ResolveTargetRef(const TargetRef& ref, const ResourceMeta& policy, const mesh::Snapshot& snapshot);

struct ResolvedBackend {
  bool real = false;   // a destination resource; else the ref is by tags and `resource` is empty
  Kri resource;        // section: what the ref gave, a name or a port
  uint32_t weight = 1;
};

// Nothing: a ref to a resource by labels that no resource has. By labels the oldest resource is taken, so that new ones do not
// move traffic. A resource named by name need not exist.
std::optional<ResolvedBackend> ResolveBackendRef(const Kri& origin, const Json& backend_ref, const mesh::Snapshot& snapshot);

}  // namespace kuma::policy
