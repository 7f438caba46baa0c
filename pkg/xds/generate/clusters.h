// The clusters that a proxy's outbounds and routes need, found while routes are planned: each once, whoever asks for it.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pkg/envoy/cluster.h"
#include "pkg/envoy/listener.h"
#include "pkg/mesh/snapshot.h"
#include "pkg/xds/generate/slices.h"
#include "pkg/xds/units.h"

namespace kuma::xds {

// How a proxy talks TLS to a cluster.
struct ClusterTls {
  std::string sni;
  std::vector<std::string> exact_uris;  // accepted identities of the server
  std::string uri_prefix;               // or: every identity that starts so; both empty: any certificate of the CA
  std::map<std::string, std::string> sni_by_zone;  // endpoints of these zones are known by another name
};

struct ClusterPlan {
  std::string name;
  std::string service;             // tag, or legacy name of the destination: names endpoints and rules
  std::optional<Kri> destination;  // with section
  mesh::Tags tags;                 // of a subset, kuma.io/service included; empty for destinations
  mesh::Protocol protocol = mesh::Protocol::kUnknown;
  bool external = false;
  std::optional<ClusterTls> tls;
  mesh::EndpointSetPtr endpoints;  // null: none known
  bool fixed_endpoints = false;    // in the cluster itself, not over EDS
};

// Traffic to external services goes through the zone egress, which has this identity.
inline constexpr char kZoneEgressService[] = "zone-egress";

// Server name under which zone proxies know a port of a destination.
std::string SniOfDestination(const mesh::Destination& destination, const mesh::DestinationPort& port);
envoy::Host HostOf(const mesh::Endpoint& endpoint);
// Endpoints of a service whose addresses come over EDS. Envoy rejects a set with a host name in it, so those are left out and told.
std::vector<envoy::Host> WithoutHostNames(std::vector<envoy::Host> hosts, const std::string& service, std::vector<Warning>& warnings);

class ClusterPlanner {
 public:
  ClusterPlanner(const policy::ProxyFacts& facts, const mesh::Snapshot& snapshot) : facts_(facts), snapshot_(snapshot) {}

  // The cluster of a service by tags. Nothing: `http` is wanted and the service speaks something else.
  std::optional<envoy::WeightedTarget> ForService(const mesh::Tags& tags, uint32_t weight, bool http);
  // The cluster of one port of a destination; also nothing when it does not exist.
  std::optional<envoy::WeightedTarget> ForDestination(const Kri& with_section, uint32_t weight, bool http);
  // By a backendRef of a route policy. A weight of 0 is nothing.
  std::optional<envoy::WeightedTarget> ForBackendRef(const Kri& origin, const Json& ref, bool http);

  // Why ForBackendRef gave nothing.
  std::string Diagnose(const Kri& origin, const Json& ref, bool http) const;

  const std::map<std::string, ClusterPlan>& clusters() const { return clusters_; }

 private:
  std::optional<ClusterTls> TlsToService(const ClusterPlan& plan, const mesh::ServiceInfo* info) const;
  std::optional<ClusterTls> TlsToDestination(const mesh::Destination& destination, const mesh::DestinationPort& port,
                                             const Kri& with_section, bool through_egress) const;
  bool HasMeshScopedProxy(std::string_view zone) const;
  std::vector<std::string> IdentitiesOf(const mesh::Destination& destination) const;
  mesh::EndpointSetPtr FindEndpoints(const std::string& name) const;

  const policy::ProxyFacts& facts_;
  const mesh::Snapshot& snapshot_;
  std::map<std::string, ClusterPlan> clusters_;
};

// Units of a cluster and, unless they are fixed, of its endpoints. `has_outbound`: an outbound is to the service itself.
void AddClusterUnits(const std::shared_ptr<const policy::ProxyFacts>& facts, const ClusterPlan& plan, bool has_outbound, RuleSlicer& slicer,
                     std::vector<Unit>& units);

}  // namespace kuma::xds
