#include "pkg/mesh/snapshot.h"

#include <algorithm>

#include "pkg/mesh/endpoints.h"

namespace kuma::mesh {
namespace {

const ResourceList kNoResources;

bool IsDestination(std::string_view type) { return type == "MeshService" || type == "MeshExternalService" || type == "MeshMultiZoneService"; }

// Allocated addresses are kept in a Config resource per mesh; see pkg/reconcile/service_vips.h.
std::string MeshOfVipConfig(const std::string& name) {
  constexpr std::string_view kPrefix = "kuma-";
  constexpr std::string_view kSuffix = "-dns-vips";
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix) || name.size() <= kPrefix.size() + kSuffix.size()) return {};
  return name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
}

// By entry ("0:service", "1:host"): the entry as it is stored.
SharedMap<std::string, std::string> ParseServiceVips(const ResourcePtr& config) {
  std::map<std::string, std::string, std::less<>> vips;
  if (config != nullptr) {
    const Result<Json> view = ParseJson(GetString(config->spec, "config"));
    if (view.ok() && view->is_object()) {
      for (const auto& [entry, value] : view->items()) {
        if (!GetString(value, "address").empty()) vips.emplace(entry, ToJsonText(value));
      }
    }
  }
  return std::make_shared<const std::map<std::string, std::string, std::less<>>>(std::move(vips));
}

}  // namespace

const std::map<std::string, DataplanePtr, std::less<>>& Snapshot::AllDataplanes() const {
  if (reads != nullptr) reads->all_dataplanes = true;
  return *dataplanes;
}

const std::map<std::string, ServiceInfoPtr, std::less<>>& Snapshot::AllServices() const {
  if (reads != nullptr) reads->all_services = true;
  return *services;
}

const std::map<Kri, DestinationPtr>& Snapshot::AllDestinations() const {
  if (reads != nullptr) reads->all_destinations = true;
  return *destinations;
}

const std::map<std::string, std::string, std::less<>>& Snapshot::ServiceVips() const {
  if (reads != nullptr) reads->service_vips = true;
  return *service_vips;
}

const ResourceList& Snapshot::ZoneIngresses() const {
  if (reads != nullptr) reads->zone_proxies = true;
  return *zone_ingresses;
}

const ResourceList& Snapshot::ZoneEgresses() const {
  if (reads != nullptr) reads->zone_proxies = true;
  return *zone_egresses;
}

const DataplanePtr* Snapshot::FindDataplane(std::string_view name) const {
  if (reads != nullptr) reads->dataplanes.emplace(name);
  const auto it = dataplanes->find(name);
  return it == dataplanes->end() ? nullptr : &it->second;
}

const EndpointSet* Snapshot::FindEndpoints(std::string_view name) const {
  if (reads != nullptr) reads->endpoints.emplace(name);
  const auto it = endpoints->find(name);
  return it == endpoints->end() ? nullptr : it->second.get();
}

const ServiceInfo* Snapshot::FindService(std::string_view name) const {
  if (reads != nullptr) reads->services.emplace(name);
  const auto it = services->find(name);
  return it == services->end() ? nullptr : it->second.get();
}

const Destination* Snapshot::FindDestination(const Kri& kri_without_section) const {
  if (reads != nullptr) reads->destinations.insert(kri_without_section);
  const auto it = destinations->find(kri_without_section);
  return it == destinations->end() ? nullptr : it->second.get();
}

std::vector<const Destination*> Snapshot::DestinationsByLabels(std::string_view type, const Tags& wanted) const {
  std::vector<const Destination*> out;
  for (const auto& [kri, destination] : AllDestinations()) {
    if (kri.type != type) continue;
    const bool all = std::all_of(wanted.begin(), wanted.end(), [&](const auto& pair) {
      if (pair.first == kDisplayNameLabel && kri.name == pair.second) return true;
      return destination->resource->Label(pair.first) == pair.second && destination->resource->meta.labels.contains(pair.first);
    });
    if (all) out.push_back(destination.get());
  }
  return out;
}

