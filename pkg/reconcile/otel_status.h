// Conditions about MeshOpenTelemetryBackends: whether the backendRefs of MeshAccessLog, MeshTrace and MeshMetric lead somewhere, and
// how many of them name each backend. Feed it the store's initial state and events, then Run(). Not thread-safe.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "pkg/store/admission.h"

namespace kuma::reconcile {

class OtelStatus {
 public:
  explicit OtelStatus(store::Admission& admission) : admission_(admission) {}

  void Apply(const ResourcePtr& old_value, const ResourcePtr& new_value);
  bool dirty() const { return !dirty_.empty(); }
  // Writes what is wrong in the meshes that changed.
  void Run();

 private:
  using ByKey = std::map<ResourceKey, ResourcePtr>;
  struct MeshState {
    ByKey policies, backends;
  };
  void SetCondition(ResourcePtr& resource, const Json& condition);

  store::Admission& admission_;
  std::map<std::string, MeshState> meshes_;
  std::set<std::string> dirty_;
};

// What a policy refers to: {labels} objects, in the order of the document.
std::vector<Json> OtelBackendRefs(const Resource& policy);

}  // namespace kuma::reconcile
