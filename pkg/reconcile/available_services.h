// What this zone offers to others: keeps availableServices of the zone's own ZoneIngresses equal to the healthy inbounds of its
// Dataplanes and its external services (docs: multi-zone). Counts are kept up to date event by event; a write happens only when the
// list differs. Meshes with MeshServices only are left out: those are reached by other names. Not thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pkg/store/admission.h"

namespace kuma::reconcile {

struct AvailableServicesOptions {
  std::string zone;
  std::vector<std::string> tag_filters;  // prefixes of the tags that are published; empty: all
};

class AvailableServices {
 public:
  AvailableServices(store::Admission& admission, AvailableServicesOptions options) : admission_(admission), options_(std::move(options)) {}

  void Apply(const ResourcePtr& old_value, const ResourcePtr& new_value);
  bool dirty() const { return dirty_ && !ingresses_.empty(); }
  void Run();
  // The list as it should be now.
  Json List() const;

 private:
  struct MeshState {
    bool exclusive = false;
    bool zone_egress = false;
    std::map<std::string, int> services;  // tags as JSON text -> instances
    std::map<std::string, int> external;
  };
  void Count(const ResourcePtr& dataplane, int step);

  store::Admission& admission_;
  const AvailableServicesOptions options_;
  std::map<std::string, MeshState> meshes_;
  std::map<std::string, ResourcePtr> ingresses_;  // of this zone
  bool dirty_ = true;
};

}  // namespace kuma::reconcile