const ResourceList& Snapshot::Resources(std::string_view type) const {
  if (reads != nullptr) reads->types.emplace(type);
  const auto it = resources->find(type);
  return it == resources->end() ? kNoResources : *it->second;
}

bool ReadSet::IsTouchedBy(const Changes& changes) const {
  const auto any = [](const auto& read, const auto& changed) {
    return std::any_of(changed.begin(), changed.end(), [&](const auto& name) { return read.contains(name); });
  };
  return changes.mesh || (service_vips && changes.service_vips) || (zone_proxies && changes.zone_proxies) || (all_dataplanes && !changes.dataplanes.empty()) ||
         (all_services && !changes.services.empty()) || (all_destinations && !changes.destinations.empty()) || any(endpoints, changes.endpoints) ||
         any(services, changes.services) || any(dataplanes, changes.dataplanes) || any(destinations, changes.destinations);
}

bool Changes::empty() const {
  return !mesh && dataplanes.empty() && endpoints.empty() && services.empty() && destinations.empty() && resources.empty() && !zone_proxies && !service_vips;
}

// The mutable side of one mesh: maps and indexes that the next snapshot is made from.
struct SnapshotBuilder::MeshState {
  bool dirty = false;
  // Whether the maps below differ from those of the last snapshot, be it in what no proxy reads.
  bool dataplanes_differ = false;
  bool destinations_differ = false;
  MeshConfigPtr mesh;
  std::map<std::string, DataplanePtr, std::less<>> dataplanes;
  std::map<std::string, std::set<std::string>, std::less<>> by_service;
  std::map<Kri, DestinationPtr> destinations;
  std::set<std::string, std::less<>> owned_names;  // legacy names of all ports of all destinations
  std::map<std::string, std::map<std::string, ResourcePtr>, std::less<>> resources;
  std::map<std::string, std::string, std::less<>> issued_backends;  // dataplane -> backend of its certificate
  std::map<std::string, EndpointSetPtr, std::less<>> endpoints;
  std::map<std::string, ServiceInfoPtr, std::less<>> services;
  SharedMap<std::string, std::string> service_vips = std::make_shared<const std::map<std::string, std::string, std::less<>>>();

  Changes changes;
  std::set<std::string> dirty_services;  // tag services to recompute
  std::set<Kri> dirty_destinations;
  std::set<std::string> dirty_types;
  bool all_dirty = false;
  SnapshotPtr snapshot;

  void PutDataplane(const std::string& name, DataplanePtr next);
  void PutDestination(const ResourcePtr& old_value, const ResourcePtr& new_value, const std::string& zone);
  void DropPorts(const Destination& destination, const Destination* next);
  void MarkServicesOf(const Dataplane& dataplane);
  void RefreshEndpoints(const EndpointSources& sources);
  void RefreshService(const EndpointSources& sources, const std::string& service);
  void RefreshDestination(const EndpointSources& sources, const Kri& kri);
  void SetEndpoints(const std::string& name, std::vector<Endpoint> endpoints, bool keep_empty);
  bool TlsReady(const std::string& service) const;
};

void SnapshotBuilder::MeshState::MarkServicesOf(const Dataplane& dataplane) {
  for (std::string& service : dataplane.Services()) dirty_services.insert(std::move(service));
  for (const auto& [kri, destination] : destinations) {
    if (kri.type == "MeshService" && destination->local && SelectsDataplane(*destination, dataplane, false)) dirty_destinations.insert(kri);
  }
  const auto is_egress = [](const ProxyListener& listener) { return listener.type == "ZoneEgress"; };
  if (std::none_of(dataplane.listeners.begin(), dataplane.listeners.end(), is_egress)) return;
  // The way to every external service changes.
  for (const auto& [kri, destination] : destinations) {
    if (kri.type == "MeshExternalService") dirty_destinations.insert(kri);
  }
  if (const auto external = resources.find("ExternalService"); external != resources.end()) {
    for (const auto& [name, service] : external->second) dirty_services.insert(GetString(Get(service->spec, "tags"), kServiceTag));
  }
}

