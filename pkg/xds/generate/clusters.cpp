#include "pkg/xds/generate/clusters.h"

#include <algorithm>
#include <set>

#include "pkg/base/strings.h"
#include "pkg/ca/workload_identity.h"
#include "pkg/envoy/names.h"
#include "pkg/envoy/tls.h"
#include "pkg/policy/rules/resolve.h"

namespace kuma::xds {

namespace {

constexpr char kMeshTag[] = "kuma.io/mesh";

// Name of a MeshService in server names: what it is called where it comes from.
std::string SniName(const mesh::Destination& destination) {
  const ResourceMeta& meta = destination.resource->meta;
  if (destination.kri.type != "MeshService") return DisplayName(meta);
  const std::string_view ns = destination.resource->Label(kNamespaceLabel);
  const std::string_view origin = destination.resource->Label(kOriginLabel);
  if (origin == "global") return DisplayName(meta) + (ns.empty() ? "" : "." + std::string(ns));
  if (origin == "zone" && !ns.empty()) return meta.name() + "." + std::string(ns);
  return meta.name();
}

std::string SniOfKri(const Kri& kri) {
  std::vector<std::string> parts = {"sni",
                                    kri.type == "MeshService"           ? "msvc"
                                    : kri.type == "MeshExternalService" ? "extsvc"
                                                                        : "mzsvc",
                                    kri.mesh};
  if (!kri.zone.empty()) {
    parts.push_back(kri.zone);
    if (!kri.ns.empty()) parts.push_back(kri.ns);
  }
  parts.push_back(kri.name);
  parts.push_back(kri.section);
  return Join(parts, ".");
}

// SPIFFE IDs of the mesh's own egresses, by the MeshIdentities that select them.
std::vector<std::string> EgressIdentities(const mesh::Snapshot& snapshot, const std::string& zone) {
  std::set<std::string> ids;
  for (const auto& [name, dataplane] : snapshot.AllDataplanes()) {
    const auto is_egress = [](const mesh::ProxyListener& one) { return one.type == "ZoneEgress" && one.state == mesh::InboundState::kReady; };
    if (std::none_of(dataplane->listeners.begin(), dataplane->listeners.end(), is_egress)) continue;
    const ResourcePtr identity = ca::SelectIdentity(snapshot.Resources("MeshIdentity"), dataplane->labels());
    if (identity == nullptr) continue;
    const ca::SpiffeContext context{.zone = zone, .kubernetes = dataplane->labels().contains(std::string(kNamespaceLabel))};
    if (Result<std::string> id = ca::SpiffeIdOf(*identity, dataplane->resource->meta, context); id.ok()) ids.insert(*std::move(id));
  }
  return {ids.begin(), ids.end()};
}

}  // namespace

std::string SniOfDestination(const mesh::Destination& destination, const mesh::DestinationPort& port) {
  return envoy::SniOfResource(SniName(destination), destination.kri.mesh, destination.kri.type, port.port);
}

mesh::EndpointSetPtr ClusterPlanner::FindEndpoints(const std::string& name) const {
  if (snapshot_.FindEndpoints(name) == nullptr) return nullptr;  // records the read
  return snapshot_.endpoints->find(name)->second;
}

std::optional<envoy::WeightedTarget> ClusterPlanner::ForService(const mesh::Tags& tags, uint32_t weight, bool http) {
  const auto service = tags.find(kServiceTag);
  if (service == tags.end() || weight == 0) return std::nullopt;
  const mesh::ServiceInfo* info = snapshot_.FindService(service->second);
  const mesh::Protocol protocol = info == nullptr ? mesh::Protocol::kUnknown : info->protocol;
  if (http && !mesh::IsHttp(protocol)) return std::nullopt;

  ClusterPlan plan;
  plan.name = envoy::SubsetClusterName(tags);
  plan.service = service->second;
  plan.tags = tags;
  plan.tags.erase(kMeshTag);
  plan.protocol = protocol;
  plan.external = info != nullptr && info->external;
  const envoy::WeightedTarget target{plan.name, weight, plan.external};
  if (clusters_.contains(plan.name)) return target;
  plan.fixed_endpoints = plan.external && !facts_.zone_egress;
  plan.endpoints = FindEndpoints(plan.service);
  plan.tls = TlsToService(plan, info);
  clusters_.emplace(plan.name, std::move(plan));
  return target;
}

std::optional<envoy::WeightedTarget> ClusterPlanner::ForDestination(const Kri& with_section, uint32_t weight, bool http) {
  if (weight == 0) return std::nullopt;
  const mesh::Destination* destination = snapshot_.FindDestination(with_section.WithoutSection());
  const mesh::DestinationPort* port = destination == nullptr ? nullptr : destination->FindPort(std::string_view(with_section.section));
  if (port == nullptr || (http && !mesh::IsHttp(port->protocol))) return std::nullopt;

  ClusterPlan plan;
  plan.service = destination->LegacyName(*port);
  plan.name = facts_.unified_naming ? ToString(with_section, *facts_.types) : plan.service;
  plan.destination = with_section;
  plan.protocol = port->protocol;
  const bool leaves_mesh = destination->kri.type == "MeshExternalService";
  const envoy::WeightedTarget target{plan.name, weight, leaves_mesh};
  if (clusters_.contains(plan.name)) return target;
  plan.endpoints = FindEndpoints(plan.service);
  // Only by an egress does a MeshExternalService leave the mesh; without one it is a destination that nobody serves.
  plan.external = leaves_mesh && plan.endpoints != nullptr && !plan.endpoints->endpoints.empty();
  if (leaves_mesh && !plan.external) plan.protocol = mesh::Protocol::kUnknown;
  plan.tls = TlsToDestination(*destination, *port, with_section, plan.external);
  // Without an egress that this proxy can recognise there is no cluster, so that nothing leaves in plain text.
  if (plan.external && facts_.workload_identity && !plan.tls) return target;
  clusters_.emplace(plan.name, std::move(plan));
  return target;
}

std::optional<envoy::WeightedTarget> ClusterPlanner::ForBackendRef(const Kri& origin, const Json& ref, bool http) {
  const std::optional<policy::ResolvedBackend> resolved = policy::ResolveBackendRef(origin, ref, snapshot_);
  if (!resolved) return std::nullopt;
  if (resolved->real) return ForDestination(resolved->resource, resolved->weight, http);
  mesh::Tags tags = TextMembers(Get(ref, "tags"));
  tags[std::string(kServiceTag)] = GetString(ref, "name");
  return ForService(tags, resolved->weight, http);
}

std::string ClusterPlanner::Diagnose(const Kri& origin, const Json& ref, bool http) const {
  const std::string kind = GetString(ref, "kind");
  const std::optional<policy::ResolvedBackend> resolved = policy::ResolveBackendRef(origin, ref, snapshot_);
  if (!resolved) return "no " + kind + " has the labels " + ToJsonText(Get(ref, "labels"));
  const auto speaks = [&](mesh::Protocol protocol) { return " speaks " + std::string(ProtocolName(protocol)) + ", not HTTP"; };
  if (resolved->real) {
    const std::string what = kind + " " + resolved->resource.name;
    const mesh::Destination* destination = snapshot_.FindDestination(resolved->resource.WithoutSection());
    if (destination == nullptr) return what + " does not exist";
    const mesh::DestinationPort* port = destination->FindPort(std::string_view(resolved->resource.section));
    if (port == nullptr) {
      return what + (resolved->resource.section.empty() ? " needs a port in the backendRef" : " has no port " + resolved->resource.section);
    }
    if (http && !mesh::IsHttp(port->protocol)) return what + speaks(port->protocol);
    return what + " has weight 0";
  }
  const std::string what = "service " + GetString(ref, "name");
  const mesh::ServiceInfo* info = snapshot_.FindService(GetString(ref, "name"));
  if (info == nullptr) return what + " does not exist";
  if (http && !mesh::IsHttp(info->protocol)) return what + speaks(info->protocol);
  return what + " has weight 0";
}

std::optional<ClusterTls> ClusterPlanner::TlsToService(const ClusterPlan& plan, const mesh::ServiceInfo* info) const {
  const bool tls_ready = info != nullptr && info->tls_ready;
  if (!facts_.mtls || (facts_.permissive && !tls_ready) || plan.fixed_endpoints) return std::nullopt;
  ClusterTls tls;
  mesh::Tags tags = plan.tags;
  tags["mesh"] = facts_.mesh;
  tls.sni = envoy::SniOfTags(tags);
  const std::string server = plan.external ? std::string(kZoneEgressService) : plan.service;
  // With several trust domains the bundle itself says whose certificates are good.
  if (plan.external || facts_.trust_domains.empty()) tls.exact_uris.push_back(envoy::ServiceSpiffeId(facts_.mesh, server));
  return tls;
}

bool ClusterPlanner::HasMeshScopedProxy(std::string_view zone) const {
  const mesh::ResourceList& addresses = snapshot_.Resources("MeshZoneAddress");
  return std::any_of(addresses.begin(), addresses.end(), [&](const ResourcePtr& one) { return one->Label(kZoneLabel) == zone; });
}

std::vector<std::string> ClusterPlanner::IdentitiesOf(const mesh::Destination& destination) const {
  // In the order of the names as services carry them; a proxy with a MeshIdentity knows URIs only.
  std::vector<std::pair<std::string, std::string>> found;  // name, URI
  const auto add = [&](const mesh::Destination& service, bool names_are_uris) {
    for (const std::string& uri : service.spiffe_identities) found.emplace_back(uri, uri);
    for (const std::string& name : service.service_tag_identities) {
      const std::string uri = names_are_uris ? name : envoy::ServiceSpiffeId(facts_.mesh, name);
      found.emplace_back(facts_.workload_identity ? uri : name, uri);
    }
  };
  add(destination, false);
  for (const Kri& member : destination.members) {
    // Without the mesh's own backend nobody has a certificate by service name; such names stay as they are.
    if (const mesh::Destination* service = snapshot_.FindDestination(member)) add(*service, facts_.workload_identity && !facts_.mtls);
  }
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  if (destination.kri.type == "MeshMultiZoneService") found.erase(std::unique(found.begin(), found.end()), found.end());
  std::vector<std::string> uris;
  for (auto& [name, uri] : found) uris.push_back(std::move(uri));
  return uris;
}

std::optional<ClusterTls> ClusterPlanner::TlsToDestination(const mesh::Destination& destination, const mesh::DestinationPort& port,
                                                           const Kri& with_section, bool through_egress) const {
  const std::string resource_sni = envoy::SniOfResource(SniName(destination), facts_.mesh, destination.kri.type, port.port);
  ClusterTls tls;
  tls.sni = resource_sni;
  if (through_egress) {
    if (facts_.workload_identity) {
      tls.sni = SniOfKri(with_section);
      tls.exact_uris = EgressIdentities(snapshot_, facts_.zone);
      return tls.exact_uris.empty() ? std::nullopt : std::optional(tls);
    }
    if (!facts_.mtls) return std::nullopt;
    tls.exact_uris.push_back(envoy::ServiceSpiffeId(facts_.mesh, kZoneEgressService));
    return tls;
  }
  const bool is_service = destination.kri.type == "MeshService";
  if (facts_.workload_identity) {
    // Between zones only the mesh's own zone proxies know a resource by its KRI, older ingresses by a hash.
    if (destination.kri.type == "MeshMultiZoneService") {
      const mesh::EndpointSet* set = snapshot_.FindEndpoints(destination.LegacyName(port));
      bool by_kri = false;
      for (const mesh::Endpoint& endpoint : set == nullptr ? std::vector<mesh::Endpoint>{} : set->endpoints) {
        const bool old_ingress = endpoint.locality && !endpoint.locality->zone.empty() && !HasMeshScopedProxy(endpoint.locality->zone);
        if (old_ingress) tls.sni_by_zone[endpoint.locality->zone] = resource_sni;
        by_kri = by_kri || !old_ingress;
      }
      if (by_kri || tls.sni_by_zone.empty()) {
        tls.sni = SniOfKri(with_section);
      } else {
        tls.sni_by_zone.clear();  // the hash is the name everywhere
      }
    } else if ((is_service && destination.local) || with_section.zone.empty() || HasMeshScopedProxy(with_section.zone)) {
      tls.sni = SniOfKri(with_section);
    }
    tls.exact_uris = IdentitiesOf(destination);
    return tls;
  }
  const bool tls_ready = !is_service || !destination.local || destination.tls_ready;
  if (!facts_.mtls || (facts_.permissive && !tls_ready)) return std::nullopt;
  if (!facts_.trust_domains.empty()) return tls;
  tls.exact_uris = IdentitiesOf(destination);
  if (tls.exact_uris.empty()) tls.uri_prefix = envoy::MeshSpiffePrefix(facts_.mesh);
  return tls;
}

}  // namespace kuma::xds
