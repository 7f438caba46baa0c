// Endpoint sets and service facts of a mesh, computed one name at a time so that a change costs what it touches.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "pkg/mesh/snapshot.h"

namespace kuma::mesh {

// What endpoint functions read: maps of the mesh being built. Borrowed for the call.
struct EndpointSources {
  const std::string& zone;
  const MeshConfig* mesh = nullptr;
  const std::map<std::string, DataplanePtr, std::less<>>& dataplanes;
  const std::map<std::string, std::set<std::string>, std::less<>>& by_service;  // service tag -> dataplane names
  const std::map<Kri, DestinationPtr>& destinations;
  const ResourceList& zone_ingresses;
  const ResourceList& zone_egresses;
  const ResourceList& zone_addresses;     // MeshZoneAddress of the mesh
  const ResourceList& external_services;  // ExternalService of the mesh
  const ResourceList& secrets;            // Secret of the mesh, ordered by name
  bool mtls_or_identity = false;          // mTLS enabled, or a MeshIdentity exists
};

// Priority 0 for the local zone, 1 for others when the mesh is locality aware; nullopt without a zone.
std::optional<Locality> LocalityOf(std::string_view local_zone, std::string_view other_zone, bool locality_aware);

// Endpoints of a service known by tag: ready inbounds of this zone's proxies, then what remote zone ingresses offer.
std::vector<Endpoint> TagServiceEndpoints(const EndpointSources& sources, std::string_view service);
// Endpoints of one port of a destination.
std::vector<Endpoint> DestinationEndpoints(const EndpointSources& sources, const Destination& destination, const DestinationPort& port);
// What this zone's own proxies (and, through egresses, external services) offer of a set: what a zone ingress leads to.
std::vector<Endpoint> LocalEndpoints(const EndpointSet& set, std::string_view zone);
// What zone ingresses of other zones offer of a service: what a zone egress leads to.
std::vector<Endpoint> RemoteServiceEndpoints(const ResourceList& zone_ingresses, const MeshConfig& mesh, std::string_view zone, std::string_view service);
EndpointSetPtr MakeEndpointSet(std::vector<Endpoint> endpoints);
// The common protocol of all endpoints; kUnknown for none.
Protocol ProtocolOf(const std::vector<Endpoint>& endpoints);

// The MeshService's selector against a proxy. `ready_only`: only ready inbounds count.
bool SelectsDataplane(const Destination& mesh_service, const Dataplane& dataplane, bool ready_only);
bool MatchesPort(const Inbound& inbound, const DestinationPort& port);

}  // namespace kuma::mesh
