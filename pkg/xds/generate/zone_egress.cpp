#include "pkg/xds/generate/zone_egress.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <set>

#include "pkg/envoy/names.h"
#include "pkg/envoy/tls.h"
#include "pkg/mesh/endpoints.h"
#include "pkg/mesh/external.h"
#include "pkg/policy/rules/subset.h"
#include "pkg/xds/generate/clusters.h"
#include "pkg/xds/generate/external_tls.h"
#include "pkg/xds/generate/policies.h"
#include "pkg/xds/generate/secrets.h"
#include "pkg/xds/generate/slices.h"

namespace kuma::xds {
namespace {

using namespace std::chrono_literals;
using FactsPtr = std::shared_ptr<const policy::ProxyFacts>;

// Policies that work on a zone egress; each edits what its hook for sidecars edits.
constexpr std::array<std::string_view, 3> kClientPolicies = {"MeshTrafficPermission", "MeshFaultInjection", "MeshRateLimit"};
constexpr std::array<std::string_view, 3> kClusterPolicies = {"MeshCircuitBreaker", "MeshHealthCheck", "MeshLoadBalancingStrategy"};

bool IsOneOf(const std::array<std::string_view, 3>& types, std::string_view type) { return std::find(types.begin(), types.end(), type) != types.end(); }

// One external service of a mesh, by tag or a port of a MeshExternalService.
struct ExternalPlan {
  FactsPtr facts;
  std::string service;
  std::string cluster;
  std::string sni;
  std::optional<Kri> destination;  // with section
  mesh::Tags subset;
  mesh::Protocol protocol = mesh::Protocol::kUnknown;
  mesh::EndpointSetPtr endpoints;
  size_t resources = 1;  // ExternalServices that are this service; over HTTP permissions are checked once for each, as proxies always did
  UnitRules client_rules;
  UnitRules cluster_rules;
};

std::string ChainName(const ExternalPlan& plan) {
  const std::string& name = plan.facts->unified_naming ? plan.cluster : plan.service;
  return plan.destination ? name : name + "_" + plan.facts->mesh;
}

UnitOutput GenerateCluster(const ExternalPlan& plan) {
  std::vector<envoy::Host> hosts;
  for (const mesh::Endpoint& endpoint : plan.endpoints->endpoints) hosts.push_back(HostOf(endpoint));
  policy::OutboundClusterDraft draft{.proxy = *plan.facts,
                                     .service = plan.service,
                                     .destination = plan.destination,
                                     .protocol = plan.protocol,
                                     .external = true,
                                     .has_outbound = false,
                                     .cluster = envoy::FixedCluster(plan.cluster, hosts, plan.facts->ipv6_address)};
  envoy::SetConnectTimeout(draft.cluster, 5s);
  if (plan.protocol == mesh::Protocol::kHttp) envoy::UseHttp1(draft.cluster);
  if (plan.protocol == mesh::Protocol::kHttp2 || plan.protocol == mesh::Protocol::kGrpc) envoy::UseHttp2(draft.cluster);
  if (plan.destination) {
    AddMeshExternalTls(draft.cluster, plan.endpoints->endpoints, plan.facts->system_ca_path);
  } else {
    AddExternalTls(draft.cluster, plan.endpoints->endpoints);
  }
  for (const policy::PolicyHooks& hooks : Policies()) {
    if (hooks.cluster != nullptr && IsOneOf(kClusterPolicies, hooks.type)) hooks.cluster(draft, plan.cluster_rules.Of(hooks.type));
  }
  UnitOutput output;
  output.Add(ResourceType::kCluster, std::move(draft.cluster).Finish());
  return output;
}

void AddHttp(const ExternalPlan& plan, const std::string& name, envoy::FilterChainDraft& chain) {
  envoy::HttpConnectionManager manager = envoy::MakeHttpConnectionManager(name, plan.facts->internal_addresses, plan.facts->ipv6_enabled);
  envoy::RouteConfiguration& routes = *manager.mutable_route_config();
  routes.set_name(plan.destination ? name : envoy::OutboundRouteName(name));
  routes.mutable_validate_clusters()->set_value(false);
  envoy::VirtualHost& host = *routes.add_virtual_hosts();
  host.set_name(name);
  host.add_domains("*");
  envoy::Route& route = *host.add_routes();
  route.mutable_match()->set_prefix("/");
  route.mutable_route()->set_cluster(plan.cluster);
  route.mutable_route()->mutable_auto_host_rewrite()->set_value(true);
  envoy::SetDuration(route.mutable_route()->mutable_timeout(), 0s);
  envoy::AddRouter(manager);
  chain.Add(envoy::kHttpConnectionManager, std::move(manager));
}

envoy::FilterChainDraft GenerateChain(const ExternalPlan& plan, const ZoneListener& listener) {
  const policy::ProxyFacts& facts = *plan.facts;
  const std::string& name = facts.unified_naming ? plan.cluster : plan.service;
  envoy::FilterChainDraft chain;
  chain.name = ChainName(plan);
  chain.match.emplace().set_transport_protocol("tls");
  chain.match->add_server_names(plan.sni);
  chain.tls = envoy::ServerTls(facts.tls, {envoy::UriPrefix(envoy::MeshSpiffePrefix(facts.mesh))});
  if (mesh::IsHttp(plan.protocol)) {
    AddHttp(plan, name, chain);
  } else {
    envoy::TcpProxy proxy = envoy::MakeTcpProxy(name, {{plan.cluster, 1, true}});
    if (!plan.subset.empty()) (*proxy.mutable_metadata_match()->mutable_filter_metadata())["envoy.lb"] = envoy::StringStruct(plan.subset);
    chain.Add(envoy::kTcpProxy, std::move(proxy));
  }

  mesh::Inbound inbound;
  inbound.address = listener.address;
  inbound.port = listener.port;
  inbound.protocol = plan.protocol;
  policy::InboundDraft draft{.proxy = facts,
                             .inbound = inbound,
                             .key = {listener.address, listener.port},
                             .protocol = plan.protocol,
                             .section = {},
                             .listener_name = listener.name,
                             .cluster_name = plan.cluster,
                             .listener = {},
                             .cluster = {}};
  draft.listener.chains.push_back(std::move(chain));
  for (const policy::PolicyHooks& hooks : Policies()) {
    if (hooks.inbound == nullptr || !IsOneOf(kClientPolicies, hooks.type)) continue;
    const size_t times = hooks.type == "MeshTrafficPermission" && mesh::IsHttp(plan.protocol) ? plan.resources : 1;
    for (size_t i = 0; i < times; ++i) hooks.inbound(draft, plan.client_rules.Of(hooks.type));
  }
  return std::move(draft.listener.chains.front());
}

// Rules of the policies that work here, as the slicer of sidecars takes them.
std::shared_ptr<const policy::RuleSets> RulesFor(const ZoneProxyInput& input, const mesh::Snapshot& snapshot, const mesh::Tags& tags, bool is_resource) {
  auto rules = std::make_shared<policy::RuleSets>();
  policy::BuildOptions options;
  options.cache = input.indexes;
  for (const auto& types : {kClientPolicies, kClusterPolicies}) {
    for (const std::string_view name : types) {
      if (is_resource && IsOneOf(kClientPolicies, name)) continue;  // clients are told apart only for services by tag
      const TypeDescriptor* type = input.types.Find(name);
      if (type == nullptr || type->policy == nullptr) continue;
      snapshot.Resources(name);  // its first policy must wake this proxy
      policy::RuleSet set = policy::BuildEgressRuleSet(*type, tags, snapshot, options);
      if (!set.empty()) rules->emplace(std::string(name), std::move(set));
    }
  }
  if (is_resource && !snapshot.mesh->forbid_external_access) {
    policy::RuleSet allow;
    allow.type = "MeshTrafficPermission";
    allow.matched.push_back(snapshot.mesh->resource);  // where the setting is
    allow.from[policy::InboundKey{}] = {policy::SubsetRule{.subset = {}, .conf = {{"action", "Allow"}}, .origins = {}, .origin_by_matches = {}}};
    rules->emplace(allow.type, std::move(allow));
  }
  return rules;
}

void SetRules(const ZoneProxyInput& input, const mesh::Snapshot& snapshot, const mesh::Tags& tags, ExternalPlan& plan) {
  RuleSlicer slicer(RulesFor(input, snapshot, tags, plan.destination.has_value()));
  plan.client_rules = slicer.ForInbound(policy::InboundKey{});
  plan.cluster_rules = slicer.ForOutbound({plan.service, plan.destination, {}}, OutboundHook::kCluster);
}

mesh::EndpointSetPtr WithMesh(std::vector<mesh::Endpoint> endpoints, const std::string& mesh) {
  for (mesh::Endpoint& endpoint : endpoints) endpoint.tags["mesh"] = mesh;
  return mesh::MakeEndpointSet(std::move(endpoints));
}

mesh::ExternalSources SourcesOf(const ZoneProxyInput& input, const mesh::Snapshot& snapshot) {
  return {input.zone, snapshot.mesh->locality_aware, snapshot.Resources("Secret")};
}

void PlanTagServices(const ZoneProxyInput& input, const mesh::Snapshot& snapshot, const FactsPtr& facts, std::set<std::string>& snis,
                     std::vector<ExternalPlan>& out, std::vector<Warning>& warnings) {
  std::map<std::string, std::vector<mesh::Endpoint>> services;
  std::map<std::string, mesh::Tags> tags_of;
  std::map<std::string, size_t> resources_of;
  for (const ResourcePtr& resource : snapshot.Resources("ExternalService")) {
    const Json& tags = Get(resource->spec, "tags");
    const std::string service = GetString(tags, kServiceTag);
    ++resources_of[service];
    if (service.empty() || !mesh::IsReachableFromZone(GetString(tags, kZoneTag), input.zone)) continue;
    Result<mesh::Endpoint> endpoint = mesh::ExternalServiceEndpoint(*resource, SourcesOf(input, snapshot));
    if (!endpoint.ok()) {
      warnings.push_back({"ExternalService " + resource->meta.name(), "networking.tls", "the external service is left out: " + endpoint.error().ToString()});
      continue;
    }
    tags_of.try_emplace(service, endpoint->tags);
    services[service].push_back(std::move(endpoint).value());
  }
  if (services.empty()) return;
  const std::map<std::string, TagsList> routed = RoutedTags(snapshot);
  for (auto& [service, endpoints] : services) {
    const mesh::EndpointSetPtr set = WithMesh(std::move(endpoints), snapshot.mesh_name);
    for (const SniRoute& route : MakeTagService(snapshot.mesh_name, service, routed, set).routes) {
      if (!snis.insert(route.sni).second) continue;
      ExternalPlan plan;
      plan.facts = facts;
      plan.service = service;
      plan.cluster = route.cluster;
      plan.sni = route.sni;
      plan.subset = route.subset;
      plan.subset["mesh"] = snapshot.mesh_name;
      plan.protocol = mesh::ProtocolOf(set->endpoints);
      plan.endpoints = set;
      plan.resources = resources_of[service];
      SetRules(input, snapshot, tags_of[service], plan);
      out.push_back(std::move(plan));
    }
  }
}

void PlanDestinations(const ZoneProxyInput& input, const mesh::Snapshot& snapshot, const FactsPtr& facts, std::set<std::string>& snis,
                      std::vector<ExternalPlan>& out, std::vector<Warning>& warnings) {
  for (const auto& [kri, destination] : snapshot.AllDestinations()) {
    if (kri.type != "MeshExternalService" || !mesh::IsReachableFromZone(destination->resource->Label(kZoneLabel), input.zone)) continue;
    Result<std::vector<mesh::Endpoint>> endpoints = mesh::MeshExternalServiceEndpoints(*destination, SourcesOf(input, snapshot));
    if (!endpoints.ok()) {
      warnings.push_back({ToString(kri, input.types), "spec.tls", "the external service is left out: " + endpoints.error().ToString()});
      continue;
    }
    if (endpoints->empty()) continue;
    const mesh::EndpointSetPtr set = WithMesh(std::move(endpoints).value(), snapshot.mesh_name);
    for (const mesh::DestinationPort& port : destination->ports) {
      ExternalPlan plan;
      plan.facts = facts;
      plan.service = destination->LegacyName(port);
      plan.destination = kri.WithSection(port.SectionName());
      plan.cluster = facts->unified_naming ? ToString(*plan.destination, input.types) : plan.service;
      plan.sni = SniOfDestination(*destination, port);
      plan.protocol = port.protocol;
      plan.endpoints = set;
      if (!snis.insert(plan.sni).second) continue;
      SetRules(input, snapshot, {{std::string(kServiceTag), plan.service}}, plan);
      out.push_back(std::move(plan));
    }
  }
}

// localityAwareness for a service, whoever its client is.
std::optional<Json> AwarenessFor(const ZoneProxyInput& input, const mesh::Snapshot& snapshot, const std::string& service) {
  const TypeDescriptor* type = input.types.Find("MeshLoadBalancingStrategy");
  if (type == nullptr || type->policy == nullptr) return std::nullopt;
  snapshot.Resources(type->name);  // its first policy must wake this proxy
  policy::BuildOptions options;
  options.cache = input.indexes;
  const policy::RuleSet rules = policy::BuildEgressRuleSet(*type, {{std::string(kServiceTag), service}}, snapshot, options);
  const auto from = rules.from.find(policy::InboundKey{});
  if (from == rules.from.end()) return std::nullopt;
  for (const policy::SubsetRule& rule : from->second) {
    if (policy::ContainsElement(rule.subset, {})) return Get(rule.conf, "localityAwareness");
  }
  return std::nullopt;
}

// Services of other zones, which only pass through.
std::vector<SniService> RemoteServices(const ZoneProxyInput& input, const mesh::Snapshot& snapshot) {
  std::vector<SniService> out;
  if (!snapshot.mesh->zone_egress) return out;
  std::set<std::string> names;
  for (const ResourcePtr& ingress : snapshot.ZoneIngresses()) {
    const std::string zone = GetString(ingress->spec, "zone", std::string(ingress->Label(kZoneLabel)));
    if (zone.empty() || zone == input.zone) continue;
    for (const Json& available : Get(ingress->spec, "availableServices")) {
      if (GetString(available, "mesh") == snapshot.mesh_name) names.insert(GetString(Get(available, "tags"), kServiceTag));
    }
  }
  if (names.empty()) return out;
  const std::map<std::string, TagsList> routed = RoutedTags(snapshot);
  for (const std::string& name : names) {
    std::vector<mesh::Endpoint> endpoints = mesh::RemoteServiceEndpoints(snapshot.ZoneIngresses(), *snapshot.mesh, input.zone, name);
    if (endpoints.empty()) continue;
    SniService& service = out.emplace_back(MakeTagService(snapshot.mesh_name, name, routed, WithMesh(std::move(endpoints), snapshot.mesh_name)));
    service.on_egress = true;
    service.awareness = AwarenessFor(input, snapshot, name);
    service.zone = input.zone;
  }
  return out;
}

void AddPlanDigest(DigestBuilder& digest, const ExternalPlan& plan, bool with_endpoints) {
  digest.Add(uint64_t{plan.resources}).Add(plan.facts->digest).Add(plan.service).Add(plan.cluster).Add(plan.sni).Add(ProtocolName(plan.protocol));
  digest.Add(plan.destination ? ToString(*plan.destination, *plan.facts->types) : std::string()).Add(plan.subset.size());
  for (const auto& [key, value] : plan.subset) digest.Add(key).Add(value);
  if (with_endpoints) {
    digest.Add(plan.endpoints->digest).Add(plan.cluster_rules.digest);
  } else {
    digest.Add(plan.client_rules.digest);
  }
}

struct ListenerInput {
  ZoneListener listener;
  struct Mesh {
    std::vector<SniService> remote;
    std::vector<ExternalPlan> external;
  };
  std::vector<Mesh> meshes;
};

UnitOutput GenerateListener(const ListenerInput& input) {
  envoy::ListenerDraft draft = DraftOf(input.listener);
  for (const ListenerInput::Mesh& mesh : input.meshes) {
    for (const SniService& service : mesh.remote) AddSniChains(draft, service);
    for (const ExternalPlan& plan : mesh.external) draft.chains.push_back(GenerateChain(plan, input.listener));
  }
  UnitOutput output;
  if (draft.chains.empty()) return output;  // Envoy refuses such a listener
  output.Add(ResourceType::kListener, std::move(draft).Finish());
  return output;
}

}  // namespace

std::vector<Unit> PlanZoneEgress(const ZoneProxyInput& input) {
  std::vector<Unit> units;
  units.push_back(ZoneAdminUnit(input));
  std::vector<Warning> warnings;
  auto listener = std::make_shared<ListenerInput>();
  listener->listener = MakeZoneListener(input);
  DigestBuilder digest;
  digest.Add("zone egress");
  AddZoneListener(digest, listener->listener);
  for (const mesh::SnapshotPtr& snapshot : input.meshes) {
    if (!snapshot->mesh->mtls_enabled) continue;  // services are told apart by server name, which needs TLS
    ListenerInput::Mesh& mesh = listener->meshes.emplace_back();
    mesh.remote = RemoteServices(input, *snapshot);
    digest.Add(mesh.remote.size());
    for (SniService& service : mesh.remote) {
      units.push_back(SniServiceUnit(service));
      service.endpoints = nullptr;
      AddSniDigest(digest, service);
    }
    const auto identity = input.identities.find(snapshot->mesh_name);
    if (identity == input.identities.end()) continue;
    const FactsPtr facts = std::make_shared<const policy::ProxyFacts>(MakeZoneFacts(input, snapshot->mesh_name));
    std::set<std::string> snis;
    PlanTagServices(input, *snapshot, facts, snis, mesh.external, warnings);
    PlanDestinations(input, *snapshot, facts, snis, mesh.external, warnings);
    std::stable_sort(mesh.external.begin(), mesh.external.end(), [](const ExternalPlan& a, const ExternalPlan& b) { return a.service < b.service; });
    std::set<std::string> clusters;
    digest.Add(mesh.external.size());
    for (ExternalPlan& plan : mesh.external) {
      AddPlanDigest(digest, plan, false);
      if (!clusters.insert(plan.cluster).second) continue;
      const auto shared = std::make_shared<const ExternalPlan>(plan);
      DigestBuilder cluster_digest;
      cluster_digest.Add("zone cluster");
      AddPlanDigest(cluster_digest, plan, true);
      units.push_back({UnitKind::kCluster, plan.cluster, cluster_digest.Finish(), [shared] { return GenerateCluster(*shared); }});
    }
    for (ExternalPlan& plan : mesh.external) plan.endpoints = nullptr;  // not the listener's business
    if (!mesh.external.empty()) units.push_back(SecretsUnit(facts, identity->second, *snapshot));
  }
  units.push_back({UnitKind::kInbound, listener->listener.name, digest.Finish(), [listener] { return GenerateListener(*listener); }, std::move(warnings)});
  return units;
}

}  // namespace kuma::xds
