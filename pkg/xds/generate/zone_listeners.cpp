#include "pkg/xds/generate/zone_listeners.h"

#include <algorithm>
#include <chrono>

#include "pkg/envoy/tls.h"
#include "pkg/mesh/endpoints.h"
#include "pkg/mesh/external.h"
#include "pkg/model/document.h"
#include "pkg/xds/generate/clusters.h"
#include "pkg/xds/generate/external_tls.h"
#include "pkg/xds/generate/policies.h"
#include "pkg/xds/generate/zone_proxy.h"

namespace kuma::xds {
namespace {

using namespace std::chrono_literals;
using FactsPtr = std::shared_ptr<const policy::ProxyFacts>;

// One external service behind an egress listener.
struct ExternalTarget {
  Kri destination;  // with section
  std::string name;
  std::string service;  // legacy name
  std::string sni;
  mesh::Protocol protocol = mesh::Protocol::kUnknown;
  mesh::EndpointSetPtr endpoints;
  UnitRules rules;  // of its cluster
};

struct ListenerInput {
  FactsPtr facts;
  mesh::ProxyListener listener;
  std::string name;
  std::vector<SniService> services;     // ingress
  std::vector<ExternalTarget> targets;  // egress
  UnitRules rules;
};

bool WorksOnZoneListeners(std::string_view type, bool egress) {
  return type == "MeshTimeout" || type == "MeshRateLimit" || (egress && type == "MeshTrafficPermission");
}

std::string SectionOf(const mesh::ProxyListener& listener) { return listener.name.empty() ? std::to_string(listener.port) : listener.name; }

UnitOutput GenerateCluster(const policy::ProxyFacts& facts, const ExternalTarget& target) {
  std::vector<envoy::Host> hosts;
  for (const mesh::Endpoint& endpoint : target.endpoints->endpoints) {
    hosts.push_back(HostOf(endpoint));
    hosts.back().priority += 1;  // 0 is for hosts in this zone
  }
  policy::OutboundClusterDraft draft{.proxy = facts,
                                     .service = target.service,
                                     .destination = target.destination,
                                     .protocol = target.protocol,
                                     .external = true,
                                     .has_outbound = true,
                                     .cluster = envoy::FixedCluster(target.name, hosts, facts.ipv6_address)};
  envoy::SetConnectTimeout(draft.cluster, 5s);
  if (target.protocol == mesh::Protocol::kHttp) envoy::UseHttp1(draft.cluster);
  if (target.protocol == mesh::Protocol::kHttp2 || target.protocol == mesh::Protocol::kGrpc) envoy::UseHttp2(draft.cluster);
  AddMeshExternalTls(draft.cluster, target.endpoints->endpoints, facts.system_ca_path);
  for (const policy::PolicyHooks& hooks : Policies()) {
    if (hooks.cluster != nullptr) hooks.cluster(draft, target.rules.Of(hooks.type));
  }
  UnitOutput output;
  output.Add(ResourceType::kCluster, std::move(draft.cluster).Finish());
  return output;
}

envoy::FilterChainDraft ChainTo(const policy::ProxyFacts& facts, const ExternalTarget& target) {
  envoy::FilterChainDraft chain;
  chain.name = target.name;
  chain.match.emplace().set_transport_protocol("tls");
  chain.match->add_server_names(target.sni);
  chain.tls = envoy::ServerTls(facts.tls, {});
  if (!mesh::IsHttp(target.protocol)) {
    chain.Add(envoy::kTcpProxy, envoy::MakeTcpProxy(target.name, {{target.name, 1, true}}));
    return chain;
  }
  envoy::HttpConnectionManager manager = envoy::MakeHttpConnectionManager(target.name, facts.internal_addresses, facts.ipv6_enabled);
  envoy::RouteConfiguration& routes = *manager.mutable_route_config();
  routes.set_name(target.name);
  routes.mutable_validate_clusters()->set_value(false);
  envoy::VirtualHost& host = *routes.add_virtual_hosts();
  host.set_name(target.name);
  host.add_domains("*");
  envoy::Route& route = *host.add_routes();
  route.mutable_match()->set_prefix("/");
  route.mutable_route()->set_cluster(target.name);
  route.mutable_route()->mutable_auto_host_rewrite()->set_value(true);
  envoy::SetDuration(route.mutable_route()->mutable_timeout(), 0s);
  envoy::AddRouter(manager);
  chain.Add(envoy::kHttpConnectionManager, std::move(manager));
  return chain;
}

UnitOutput GenerateListener(const ListenerInput& input) {
  const policy::ProxyFacts& facts = *input.facts;
  const bool egress = !input.targets.empty();
  mesh::Inbound inbound;
  inbound.address = input.listener.address;
  inbound.port = input.listener.port;
  policy::InboundDraft draft{.proxy = facts,
                             .inbound = inbound,
                             .key = {inbound.address, inbound.port},
                             .protocol = mesh::Protocol::kTcp,
                             .section = {},
                             .listener_name = input.name,
                             .cluster_name = {},
                             .listener = envoy::InboundListener(input.name, inbound.address, inbound.port, facts.reuse_port),
                             .cluster = {}};
  draft.listener.listener.set_stat_prefix(input.name);
  draft.listener.EnsureTlsInspector();
  for (const SniService& service : input.services) AddSniChains(draft.listener, service);
  for (const ExternalTarget& target : input.targets) draft.listener.chains.push_back(ChainTo(facts, target));
  for (const policy::PolicyHooks& hooks : Policies()) {
    if (hooks.inbound != nullptr && WorksOnZoneListeners(hooks.type, egress)) hooks.inbound(draft, input.rules.Of(hooks.type));
  }
  UnitOutput output;
  output.warnings = std::move(draft.warnings);
  output.Add(ResourceType::kListener, std::move(draft.listener).Finish());
  return output;
}

// What this zone offers to others: its own services, and those of all zones.
std::vector<SniService> LocalServices(const ProxyInput& input) {
  std::map<std::string, SniService> services;  // in the order of their legacy names
  for (const auto& [kri, destination] : input.snapshot->AllDestinations()) {
    if (kri.type == "MeshExternalService" || (kri.type == "MeshService" && !destination->local)) continue;
    for (const mesh::DestinationPort& port : destination->ports) {
      const Kri section = kri.WithSection(port.SectionName());
      SniService service;
      service.name = destination->LegacyName(port);
      service.cluster = ToString(section, input.types);
      const mesh::EndpointSet* set = input.snapshot->FindEndpoints(service.name);
      service.endpoints = mesh::MakeEndpointSet(set == nullptr ? std::vector<mesh::Endpoint>() : mesh::LocalEndpoints(*set, input.zone));
      service.track_remaining = true;
      service.routes.push_back({SniOf(section, input.types), service.cluster, {}});
      services[service.name] = std::move(service);
    }
  }
  std::vector<SniService> out;
  for (auto& [name, service] : services) out.push_back(std::move(service));
  return out;
}

std::vector<ExternalTarget> Targets(const ProxyInput& input, RuleSlicer& slicer, std::vector<Warning>& warnings) {
  std::vector<ExternalTarget> out;
  const mesh::ExternalSources sources{input.zone, input.snapshot->mesh->locality_aware, input.snapshot->Resources("Secret")};
  for (const auto& [kri, destination] : input.snapshot->AllDestinations()) {
    if (kri.type != "MeshExternalService" || destination->ports.empty()) continue;
    Result<std::vector<mesh::Endpoint>> endpoints = mesh::MeshExternalServiceEndpoints(*destination, sources);
    if (!endpoints.ok()) {
      warnings.push_back({ToString(kri, input.types), "spec.tls", "the external service is left out: " + endpoints.error().ToString()});
      continue;
    }
    if (endpoints->empty()) continue;
    const mesh::DestinationPort& port = destination->ports.front();
    ExternalTarget target;
    target.destination = kri.WithSection(port.SectionName());
    target.name = ToString(target.destination, input.types);
    target.service = destination->LegacyName(port);
    target.sni = SniOf(target.destination, input.types);
    target.protocol = port.protocol;
    target.endpoints = mesh::MakeEndpointSet(std::move(endpoints).value());
    target.rules = slicer.ForOutbound({target.service, target.destination, {}}, OutboundHook::kCluster);
    out.push_back(std::move(target));
  }
  return out;
}

void AddTarget(DigestBuilder& digest, const ExternalTarget& target) {
  digest.Add(target.name).Add(target.service).Add(target.sni).Add(ProtocolName(target.protocol));
}

}  // namespace

bool AddZoneListenerUnits(const ProxyInput& input, const FactsPtr& facts, RuleSlicer& slicer, std::vector<Unit>& units, std::vector<Warning>& warnings) {
  bool uses_certificate = false;
  if (input.dataplane->listeners.empty() || input.snapshot->mesh->mesh_services != mesh::MeshServicesMode::kExclusive) return uses_certificate;
  for (const mesh::ProxyListener& declared : input.dataplane->listeners) {
    const bool egress = declared.type == "ZoneEgress";
    if (egress && !facts->workload_identity) continue;  // clients are told apart by SPIFFE ID only
    auto listener = std::make_shared<ListenerInput>();
    listener->facts = facts;
    listener->listener = declared;
    listener->name = (egress ? "self_zoneegress_dp_" : "self_zoneingress_dp_") + SectionOf(declared);
    DigestBuilder digest;
    digest.Add("zone listener").Add(facts->digest).Add(listener->name).Add(declared.address).Add(uint64_t{declared.port});
    if (egress) {
      listener->targets = Targets(input, slicer, warnings);
      if (listener->targets.empty()) continue;
      uses_certificate = true;
      for (const ExternalTarget& target : listener->targets) {
        AddTarget(digest, target);
        const auto shared = std::make_shared<const ExternalTarget>(target);
        DigestBuilder of_cluster;
        of_cluster.Add("zone listener cluster").Add(facts->digest).Add(target.endpoints->digest).Add(target.rules.digest);
        AddTarget(of_cluster, target);
        units.push_back({UnitKind::kCluster, target.name, of_cluster.Finish(), [facts, shared] { return GenerateCluster(*facts, *shared); }});
      }
      for (ExternalTarget& target : listener->targets) target.endpoints = nullptr;  // not the listener's business
    } else {
      for (SniService& service : LocalServices(input)) {
        units.push_back(SniServiceUnit(service));
        service.endpoints = nullptr;
        AddSniDigest(digest, service);
        listener->services.push_back(std::move(service));
      }
      if (listener->services.empty()) continue;  // Envoy refuses a listener without chains
    }
    listener->rules = slicer.ForInbound({declared.address, declared.port});
    digest.Add(listener->rules.digest);
    units.push_back({UnitKind::kInbound, listener->name, digest.Finish(), [listener] { return GenerateListener(*listener); }});
  }
  return uses_certificate;
}

}  // namespace kuma::xds
