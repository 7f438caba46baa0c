#include "pkg/xds/generate/proxy.h"

#include <algorithm>
#include <set>

#include "pkg/base/strings.h"
#include "pkg/mesh/external.h"
#include "pkg/policy/mesh_access_log/collectors.h"
#include "pkg/xds/generate/clusters.h"
#include "pkg/xds/generate/facts.h"
#include "pkg/xds/generate/inbound.h"
#include "pkg/xds/generate/outbounds.h"
#include "pkg/xds/generate/patch.h"
#include "pkg/xds/generate/proxy_wide.h"
#include "pkg/xds/generate/secrets.h"
#include "pkg/xds/generate/zone_listeners.h"

namespace kuma::xds {

namespace {

// Clusters of access logs are numbered over all listeners of the proxy, so every unit needs to know them all.
void PlanLogCollectors(policy::ProxyFacts& facts, const ProxyInput& input, const OutboundList& outbounds) {
  const auto rules = input.rules->find("MeshAccessLog");
  if (rules == input.rules->end()) return;
  std::vector<policy::InboundKey> inbounds;
  for (const mesh::Inbound& inbound : input.dataplane->inbounds) inbounds.push_back({inbound.address, inbound.port});
  std::vector<policy::LoggedOutbound> logged;
  for (const OutboundPlan& outbound : outbounds.outbounds) logged.push_back({outbound.service, outbound.destination});
  const bool passthrough = facts.transparent.outbound && !facts.bind_outbounds;
  auto& collectors = facts.telemetry.log_collectors;
  collectors = policy::PlanLogCollectors(rules->second, facts.telemetry, facts.work_dir, inbounds, logged, passthrough);
  if (collectors.empty()) return;
  DigestBuilder digest;
  digest.Add(facts.digest);
  for (const policy::LogCollector& one : collectors)
    digest.Add(one.address).Add(uint64_t{one.port}).Add(uint64_t{one.http2}).Add(one.socket_path).Add(one.backend_name);
  facts.digest = digest.Finish();
}

// Protocols of inbounds that are served as something simpler than what they are called.
void CheckInbound(const policy::ProxyFacts& facts, const mesh::Inbound& inbound, size_t index, std::vector<Warning>& warnings) {
  const std::string path = "networking.inbound[" + std::to_string(index) + "]";
  const std::string& text = inbound.protocol_text;
  if (inbound.protocol == mesh::Protocol::kTls) {
    warnings.push_back({{}, path, "protocol tls is none that an inbound can have; it is served as tcp"});
  } else if (inbound.protocol == mesh::Protocol::kUnknown && !text.empty()) {
    warnings.push_back({{}, path, "protocol \"" + text + "\" is not known; the inbound is served as tcp"});
  }
  if (inbound.protocol == mesh::Protocol::kKafka && !facts.kafka_filter) {
    Warning warning = NoKafkaFilter(std::string(inbound.Service()));
    warning.path = path;
    warnings.push_back(std::move(warning));
  }
}

// An external service that is called directly and has no host that can be: says why.
void CheckExternal(const ProxyInput& input, const ClusterPlan& cluster, std::vector<Warning>& warnings) {
  if (cluster.destination || (cluster.endpoints != nullptr && !cluster.endpoints->endpoints.empty())) return;
  const mesh::ExternalSources sources{input.zone, input.snapshot->mesh->locality_aware, input.snapshot->Resources("Secret")};
  for (const ResourcePtr& service : input.snapshot->Resources("ExternalService")) {
    if (GetString(Get(service->spec, "tags"), kServiceTag) != cluster.service) continue;
    const Result<mesh::Endpoint> endpoint = mesh::ExternalServiceEndpoint(*service, sources);
    if (endpoint.ok()) continue;
    warnings.push_back({"ExternalService " + service->meta.name(), "networking.tls", "the external service is left out: " + endpoint.error().ToString()});
  }
}

}  // namespace

std::vector<Unit> PlanUnits(const ProxyInput& input) {
  std::vector<Unit> units;
  policy::ProxyFacts made = MakeProxyFacts(input);
  const OutboundList outbounds = ListOutbounds(input, made);
  PlanLogCollectors(made, input, outbounds);
  const auto facts = std::make_shared<const policy::ProxyFacts>(std::move(made));
  RuleSlicer slicer(input.rules);
  bool uses_tls = false;
  std::vector<Warning> warnings = outbounds.warnings;

  // Inbounds: what others reach. A port may be listed twice (several services behind it); the first listener has it.
  std::set<policy::InboundKey> seen;
  const std::vector<mesh::Inbound>& inbounds = input.dataplane->inbounds;
  for (auto inbound = inbounds.begin(); inbound != inbounds.end(); ++inbound) {
    CheckInbound(*facts, *inbound, static_cast<size_t>(inbound - inbounds.begin()), warnings);
    if (inbound->port == kReservedPort || !seen.insert({inbound->address, inbound->port}).second) continue;
    const bool owns_cluster = facts->unified_naming || std::none_of(inbound + 1, inbounds.end(), [&](const mesh::Inbound& later) {
                                return later.port != kReservedPort && later.service_port == inbound->service_port;
                              });
    if (!envoy::IsIpAddress(inbound->address)) {
      warnings.push_back({{}, "networking.address", "inbound " + inbound->address + ":" + std::to_string(inbound->port) + " is left out: Envoy can only listen on an IP address"});
      continue;
    }
    units.push_back(InboundUnit(facts, *inbound, owns_cluster, slicer));
    uses_tls |= facts->UsesTls();
  }

  // Outbounds: their routes say which clusters there are.
  ClusterPlanner clusters(*facts, *input.snapshot);
  std::set<std::string> services;
  std::set<std::string> listeners;
  for (const OutboundPlan& outbound : outbounds.outbounds) {
    services.insert(outbound.service);
    std::optional<Unit> unit = OutboundUnit(facts, outbound, *input.rules, clusters, slicer, warnings);
    if (unit && listeners.insert(unit->name).second) units.push_back(std::move(*unit));
  }
  for (const auto& [name, cluster] : clusters.clusters()) {
    AddClusterUnits(facts, cluster, services.contains(cluster.service), slicer, units);
    uses_tls |= cluster.tls.has_value();
    CheckExternal(input, cluster, warnings);
  }

  uses_tls |= AddZoneListenerUnits(input, facts, slicer, units, warnings);

  // The rest, once a proxy.
  ProxyWideInput wide = MakeProxyWideInput(input, facts, outbounds, slicer);
  uses_tls |= (wide.direct_access_enabled || !wide.prometheus.is_null()) && facts->mtls;
  units.push_back(ProxyWideUnit(std::move(wide)));
  units.back().warnings = std::move(warnings);
  if (input.identity != nullptr && !input.identity->agent_socket.empty()) {
    units.push_back(AgentUnit(input));
  } else if (uses_tls && input.identity != nullptr) {
    units.push_back(SecretsUnit(facts, input.identity, *input.snapshot));
  }

  // What users change by hand, last.
  PatchUnits(input.rules, input.types, units);
  return units;
}

}  // namespace kuma::xds