void SnapshotBuilder::MeshState::PutDataplane(const std::string& name, DataplanePtr next) {
  dataplanes_differ = true;
  const auto it = dataplanes.find(name);
  const DataplanePtr previous = it == dataplanes.end() ? nullptr : it->second;
  if (previous != nullptr && next != nullptr && previous->digest == next->digest) {
    it->second = std::move(next);  // meta data only, for readers of the API
    return;
  }
  changes.dataplanes.insert(name);
  if (previous != nullptr) {
    MarkServicesOf(*previous);
    for (const std::string& service : previous->Services()) {
      auto& names = by_service[service];
      names.erase(name);
      if (names.empty()) by_service.erase(service);
    }
  }
  if (next == nullptr) {
    dataplanes.erase(name);
    return;
  }
  MarkServicesOf(*next);
  for (const std::string& service : next->Services()) by_service[service].insert(name);
  dataplanes[name] = std::move(next);
}

void SnapshotBuilder::MeshState::PutDestination(const ResourcePtr& old_value, const ResourcePtr& new_value, const std::string& zone) {
  destinations_differ = true;
  DestinationPtr next = new_value != nullptr ? ParseDestination(new_value, zone) : nullptr;
  if (old_value != nullptr) {
    const Kri old_kri = KriOf(old_value->meta);
    const auto it = destinations.find(old_kri);
    if (next != nullptr && next->kri == old_kri && it != destinations.end() && it->second->digest == next->digest) {
      it->second = std::move(next);
      return;
    }
    if (it != destinations.end()) {
      const bool stays = next != nullptr && next->kri == old_kri;
      DropPorts(*it->second, stays ? next.get() : nullptr);
      if (!stays) destinations.erase(it);
    }
    changes.destinations.insert(old_kri);
    dirty_destinations.insert(old_kri);
  }
  if (next == nullptr) return;
  changes.destinations.insert(next->kri);
  dirty_destinations.insert(next->kri);
  for (const DestinationPort& port : next->ports) {
    std::string name = next->LegacyName(port);
    dirty_services.insert(name);  // proxies that carry the name as a tag step back
    owned_names.insert(std::move(name));
  }
  destinations[next->kri] = std::move(next);
}

// Forgets the ports that `next` does not have; a service known by the same tag shows again.
void SnapshotBuilder::MeshState::DropPorts(const Destination& destination, const Destination* next) {
  for (const DestinationPort& port : destination.ports) {
    if (next != nullptr && next->FindPort(port.port) != nullptr) continue;
    const std::string name = destination.LegacyName(port);
    owned_names.erase(name);
    dirty_services.insert(name);
    if (endpoints.erase(name) > 0) changes.endpoints.insert(name);
  }
}

bool SnapshotBuilder::MeshState::TlsReady(const std::string& service) const {
  const auto it = by_service.find(service);
  if (it == by_service.end() || mesh == nullptr) return false;
  return std::all_of(it->second.begin(), it->second.end(), [&](const std::string& name) {
    const auto issued = issued_backends.find(name);
    return issued != issued_backends.end() && issued->second == mesh->backend_name;
  });
}

void SnapshotBuilder::MeshState::SetEndpoints(const std::string& name, std::vector<Endpoint> list, bool keep_empty) {
  const auto it = endpoints.find(name);
  if (list.empty() && !keep_empty) {
    if (it != endpoints.end()) {
      endpoints.erase(it);
      changes.endpoints.insert(name);
    }
    return;
  }
  EndpointSetPtr set = MakeEndpointSet(std::move(list));
  if (it != endpoints.end() && it->second->digest == set->digest) return;
  endpoints[name] = std::move(set);
  changes.endpoints.insert(name);
}

