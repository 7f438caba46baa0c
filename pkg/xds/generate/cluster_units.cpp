#include <algorithm>

#include "pkg/base/strings.h"
#include "pkg/envoy/message.h"
#include "pkg/envoy/tls.h"
#include "pkg/xds/generate/clusters.h"
#include "pkg/xds/generate/external_tls.h"
#include "pkg/xds/generate/policies.h"

namespace kuma::xds {

envoy::Host HostOf(const mesh::Endpoint& endpoint) {
  envoy::Host host;
  host.address = endpoint.address;
  host.port = endpoint.port;
  host.unix_path = endpoint.unix_path;
  host.tags = endpoint.tags;
  host.labels = endpoint.labels;
  host.weight = endpoint.weight;
  if (endpoint.locality) {
    host.has_locality = true;
    host.zone = endpoint.locality->zone;
    host.sub_zone = endpoint.locality->sub_zone;
    host.priority = endpoint.locality->priority;
    host.locality_weight = endpoint.locality->weight;
  }
  return host;
}

std::vector<envoy::Host> WithoutHostNames(std::vector<envoy::Host> hosts, const std::string& service, std::vector<Warning>& warnings) {
  std::erase_if(hosts, [&](const envoy::Host& host) {
    if (!host.unix_path.empty() || envoy::IsIpAddress(host.address)) return false;
    warnings.push_back({{}, {}, "endpoint " + host.address + " of " + service + " is left out: proxies can only be given IP addresses"});
    return true;
  });
  return hosts;
}

namespace {

struct ClusterInput {
  std::shared_ptr<const policy::ProxyFacts> facts;
  ClusterPlan plan;
  bool has_outbound = true;
  UnitRules rules;
};

struct EndpointsInput {
  std::shared_ptr<const policy::ProxyFacts> facts;
  ClusterPlan plan;
  bool has_outbound = true;
  UnitRules rules;
};

// Endpoints of the plan's service that have all tags of its subset.
std::vector<envoy::Host> HostsOf(const ClusterPlan& plan) {
  std::vector<envoy::Host> hosts;
  if (plan.endpoints == nullptr) return hosts;
  for (const mesh::Endpoint& endpoint : plan.endpoints->endpoints) {
    bool matches = true;
    for (const auto& [key, value] : plan.tags) {
      if (key == kServiceTag) continue;
      const auto it = endpoint.tags.find(key);
      matches = matches && it != endpoint.tags.end() && it->second == value;
    }
    if (matches) hosts.push_back(HostOf(endpoint));
  }
  return hosts;
}

UnitOutput GenerateCluster(const ClusterInput& input) {
  const ClusterPlan& plan = input.plan;
  policy::OutboundClusterDraft draft{.proxy = *input.facts,
                                     .service = plan.service,
                                     .destination = plan.destination,
                                     .protocol = plan.protocol,
                                     .external = plan.external,
                                     .has_outbound = input.has_outbound,
                                     .cluster = {}};
  if (plan.fixed_endpoints) {
    const std::vector<envoy::Host> hosts = HostsOf(plan);
    if (hosts.empty()) return {};  // Envoy takes no cluster of this kind without a host
    draft.cluster = envoy::FixedCluster(plan.name, hosts, input.facts->ipv6_address);
    AddExternalTls(draft.cluster, plan.endpoints->endpoints);
  } else {
    draft.cluster = envoy::EdsCluster(plan.name);
  }
  if (!plan.external || plan.protocol == mesh::Protocol::kHttp2 || plan.protocol == mesh::Protocol::kGrpc) {
    envoy::UseHttp2(draft.cluster);  // between proxies always, whatever the applications speak
  } else if (plan.protocol == mesh::Protocol::kHttp) {
    envoy::UseHttp1(draft.cluster);
  }
  if (plan.tls) {
    std::vector<envoy::SubjectAltNameMatcher> servers;
    for (const std::string& uri : plan.tls->exact_uris) servers.push_back(envoy::UriExact(uri));
    if (!plan.tls->uri_prefix.empty()) servers.push_back(envoy::UriPrefix(plan.tls->uri_prefix));
    draft.cluster.tls = envoy::ClientTls(input.facts->tls, servers, plan.tls->sni);
    for (const auto& [zone, sni] : plan.tls->sni_by_zone) {
      auto* match = draft.cluster.cluster.add_transport_socket_matches();
      match->set_name(zone);
      *match->mutable_match() = envoy::StringStruct(mesh::Tags{{std::string(kZoneTag), zone}});
      match->mutable_transport_socket()->set_name("envoy.transport_sockets.tls");
      envoy::Pack(envoy::ClientTls(input.facts->tls, servers, sni), match->mutable_transport_socket()->mutable_typed_config());
    }
  }
  for (const policy::PolicyHooks& hooks : Policies()) {
    if (hooks.cluster != nullptr) hooks.cluster(draft, input.rules.Of(hooks.type));
  }
  UnitOutput output;
  output.warnings = std::move(draft.warnings);
  output.Add(ResourceType::kCluster, std::move(draft.cluster).Finish());
  return output;
}

UnitOutput GenerateEndpoints(const EndpointsInput& input) {
  UnitOutput output;
  std::vector<envoy::Host> hosts = WithoutHostNames(HostsOf(input.plan), input.plan.service, output.warnings);
  policy::EndpointsDraft draft{*input.facts, input.plan.service, input.plan.destination, input.has_outbound, envoy::MakeLoadAssignment(input.plan.name, hosts)};
  for (const policy::PolicyHooks& hooks : Policies()) {
    if (hooks.endpoints != nullptr) hooks.endpoints(draft, input.rules.Of(hooks.type));
  }
  output.Add(ResourceType::kEndpoint, std::move(draft.assignment));
  return output;
}

void AddKri(DigestBuilder& digest, const std::optional<Kri>& kri) {
  digest.Add(uint64_t{kri.has_value()});
  if (kri) digest.Add(kri->type).Add(kri->mesh).Add(kri->zone).Add(kri->ns).Add(kri->name).Add(kri->section);
}

void AddTags(DigestBuilder& digest, const mesh::Tags& tags) {
  digest.Add(tags.size());
  for (const auto& [key, value] : tags) digest.Add(key).Add(value);
}

}  // namespace

void AddClusterUnits(const std::shared_ptr<const policy::ProxyFacts>& facts, const ClusterPlan& plan, bool has_outbound, RuleSlicer& slicer,
                     std::vector<Unit>& units) {
  const OutboundScope scope{plan.service, plan.destination, {}};

  auto cluster = std::make_shared<ClusterInput>(ClusterInput{facts, plan, has_outbound, slicer.ForOutbound(scope, OutboundHook::kCluster)});
  DigestBuilder digest;
  digest.Add("cluster").Add(facts->digest).Add(plan.name).Add(plan.service);
  AddKri(digest, plan.destination);
  AddTags(digest, plan.tags);
  digest.Add(ProtocolName(plan.protocol)).Add(uint64_t{plan.external}).Add(uint64_t{plan.fixed_endpoints}).Add(uint64_t{has_outbound});
  digest.Add(uint64_t{plan.tls.has_value()});
  if (plan.tls) {
    digest.Add(plan.tls->sni).Add(plan.tls->uri_prefix).Add(Join(plan.tls->exact_uris, " ")).Add(plan.tls->sni_by_zone.size());
    for (const auto& [zone, sni] : plan.tls->sni_by_zone) digest.Add(zone).Add(sni);
  }
  if (plan.fixed_endpoints) {
    digest.Add(plan.endpoints == nullptr ? Digest{} : plan.endpoints->digest);
  } else {
    cluster->plan.endpoints = nullptr;  // not its business: they come and go without the cluster
  }
  digest.Add(cluster->rules.digest);
  units.push_back({UnitKind::kCluster, plan.name, digest.Finish(), [cluster] { return GenerateCluster(*cluster); }});
  if (plan.fixed_endpoints) return;

  auto endpoints = std::make_shared<EndpointsInput>(EndpointsInput{facts, plan, has_outbound, slicer.ForOutbound(scope, OutboundHook::kEndpoints)});
  DigestBuilder endpoints_digest;
  endpoints_digest.Add("endpoints").Add(plan.name);
  AddTags(endpoints_digest, plan.tags);
  endpoints_digest.Add(plan.endpoints == nullptr ? Digest{} : plan.endpoints->digest).Add(endpoints->rules.digest);
  // Only policies look at the proxy and the destination: without one the set is the same for every proxy.
  if (!endpoints->rules.slices.empty()) {
    endpoints_digest.Add(facts->digest).Add(plan.service).Add(uint64_t{has_outbound});
    AddKri(endpoints_digest, plan.destination);
  }
  units.push_back({UnitKind::kEndpoints, plan.name, endpoints_digest.Finish(), [endpoints] { return GenerateEndpoints(*endpoints); }});
}

}  // namespace kuma::xds
