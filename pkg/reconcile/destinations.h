// Owns what the control plane computes about destinations: MeshServices and Workloads made from Dataplanes (Universal), virtual
// addresses, host names, counts, identities, TLS readiness and matches of MeshMultiZoneServices. Runs on one loop: feed it the
// watch's initial state and events, then call Run(); it looks only at meshes that changed. Not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/base/duration.h"
#include "pkg/reconcile/ipam.h"
#include "pkg/store/admission.h"

namespace kuma::reconcile {

struct DestinationOptions {
  std::string zone;
  bool generate = true;                                // MeshServices and Workloads from Dataplanes; only Universal zones
  Nanos deletion_grace_period = std::chrono::hours(1);
  std::string mesh_service_cidr = "241.0.0.0/8";
  std::string mesh_external_service_cidr = "242.0.0.0/8";
  std::string mesh_multi_zone_service_cidr = "243.0.0.0/8";
  // From MeshIdentity: SPIFFE IDs a proxy has, and whether it is served by an identity whose trust domain is known.
  using Identities = std::vector<ResourcePtr>;  // MeshIdentities of the mesh, by name
  std::function<std::vector<std::string>(const Identities&, const Resource& dataplane)> spiffe_ids;
  std::function<bool(const Identities&, const std::set<std::string>& trust_domains, const Resource& dataplane)> has_identity;
};

class Destinations {
 public:
  static Result<std::unique_ptr<Destinations>> Make(store::Admission& admission, const Clock& clock, DestinationOptions options);

  void Start(const std::vector<ResourcePtr>& initial);
  void Apply(const std::vector<store::Event>& events);
  bool dirty() const { return !dirty_.empty(); }
  // Brings the changed meshes up to date. Result: when it wants to run again without an event (a grace period ends).
  std::optional<SystemTime> Run();

 private:
  using ByName = std::map<std::string, ResourcePtr>;
  struct MeshState {
    ResourcePtr mesh;
    ByName dataplanes, insights, services, external, multi_zone, workloads, identities, trusts;
  };

  Destinations(store::Admission& admission, const Clock& clock, DestinationOptions options)
      : admission_(admission), clock_(clock), options_(std::move(options)) {}
  void Track(const ResourcePtr& old_value, const ResourcePtr& new_value);
  void GenerateServices(const std::string& mesh, MeshState& state);
  void GenerateWorkloads(const std::string& mesh, MeshState& state);
  void UpdateServices(MeshState& state);
  void UpdateExternal(MeshState& state);
  void UpdateMultiZone(MeshState& state);
  void UpdateWorkloads(MeshState& state);
  // status.addresses and status.hostnameGenerators of all destinations of one kind, by name.
  std::map<std::string, std::pair<Json, Json>> Hostnames(const ByName& services, const char* selector, const char* type) const;
  void Save(const ResourcePtr& old_value, Resource next, ByName& in);

  store::Admission& admission_;
  const Clock& clock_;
  const DestinationOptions options_;
  std::map<std::string, MeshState> meshes_;
  ByName generators_;
  std::set<std::string> dirty_;
  std::optional<SystemTime> next_run_;
  Ipam service_ips_, external_ips_, multi_zone_ips_;
};

// The Dataplanes a MeshService selects; every one with at least one inbound. Ordered by name.
std::vector<ResourcePtr> SelectedDataplanes(const Resource& service, const std::map<std::string, ResourcePtr>& dataplanes);

}  // namespace kuma::reconcile
