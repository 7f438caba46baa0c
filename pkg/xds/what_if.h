// Which proxies of a mesh would get another configuration if some resources changed, and the difference of each: two snapshots in,
// one answer a proxy out. One proxy is in memory at a time, and only the units that differ are generated. Used by dry runs. One thread.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "pkg/base/difference.h"
#include "pkg/xds/preview.h"

namespace kuma::xds {

// Whether a proxy that was planned reading `reads` has to be planned again; the same question the pipeline asks.
bool MayChange(const mesh::Changes& changes, const mesh::Snapshot& snapshot, const mesh::Dataplane& dataplane, const mesh::ReadSet& reads,
               const TypeRegistry& types);

enum class ChangeKind { kAdded, kRemoved, kChanged };
std::string_view ChangeKindName(ChangeKind kind);  // "added" …

struct EnvoyDifference {
  ResourceType type = ResourceType::kCluster;
  std::string name;
  ChangeKind kind = ChangeKind::kChanged;
  Json before;                          // null when added
  Json after;                           // null when removed
  std::vector<FieldDifference> fields;  // of a changed one
};

struct ProxyDifference {
  ChangeKind kind = ChangeKind::kChanged;                         // added, removed: the Dataplane itself
  std::vector<std::shared_ptr<const EnvoyDifference>> resources;  // by type, then name
};

struct WhatIfRequest {
  mesh::SnapshotPtr before;  // null or without a mesh: the mesh does not exist
  mesh::SnapshotPtr after;
  mesh::Changes changes;  // between the two
  const TypeRegistry& types;
  std::string zone;
};

class WhatIf {
 public:
  explicit WhatIf(WhatIfRequest request) : request_(std::move(request)) {}

  // Names of the Dataplanes of both sides, in order.
  std::vector<std::string> Dataplanes() const;
  // Nothing: the proxy keeps what it has. An error: a resource cannot be shown.
  Result<std::optional<ProxyDifference>> Compare(const ProxyNode& node);

 private:
  using Generated = std::shared_ptr<const std::vector<SealedPtr>>;
  using ResourcesByName = std::map<std::pair<ResourceType, std::string>, SealedPtr>;
  Generated Generate(const Unit& unit);
  ResourcesByName OutputOf(const std::vector<Unit>& units, const std::vector<Unit>& other);
  Result<std::shared_ptr<const EnvoyDifference>> CompareResource(ResourceType type, const std::string& name, const SealedPtr& before,
                                                                 const SealedPtr& after);

  const WhatIfRequest request_;
  ResourceCache cache_;
  // Replicas change alike: what was made for one is kept for the next, up to a limit.
  std::unordered_map<Digest, Generated> generated_;
  std::map<std::pair<Digest, Digest>, std::shared_ptr<const EnvoyDifference>> compared_;
  policy::PolicyIndexCache indexes_before_;
  policy::PolicyIndexCache indexes_after_;
};

}  // namespace kuma::xds