void SnapshotBuilder::MeshState::RefreshService(const EndpointSources& sources, const std::string& service) {
  // A destination that owns the name wins over proxies that carry it as a tag.
  if (owned_names.contains(service)) {
    if (services.erase(service) > 0) changes.services.insert(service);
    return;
  }
  SetEndpoints(service, TagServiceEndpoints(sources, service), false);
  const auto found = endpoints.find(service);
  auto info = std::make_shared<ServiceInfo>();
  info->name = service;
  info->protocol = found == endpoints.end() ? Protocol::kUnknown : ProtocolOf(found->second->endpoints);
  info->external = found != endpoints.end() && !found->second->endpoints.empty() && found->second->endpoints.front().external != nullptr;
  info->tls_ready = info->external || TlsReady(service);
  info->digest = DigestBuilder().Add(service).Add(ProtocolName(info->protocol)).Add(uint64_t{info->tls_ready}).Add(uint64_t{info->external}).Finish();
  const auto it = services.find(service);
  if (found == endpoints.end() && !by_service.contains(service)) {
    if (it != services.end()) {
      services.erase(it);
      changes.services.insert(service);
    }
    return;
  }
  if (it != services.end() && it->second->digest == info->digest) return;
  services[service] = std::move(info);
  changes.services.insert(service);
}

void SnapshotBuilder::MeshState::RefreshDestination(const EndpointSources& sources, const Kri& kri) {
  const auto it = destinations.find(kri);
  if (it == destinations.end()) return;
  for (const DestinationPort& port : it->second->ports) {
    SetEndpoints(it->second->LegacyName(port), DestinationEndpoints(sources, *it->second, port), true);
  }
}

void SnapshotBuilder::MeshState::RefreshEndpoints(const EndpointSources& sources) {
  if (all_dirty) {
    for (const auto& [service, names] : by_service) dirty_services.insert(service);
    for (const auto& [service, info] : services) dirty_services.insert(service);
    for (const ResourcePtr& ingress : sources.zone_ingresses) {
      for (const Json& available : Get(ingress->spec, "availableServices")) {
        if (mesh != nullptr && GetString(available, "mesh") == mesh->name) dirty_services.insert(GetString(Get(available, "tags"), kServiceTag));
      }
    }
    for (const ResourcePtr& external : sources.external_services) dirty_services.insert(GetString(Get(external->spec, "tags"), kServiceTag));
    for (const auto& [kri, destination] : destinations) dirty_destinations.insert(kri);
  }
  for (const Kri& kri : dirty_destinations) {
    if (kri.type != "MeshMultiZoneService") RefreshDestination(sources, kri);
  }
  // A MeshMultiZoneService reuses the endpoints of its members.
  for (const auto& [kri, destination] : destinations) {
    if (kri.type != "MeshMultiZoneService") continue;
    const bool touched = dirty_destinations.contains(kri) || std::any_of(destination->members.begin(), destination->members.end(),
                                                                        [&](const Kri& member) { return dirty_destinations.contains(member); });
    if (touched) RefreshDestination(sources, kri);
  }
  for (const std::string& service : dirty_services) RefreshService(sources, service);
}

SnapshotBuilder::SnapshotBuilder(std::string local_zone) : zone_(std::move(local_zone)) {}
SnapshotBuilder::~SnapshotBuilder() = default;

