#include "pkg/policy/drafts.h"

#include <set>

#include "pkg/envoy/agent.h"
#include "pkg/envoy/names.h"
#include "pkg/policy/rules/subset.h"

namespace kuma::policy {

namespace {

// Tag under which rules for a single HTTP route are kept: the hash of the route's matches.
constexpr char kMatchesHashTag[] = "__rule-matches-hash__";

using Element = LabelMap;

const Json* FirstThatContains(const std::vector<const SubsetRule*>& rules, const Element& element) {
  for (const SubsetRule* rule : rules) {
    if (ContainsElement(rule->subset, element)) return &rule->conf;
  }
  return nullptr;
}

// What an inbound waits for before any policy says otherwise: longer than what clients wait.
constexpr Nanos kIdleTimeout = std::chrono::hours(2);
constexpr Nanos kStreamIdleTimeout = std::chrono::hours(1);

void AddInboundHttp(InboundDraft& draft, envoy::FilterChainDraft& chain) {
  const ProxyFacts& proxy = draft.proxy;
  envoy::HttpConnectionManager manager = envoy::MakeHttpConnectionManager(draft.cluster_name, proxy.internal_addresses, proxy.ipv6_enabled);
  manager.set_forward_client_cert_details(envoy::HttpConnectionManager::SANITIZE_SET);
  manager.mutable_set_current_client_cert_details()->set_uri(true);
  if (draft.protocol == mesh::Protocol::kGrpc) envoy::AddGrpcStats(manager);

  const std::string service(draft.inbound.Service());
  std::string host_name = proxy.unified_naming ? draft.section : service;
  std::string route_name = proxy.unified_naming ? draft.section : envoy::InboundRouteName(service);
  if (host_name.empty()) host_name = route_name = envoy::InboundListenerName(draft.key.address, draft.key.port);

  envoy::RouteConfiguration* routes = manager.mutable_route_config();
  routes->set_name(route_name);
  routes->mutable_validate_clusters()->set_value(false);
  routes->add_request_headers_to_remove("x-kuma-tags");
  envoy::VirtualHost* host = routes->add_virtual_hosts();
  host->set_name(host_name);
  host->add_domains("*");
  envoy::Route* route = host->add_routes();
  route->mutable_match()->set_prefix("/");
  route->mutable_route()->set_cluster(draft.cluster_name);
  envoy::SetDuration(route->mutable_route()->mutable_timeout(), Nanos(0));

  envoy::AddRouter(manager);
  envoy::SetDuration(manager.mutable_common_http_protocol_options()->mutable_idle_timeout(), kIdleTimeout);
  envoy::SetDuration(manager.mutable_stream_idle_timeout(), kStreamIdleTimeout);
  chain.Add(envoy::kHttpConnectionManager, std::move(manager));
}

envoy::FilterChainDraft InboundChain(InboundDraft& draft, bool with_tls) {
  const ProxyFacts& proxy = draft.proxy;
  envoy::FilterChainDraft chain;
  if (mesh::IsHttp(draft.protocol)) {
    AddInboundHttp(draft, chain);
  } else {
    envoy::TcpProxy tcp = envoy::MakeTcpProxy(draft.cluster_name, {{draft.cluster_name, 1, false}});
    envoy::SetDuration(tcp.mutable_idle_timeout(), kIdleTimeout);
    chain.Add(envoy::kTcpProxy, std::move(tcp));
    if (draft.protocol == mesh::Protocol::kKafka && proxy.kafka_filter) envoy::AddKafkaFilter(chain, draft.cluster_name);
  }
  if (!with_tls || !proxy.UsesTls()) return chain;

  std::vector<envoy::SubjectAltNameMatcher> clients;
  if (proxy.tls.ca_secret == envoy::kAgentCaSecret) {
    // An identity agent's bundle itself says which trust domains are good; the MeshTrusts do not know them.
  } else if (proxy.workload_identity) {
    for (const std::string& domain : proxy.trust_domains) clients.push_back(envoy::UriPrefix(envoy::MeshSpiffePrefix(domain)));
  } else if (proxy.trust_domains.empty()) {
    clients.push_back(envoy::UriPrefix(envoy::MeshSpiffePrefix(proxy.mesh)));
  }
  chain.tls = envoy::ServerTls(proxy.tls, clients);
  return chain;
}

envoy::FilterChainMatch Transport(std::string protocol) {
  envoy::FilterChainMatch match;
  match.set_transport_protocol(std::move(protocol));
  return match;
}

}  // namespace

const Json* PolicySlice::ToService(std::string_view service) const {
  return FirstThatContains(to, {{std::string(kServiceTag), std::string(service)}});
}

const Json* PolicySlice::ToRoute(std::string_view service, std::string_view matches_hash) const {
  return FirstThatContains(to, {{std::string(kServiceTag), std::string(service)}, {kMatchesHashTag, std::string(matches_hash)}});
}

const ResourceRule* PolicySlice::ToResource(const Kri& resource, const Kri* route) const {
  std::vector<Kri> ids;
  if (route != nullptr) ids.insert(ids.end(), {*route, route->WithoutSection()});
  ids.insert(ids.end(), {resource, resource.WithoutSection(), MeshKri(resource.mesh)});
  for (const Kri& id : ids) {
    const auto it = to_resources.find(id);
    if (it != to_resources.end() && !it->second->confs.empty()) return it->second;
  }
  return nullptr;
}

bool PolicySlice::HasCatchAll() const {
  for (const InboundRule* rule : inbound) {
    if (rule->match.is_null()) return true;
  }
  return false;
}

Json PolicySlice::CatchAll() const {
  Json conf = Json::object();
  for (const InboundRule* rule : inbound) {
    if (rule->match.is_null()) MergePatch(conf, rule->conf);
  }
  return conf;
}

Warning BlameAppended(const ProxyRule& rule, std::string_view list, size_t index, const TypeRegistry& types) {
  for (const Origin& origin : rule.origins) {
    const Json& own = Get(Get(origin.policy->spec, "default"), list);
    const size_t size = own.is_array() ? own.size() : 0;
    if (index < size) {
      return {ToString(KriOf(origin.policy->meta), types), "spec.default." + std::string(list) + '[' + std::to_string(index) + ']', {}};
    }
    index -= size;
  }
  return {};
}

void BuildInboundChains(InboundDraft& draft, bool permissive) {
  draft.listener.chains.clear();
  if (!permissive || !draft.proxy.UsesTls()) {
    draft.listener.RemoveTlsInspector();  // one chain takes all
    draft.listener.chains.push_back(InboundChain(draft, true));
    return;
  }
  // Plain text, TLS of the application itself, and TLS of the mesh, told apart by the ALPN "kuma".
  draft.listener.EnsureTlsInspector();
  envoy::FilterChainDraft plain = InboundChain(draft, false);
  plain.match = Transport("raw_buffer");
  envoy::FilterChainDraft own_tls = InboundChain(draft, false);
  own_tls.match = Transport("tls");
  envoy::FilterChainDraft mesh_tls = InboundChain(draft, true);
  mesh_tls.match = Transport("tls");
  mesh_tls.match->add_application_protocols(envoy::kKumaAlpn);
  draft.listener.chains.push_back(std::move(plain));
  draft.listener.chains.push_back(std::move(own_tls));
  draft.listener.chains.push_back(std::move(mesh_tls));
}

envoy::ListenerDraft InboundPassthroughListener(const ProxyFacts& proxy, const std::vector<mesh::Inbound>& inbounds, bool ipv6,
                                                bool strict) {
  constexpr uint32_t kReservedPort = 49151;  // of proxies without a service: such a port leads nowhere
  const std::string name = envoy::TransparentProxyName(true, ipv6, proxy.unified_naming);
  envoy::ListenerDraft draft = envoy::InboundListener(name, ipv6 ? "::" : "0.0.0.0", proxy.transparent.inbound_port, proxy.reuse_port);
  draft.listener.mutable_use_original_dst()->set_value(true);
  if (proxy.unified_naming) draft.listener.set_stat_prefix(name);
  if (!strict || inbounds.empty()) {
    draft.chains.push_back(envoy::TcpChain(name, name));
    return draft;
  }
  std::set<uint32_t> seen;
  for (const mesh::Inbound& inbound : inbounds) {
    if (!seen.insert(inbound.port).second) continue;
    envoy::FilterChainDraft chain = envoy::TcpChain(name, inbound.port == kReservedPort ? std::string(envoy::kNoDestinationCluster) : name);
    chain.match.emplace().mutable_destination_port()->set_value(inbound.port);
    draft.chains.push_back(std::move(chain));
  }
  return draft;
}

}  // namespace kuma::policy
