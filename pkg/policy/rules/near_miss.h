// Why a policy does nothing for a proxy, told by what is nearest to a match: the label that differs, the section that is missing, the
// destination that does not exist. Used by explain. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pkg/mesh/snapshot.h"
#include "pkg/policy/rules/target_ref.h"

namespace kuma::policy {

struct NearMiss {
  int distance = 0;    // how much would have to be different; the nearest policies are shown first
  std::string reason;  // "label app: wants \"web\", the proxy has \"api\""
};

// Nothing: the policy selects the proxy (SelectProxy agrees, always).
std::optional<NearMiss> FindNearMiss(const ResourceMeta& policy, const TargetRef& top, const mesh::Dataplane& dataplane,
                                     const mesh::Snapshot& snapshot);

// Why an entry of `to` means no destination; nothing: it means one, or is of a kind that needs none.
std::optional<std::string> WhyUnresolved(const TargetRef& target, const ResourceMeta& policy, const mesh::Snapshot& snapshot);

// "Dataplane app=web section http", "Mesh", "MeshSubset version=v1", "MeshService backend".
std::string TargetText(const TargetRef& target);

}  // namespace kuma::policy