void SnapshotBuilder::Apply(const ResourcePtr& old_value, const ResourcePtr& new_value) {
  const ResourceMeta& meta = (new_value != nullptr ? new_value : old_value)->meta;
  const std::string& type = meta.type();
  if (type == "ZoneIngress" || type == "ZoneEgress") {
    auto& map = type == "ZoneIngress" ? zone_ingresses_ : zone_egresses_;
    if (new_value != nullptr) {
      ResourcePtr& slot = map[meta.name()];
      const bool same = slot != nullptr && slot->spec == new_value->spec && slot->meta.labels == new_value->meta.labels;
      slot = new_value;
      if (same) return;  // e.g. a heartbeat
    } else {
      map.erase(meta.name());
    }
    const auto is_local = [&](const ResourcePtr& ingress) {
      if (ingress == nullptr) return true;
      const std::string zone = GetString(ingress->spec, "zone", std::string(ingress->Label(kZoneLabel)));
      return zone.empty() || zone == zone_;
    };
    const bool local_ingress = type == "ZoneIngress" && is_local(old_value) && is_local(new_value);
    (local_ingress ? local_ingress_changed_ : zone_proxies_changed_) = true;
    return;
  }
  const std::string vips_of = type == "Config" ? MeshOfVipConfig(meta.name()) : std::string();
  const std::string& mesh_name = type == "Mesh" ? meta.name() : type == "Config" ? vips_of : meta.mesh();
  if (mesh_name.empty()) return;
  std::unique_ptr<MeshState>& slot = meshes_[mesh_name];
  if (slot == nullptr) slot = std::make_unique<MeshState>();
  MeshState& state = *slot;
  if (type == "Mesh") {
    MeshConfigPtr next = new_value != nullptr ? ParseMesh(new_value) : nullptr;
    const bool same = next != nullptr && state.mesh != nullptr && next->digest == state.mesh->digest;
    state.mesh = std::move(next);
    state.dirty = true;
    if (same) return;
    state.changes.mesh = true;
    state.all_dirty = true;
  } else if (type == "Config") {
    state.service_vips = ParseServiceVips(new_value);
    state.changes.service_vips = true;
    state.dirty = true;
  } else if (type == "Dataplane") {
    state.PutDataplane(meta.name(), new_value != nullptr ? ParseDataplane(new_value) : nullptr);
    state.dirty = true;
  } else if (type == "DataplaneInsight") {
    const std::string backend = new_value != nullptr ? GetString(Get(new_value->spec, "mTLS"), "issuedBackend") : std::string();
    const auto known = state.issued_backends.find(meta.name());
    if ((known == state.issued_backends.end() ? std::string() : known->second) == backend) return;
    if (backend.empty()) {
      state.issued_backends.erase(known);
    } else {
      state.issued_backends[meta.name()] = backend;
    }
    if (const auto it = state.dataplanes.find(meta.name()); it != state.dataplanes.end()) {
      for (std::string& service : it->second->Services()) state.dirty_services.insert(std::move(service));
      state.dirty = true;
    }
  } else if (IsDestination(type)) {
    state.PutDestination(old_value, new_value, zone_);
    state.dirty = true;
  } else {
    // The rest is kept as documents: policies, identities, trust, telemetry backends, external services, secrets.
    auto& list = state.resources[type];
    const bool status_only = old_value != nullptr && new_value != nullptr && old_value->spec == new_value->spec &&
                             old_value->meta.labels == new_value->meta.labels && type != "MeshIdentity" && type != "MeshTrust";
    if (new_value != nullptr) {
      list[meta.name()] = new_value;
    } else {
      list.erase(meta.name());
    }
    state.dirty_types.insert(type);
    state.dirty = true;
    if (status_only) return;
    state.changes.resources.emplace_back(old_value, new_value);
    if (type == "MeshZoneAddress" || type == "ExternalService" || type == "MeshIdentity") state.all_dirty = true;
    // Certificates towards external services may be secrets.
    if (type == "Secret" && !state.resources["ExternalService"].empty()) state.all_dirty = true;
  }
}

