// All facts of one mesh at one revision. Immutable; a change makes a new snapshot that shares what it did not touch.
// SnapshotBuilder turns store events into snapshots and says which facts changed, so that only proxies that read them are recomputed.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "pkg/mesh/facts.h"
#include "pkg/store/watch.h"

namespace kuma::mesh {

template <typename K, typename V>
using SharedMap = std::shared_ptr<const std::map<K, V, std::less<>>>;

using ResourceList = std::vector<ResourcePtr>;  // ordered by name
using ResourceListPtr = std::shared_ptr<const ResourceList>;

struct Changes;

// What a computation fetched from a snapshot. Recorded, not declared: a proxy is recomputed exactly when something it read changed.
struct ReadSet {
  std::set<std::string, std::less<>> endpoints;   // absent ones too: their appearance matters as much
  std::set<std::string, std::less<>> services;
  std::set<std::string, std::less<>> dataplanes;
  std::set<std::string, std::less<>> types;       // lists of resources
  std::set<Kri> destinations;
  bool all_destinations = false;
  bool all_dataplanes = false;
  bool all_services = false;
  bool service_vips = false;
  bool zone_proxies = false;

  // Lists of resources are left out: policies are matched one by one by the caller.
  bool IsTouchedBy(const Changes& changes) const;
};

struct Snapshot {
  std::string mesh_name;
  std::string zone;                    // local zone
  MeshConfigPtr mesh;                  // null: the mesh does not exist
  SharedMap<std::string, DataplanePtr> dataplanes;
  SharedMap<std::string, EndpointSetPtr> endpoints;    // by service tag or Destination::LegacyName
  SharedMap<std::string, ServiceInfoPtr> services;     // by service tag
  std::shared_ptr<const std::map<Kri, DestinationPtr>> destinations;
  SharedMap<std::string, ResourceListPtr> resources;   // by type: policies, MeshIdentity, MeshTrust, MeshOpenTelemetryBackend, ...
  SharedMap<std::string, std::string> service_vips;    // by entry ("0:service", "1:host"): the entry of the VIP configuration as JSON
  ResourceListPtr zone_ingresses;                      // global types, shared by all meshes
  ResourceListPtr zone_egresses;
  uint64_t revision = 0;
  // Set on the copy that one proxy is planned with (mesh loop only); lookups below record into it. Code that plans proxies uses the
  // lookups, never the maps.
  ReadSet* reads = nullptr;

  const std::map<std::string, DataplanePtr, std::less<>>& AllDataplanes() const;
  const std::map<std::string, ServiceInfoPtr, std::less<>>& AllServices() const;
  const std::map<Kri, DestinationPtr>& AllDestinations() const;
  const std::map<std::string, std::string, std::less<>>& ServiceVips() const;
  const ResourceList& ZoneIngresses() const;
  const ResourceList& ZoneEgresses() const;
  const DataplanePtr* FindDataplane(std::string_view name) const;
  const EndpointSet* FindEndpoints(std::string_view name) const;
  const ServiceInfo* FindService(std::string_view name) const;
  const Destination* FindDestination(const Kri& kri_without_section) const;
  // Destinations of a type whose labels hold all of `wanted`; name, zone and namespace of the KRI count as labels
  // (kuma.io/display-name, kuma.io/zone, k8s.kuma.io/namespace). Ordered by KRI.
  std::vector<const Destination*> DestinationsByLabels(std::string_view type, const Tags& wanted) const;
  // Never null; empty when there are none.
  const ResourceList& Resources(std::string_view type) const;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

// Names of facts that changed between two snapshots of a mesh.
struct Changes {
  bool mesh = false;                    // MeshConfig
  std::set<std::string> dataplanes;     // by name: added, removed or changed
  std::set<std::string> endpoints;      // by name
  std::set<std::string> services;
  std::set<Kri> destinations;
  // Policies and other listed resources: old and new value of each changed one.
  std::vector<std::pair<ResourcePtr, ResourcePtr>> resources;
  bool service_vips = false;
  bool zone_proxies = false;            // ZoneIngress or ZoneEgress changed

  bool empty() const;
};

class SnapshotBuilder {
 public:
  explicit SnapshotBuilder(std::string local_zone);
  ~SnapshotBuilder();

  // Feeds events in order. The meshes they touch are rebuilt by the next Build.
  void Apply(const ResourcePtr& old_value, const ResourcePtr& new_value);
  struct Update {
    SnapshotPtr snapshot;
    Changes changes;
  };
  // New snapshots of all meshes touched since the last call, by mesh name. A deleted mesh has a snapshot whose `mesh` is null.
  std::map<std::string, Update> Build();
  // The last built one; null when the mesh was never seen.
  SnapshotPtr Find(std::string_view mesh) const;
  // The last built ones of all meshes that exist, by name.
  std::vector<SnapshotPtr> All() const;
  // Zone proxies are global: they exist without any mesh. Null: none.
  ResourcePtr FindZoneIngress(const std::string& name) const;
  ResourcePtr FindZoneEgress(const std::string& name) const;

 private:
  struct MeshState;
  std::string zone_;
  std::map<std::string, std::unique_ptr<MeshState>, std::less<>> meshes_;
  std::map<std::string, ResourcePtr> zone_ingresses_;
  std::map<std::string, ResourcePtr> zone_egresses_;
  bool zone_proxies_changed_ = false;   // those that a mesh's endpoints are made of
  bool local_ingress_changed_ = false;  // only other zones look at it
};

}  // namespace kuma::mesh
