// What ZoneIngress and ZoneEgress have in common: they serve all meshes, have no Dataplane, and lead TLS connections on by server name
// without ending them, except a zone egress towards hosts outside of the mesh.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pkg/envoy/draft.h"
#include "pkg/mesh/snapshot.h"
#include "pkg/model/type.h"
#include "pkg/policy/drafts.h"
#include "pkg/policy/rules/engine.h"
#include "pkg/xds/identity.h"
#include "pkg/xds/proxy_directory.h"
#include "pkg/xds/units.h"

namespace kuma::xds {

struct ZoneProxyInput {
  const ProxyNode& node;
  ResourcePtr zone_proxy;                         // ZoneIngress or ZoneEgress
  std::vector<mesh::SnapshotPtr> meshes;          // that exist, by name
  std::map<std::string, IdentityPtr> identities;  // zone egress: by mesh
  AdminMaterialPtr admin;
  const TypeRegistry& types;
  std::string zone;
  policy::PolicyIndexCache* indexes = nullptr;
};

using TagsList = std::vector<mesh::Tags>;
// Tags by which routes of a mesh split a service; "*" holds those for every service, first the whole of it.
std::map<std::string, TagsList> RoutedTags(const mesh::Snapshot& snapshot);

// One server name that is led on to a cluster.
struct SniRoute {
  std::string sni;
  std::string cluster;
  mesh::Tags subset;  // of the cluster's endpoints; without kuma.io/service
};

// A cluster of another zone's or this zone's endpoints, with the server names that lead to it.
struct SniService {
  std::string name;  // service tag, or legacy name of a destination: the order of services
  std::string cluster;
  TagsList subsets;  // tags that some route of the mesh may ask for
  std::vector<SniRoute> routes;
  mesh::EndpointSetPtr endpoints;
  bool on_egress = false;  // policies work there
  // A zone egress does the failover between zones for its clients: localityAwareness (may be null) of the MeshLoadBalancingStrategy
  // for the service, and the egress's zone. Nothing: no such policy.
  std::optional<Json> awareness = {};
  std::string zone = {};
  bool track_remaining = false;  // expose what is left of the cluster's limits
};

// The routes to one service known by its tag. Tags that all endpoints share make no subset.
SniService MakeTagService(const std::string& mesh, const std::string& service, const std::map<std::string, TagsList>& routed, mesh::EndpointSetPtr endpoints);

// Clusters and endpoints of a service.
Unit SniServiceUnit(const SniService& service);
// Chains of all its server names.
void AddSniChains(envoy::ListenerDraft& listener, const SniService& service);
void AddSniDigest(DigestBuilder& digest, const SniService& service);

policy::ProxyFacts MakeZoneFacts(const ZoneProxyInput& input, const std::string& mesh);
Unit ZoneAdminUnit(const ZoneProxyInput& input);

struct ZoneListener {
  std::string address;
  uint32_t port = 0;
  std::string name;
  bool unified_naming = false;
  bool reuse_port = false;
};
ZoneListener MakeZoneListener(const ZoneProxyInput& input);
envoy::ListenerDraft DraftOf(const ZoneListener& listener);
void AddZoneListener(DigestBuilder& digest, const ZoneListener& listener);

}  // namespace kuma::xds