std::map<std::string, SnapshotBuilder::Update> SnapshotBuilder::Build() {
  const auto listed = [](const std::map<std::string, ResourcePtr>& map) {
    ResourceList list;
    for (const auto& [name, resource] : map) list.push_back(resource);
    return std::make_shared<const ResourceList>(std::move(list));
  };
  const ResourceListPtr ingresses = listed(zone_ingresses_);
  const ResourceListPtr egresses = listed(zone_egresses_);
  std::map<std::string, Update> updates;
  for (auto& [name, state] : meshes_) {
    if (zone_proxies_changed_ || local_ingress_changed_) {
      state->dirty = true;
      state->all_dirty |= zone_proxies_changed_;
      state->changes.zone_proxies = true;
    }
    if (!state->dirty) continue;
    const auto list_of = [&](std::string_view type) {
      const auto it = state->resources.find(type);
      return it == state->resources.end() ? ResourceList() : *listed(it->second);
    };
    const ResourceList addresses = list_of("MeshZoneAddress");
    const ResourceList externals = list_of("ExternalService");
    const ResourceList secrets = externals.empty() ? ResourceList() : list_of("Secret");
    const EndpointSources sources{zone_,      state->mesh.get(), state->dataplanes, state->by_service, state->destinations, *ingresses, *egresses, addresses,
                                  externals, secrets, (state->mesh != nullptr && state->mesh->mtls_enabled) || !list_of("MeshIdentity").empty()};
    state->RefreshEndpoints(sources);

    auto next = std::make_shared<Snapshot>();
    const Snapshot* previous = state->snapshot.get();
    const Changes& changes = state->changes;
    next->mesh_name = name;
    next->zone = zone_;
    next->mesh = state->mesh;
    next->dataplanes = previous != nullptr && !state->dataplanes_differ
                           ? previous->dataplanes
                           : std::make_shared<const std::map<std::string, DataplanePtr, std::less<>>>(state->dataplanes);
    next->endpoints = previous != nullptr && changes.endpoints.empty()
                          ? previous->endpoints
                          : std::make_shared<const std::map<std::string, EndpointSetPtr, std::less<>>>(state->endpoints);
    next->services = previous != nullptr && changes.services.empty()
                         ? previous->services
                         : std::make_shared<const std::map<std::string, ServiceInfoPtr, std::less<>>>(state->services);
    next->destinations =
        previous != nullptr && !state->destinations_differ ? previous->destinations : std::make_shared<const std::map<Kri, DestinationPtr>>(state->destinations);
    std::map<std::string, ResourceListPtr, std::less<>> lists;
    for (const auto& [type, map] : state->resources) {
      const bool same = previous != nullptr && !state->dirty_types.contains(type) && previous->resources->contains(type);
      lists[type] = same ? previous->resources->find(type)->second : listed(map);
    }
    next->resources = std::make_shared<const std::map<std::string, ResourceListPtr, std::less<>>>(std::move(lists));
    next->service_vips = state->service_vips;
    next->zone_ingresses = ingresses;
    next->zone_egresses = egresses;
    next->revision = previous != nullptr ? previous->revision + 1 : 1;
    state->snapshot = next;
    updates[name] = Update{next, std::move(state->changes)};
    state->changes = Changes();
    state->dirty = false;
    state->dataplanes_differ = false;
    state->destinations_differ = false;
    state->all_dirty = false;
    state->dirty_services.clear();
    state->dirty_destinations.clear();
    state->dirty_types.clear();
  }
  zone_proxies_changed_ = false;
  local_ingress_changed_ = false;
  return updates;
}

std::vector<SnapshotPtr> SnapshotBuilder::All() const {
  std::vector<SnapshotPtr> all;
  for (const auto& [name, state] : meshes_) {
    if (state->snapshot != nullptr && state->snapshot->mesh != nullptr) all.push_back(state->snapshot);
  }
  return all;
}

ResourcePtr SnapshotBuilder::FindZoneIngress(const std::string& name) const {
  const auto it = zone_ingresses_.find(name);
  return it == zone_ingresses_.end() ? nullptr : it->second;
}

ResourcePtr SnapshotBuilder::FindZoneEgress(const std::string& name) const {
  const auto it = zone_egresses_.find(name);
  return it == zone_egresses_.end() ? nullptr : it->second;
}

SnapshotPtr SnapshotBuilder::Find(std::string_view mesh) const {
  const auto it = meshes_.find(mesh);
  return it == meshes_.end() ? nullptr : it->second->snapshot;
}

}  // namespace kuma::mesh
