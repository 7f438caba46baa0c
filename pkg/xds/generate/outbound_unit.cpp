#include "pkg/base/strings.h"
#include "pkg/envoy/names.h"
#include "pkg/policy/mesh_http_route/apply.h"
#include "pkg/policy/mesh_tcp_route/apply.h"
#include "pkg/policy/tags_header.h"
#include "pkg/xds/generate/outbounds.h"
#include "pkg/xds/generate/policies.h"

namespace kuma::xds {

namespace {

struct OutboundInput {
  std::shared_ptr<const policy::ProxyFacts> facts;
  OutboundPlan outbound;
  std::vector<policy::HttpRoutePlan> routes;       // HTTP
  std::vector<envoy::WeightedTarget> tcp_targets;  // else
  UnitRules rules;
};

envoy::FilterChainDraft HttpChain(const OutboundInput& input, const std::string& resource_name) {
  const policy::ProxyFacts& facts = *input.facts;
  const std::string& name = facts.unified_naming && !resource_name.empty() ? resource_name : input.outbound.service;
  envoy::HttpConnectionManager manager = envoy::MakeHttpConnectionManager(name, facts.internal_addresses, facts.ipv6_enabled);
  manager.mutable_normalize_path()->set_value(true);
  envoy::RouteConfiguration& routes = *manager.mutable_route_config();
  routes.set_name(resource_name.empty() ? envoy::OutboundRouteName(input.outbound.service) : resource_name);
  routes.mutable_validate_clusters()->set_value(false);
  if (!facts.tags_header.empty()) {
    auto* header = routes.add_request_headers_to_add()->mutable_header();
    header->set_key(policy::kTagsHeader);
    header->set_value(policy::TagsHeader(facts.tags_header));
  }
  envoy::VirtualHost& host = *routes.add_virtual_hosts();
  host.set_name(name);
  host.add_domains("*");
  for (const policy::HttpRoutePlan& route : input.routes) policy::AddHttpRoutes(host, route);
  if (input.outbound.protocol == mesh::Protocol::kGrpc) envoy::AddGrpcStats(manager);
  envoy::AddRouter(manager);
  envoy::FilterChainDraft chain;
  chain.Add(envoy::kHttpConnectionManager, std::move(manager));
  return chain;
}

envoy::FilterChainDraft TcpChain(const OutboundInput& input, const std::string& resource_name) {
  const std::string& name = input.facts->unified_naming && !resource_name.empty() ? resource_name : input.outbound.service;
  envoy::FilterChainDraft chain;
  chain.Add(envoy::kTcpProxy, envoy::MakeTcpProxy(name, input.tcp_targets));
  if (input.outbound.protocol == mesh::Protocol::kKafka && input.facts->kafka_filter) envoy::AddKafkaFilter(chain, name);
  return chain;
}

UnitOutput Generate(const OutboundInput& input) {
  const policy::ProxyFacts& facts = *input.facts;
  const OutboundPlan& outbound = input.outbound;
  const std::string resource_name = outbound.destination ? ToString(*outbound.destination, *facts.types) : std::string();
  const bool unified = facts.unified_naming && outbound.destination;
  const std::string address = outbound.address.empty() ? "127.0.0.1" : outbound.address;

  policy::OutboundDraft draft{.proxy = facts,
                              .service = outbound.service,
                              .destination = outbound.destination,
                              .protocol = outbound.protocol,
                              .listener = envoy::OutboundListener(
                                  unified ? resource_name : envoy::OutboundListenerName(address, outbound.port), address, outbound.port)};
  envoy::Listener& listener = draft.listener.listener;
  if (unified) listener.set_stat_prefix(resource_name);
  if (facts.transparent.enabled && !facts.bind_outbounds) listener.mutable_bind_to_port()->set_value(false);
  mesh::Tags tags = outbound.tags;
  tags.erase("kuma.io/mesh");
  if (outbound.destination) tags = {{"kuma.io/unified-name", resource_name}};
  envoy::SetTagsMetadata(listener, tags);
  draft.listener.chains.push_back(input.routes.empty() ? TcpChain(input, resource_name) : HttpChain(input, resource_name));

  for (const policy::PolicyHooks& hooks : Policies()) {
    if (hooks.outbound != nullptr) hooks.outbound(draft, input.rules.Of(hooks.type));
  }
  UnitOutput output;
  output.warnings = std::move(draft.warnings);
  output.Add(ResourceType::kListener, std::move(draft.listener).Finish());
  return output;
}

void AddTargets(DigestBuilder& digest, const std::vector<envoy::WeightedTarget>& targets) {
  digest.Add(targets.size());
  for (const envoy::WeightedTarget& target : targets)
    digest.Add(target.cluster).Add(uint64_t{target.weight}).Add(uint64_t{target.external});
}

Digest DigestOfInput(const OutboundInput& input) {
  DigestBuilder digest;
  const OutboundPlan& outbound = input.outbound;
  digest.Add("outbound").Add(input.facts->digest).Add(outbound.address).Add(uint64_t{outbound.port}).Add(outbound.service);
  digest.Add(ProtocolName(outbound.protocol)).Add(outbound.tags.size());
  for (const auto& [key, value] : outbound.tags) digest.Add(key).Add(value);
  digest.Add(outbound.destination ? ToString(*outbound.destination, *input.facts->types) : std::string());
  digest.Add(input.routes.size());
  for (const policy::HttpRoutePlan& route : input.routes) {
    digest.Add(route.name).Add(ToJsonText(route.match)).Add(ToJsonText(route.filters)).Add(Join(route.mirror_clusters, " "));
    AddTargets(digest, route.targets);
  }
  AddTargets(digest, input.tcp_targets);
  return digest.Add(input.rules.digest).Finish();
}

const policy::RuleSet* Find(const policy::RuleSets& rules, std::string_view type) {
  const auto it = rules.find(type);
  return it == rules.end() ? nullptr : &it->second;
}

}  // namespace

Warning NoKafkaFilter(const std::string& service) {
  return {{}, {}, "Kafka metrics of " + service + " are left out: this Envoy lacks " + envoy::kKafkaBroker + ", an extension of its contrib build"};
}

std::optional<Unit> OutboundUnit(const std::shared_ptr<const policy::ProxyFacts>& facts, const OutboundPlan& outbound,
                                 const policy::RuleSets& rules, ClusterPlanner& clusters, RuleSlicer& slicer, std::vector<Warning>& warnings) {
  constexpr uint32_t kWholeWeight = 100;
  const policy::RuleSet* http = Find(rules, "MeshHTTPRoute");
  const policy::RouteDestination to{outbound.service, outbound.destination, outbound.protocol, facts->unified_naming};
  const policy::BackendResolver resolve = [&](const Kri& origin, const Json& ref, bool wants_http) {
    return clusters.ForBackendRef(origin, ref, wants_http);
  };
  const auto default_target = [&](bool wants_http) {
    return outbound.destination ? clusters.ForDestination(*outbound.destination, kWholeWeight, wants_http)
                                : clusters.ForService(outbound.tags, kWholeWeight, wants_http);
  };

  auto input = std::make_shared<OutboundInput>(OutboundInput{facts, outbound, {}, {}, {}});
  std::vector<Warning> found;
  const policy::RouteReport report{
      [&](const Kri& origin, const Json& ref, bool wants_http) { return clusters.Diagnose(origin, ref, wants_http); }, &found};
  input->routes = policy::PlanHttpRoutes(http, to, default_target, resolve, *facts->types, report);
  const bool has_http_route = policy::FindHttpRouteConf(http, to, nullptr) != nullptr;
  input->tcp_targets = policy::PlanTcpTargets(Find(rules, "MeshTCPRoute"), has_http_route, to, default_target, resolve, *facts->types, report);
  // An HTTP service with a TCP route alone is treated as TCP.
  if (!input->tcp_targets.empty()) input->routes.clear();
  if (outbound.protocol == mesh::Protocol::kKafka && !facts->kafka_filter) found.push_back(NoKafkaFilter(outbound.service));
  warnings.insert(warnings.end(), found.begin(), found.end());
  if (input->routes.empty() && input->tcp_targets.empty()) return std::nullopt;
  OutboundScope scope{outbound.service, outbound.destination, {}};
  for (const policy::HttpRoutePlan& route : input->routes) {
    Result<Kri> id = ParseKri(route.name, *facts->types);
    if (id.ok()) scope.routes.push_back(id.value());
  }
  input->rules = slicer.ForOutbound(scope, OutboundHook::kListener);
  const Digest digest = DigestOfInput(*input);
  return Unit{UnitKind::kOutbound, envoy::OutboundListenerName(outbound.address, outbound.port), digest,
              [input] { return Generate(*input); }};
}

}  // namespace kuma::xds
