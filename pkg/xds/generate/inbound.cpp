#include "pkg/xds/generate/inbound.h"

#include "pkg/envoy/names.h"
#include "pkg/xds/generate/policies.h"

namespace kuma::xds {

namespace {

using namespace std::chrono_literals;

struct InboundInput {
  std::shared_ptr<const policy::ProxyFacts> facts;
  mesh::Inbound inbound;
  bool owns_cluster = true;
  UnitRules rules;
};

// Where the application listens: its own address when given, else where Envoy listens too.
const std::string& WorkloadAddress(const mesh::Inbound& inbound) {
  return inbound.service_address_set ? inbound.service_address : inbound.address;
}

envoy::ClusterDraft LocalCluster(const policy::ProxyFacts& facts, const mesh::Inbound& inbound, const std::string& name) {
  const std::string& address = WorkloadAddress(inbound);
  envoy::Host host;
  host.address = address;
  host.port = inbound.service_port;
  envoy::ClusterDraft cluster = envoy::FixedCluster(name, {host}, false);
  envoy::SetConnectTimeout(cluster, 10s);
  if (mesh::IsHttp(inbound.protocol)) envoy::SetDuration(cluster.Http().mutable_common_http_protocol_options()->mutable_idle_timeout(), 2h);
  // Traffic from this source address is not redirected to Envoy again.
  if (facts.transparent.enabled && address != "127.0.0.1" && address != "::1") {
    envoy::BindSource(cluster, envoy::IsIpv6Address(address) ? "::6" : "127.0.0.6");
  }
  if (inbound.protocol == mesh::Protocol::kHttp) envoy::UseHttp1(cluster);
  if (inbound.protocol == mesh::Protocol::kHttp2 || inbound.protocol == mesh::Protocol::kGrpc) envoy::UseHttp2(cluster);
  return cluster;
}

UnitOutput Generate(const InboundInput& input) {
  const policy::ProxyFacts& facts = *input.facts;
  const mesh::Inbound& inbound = input.inbound;
  policy::InboundDraft draft{.proxy = facts,
                             .inbound = inbound,
                             .key = {inbound.address, inbound.port},
                             .protocol = inbound.protocol,
                             .section = envoy::ContextualInboundName(inbound.SectionName()),
                             .listener_name = {},
                             .cluster_name = {},
                             .listener = {},
                             .cluster = {}};
  draft.listener_name = facts.unified_naming ? draft.section : envoy::InboundListenerName(inbound.address, inbound.port);
  draft.cluster_name = facts.unified_naming ? draft.section : envoy::LocalClusterName(inbound.service_port);
  draft.cluster = LocalCluster(facts, inbound, draft.cluster_name);

  draft.listener = envoy::InboundListener(draft.listener_name, inbound.address, inbound.port, facts.reuse_port);
  envoy::Listener& listener = draft.listener.listener;
  if (facts.unified_naming) listener.set_stat_prefix(draft.section);
  if (facts.transparent.enabled) listener.mutable_bind_to_port()->set_value(false);
  envoy::SetTagsMetadata(listener, inbound.tags.empty() ? mesh::Tags{{"kuma.io/unified-name", draft.section}} : inbound.tags);
  policy::BuildInboundChains(draft, facts.permissive);

  for (const policy::PolicyHooks& hooks : Policies()) {
    if (hooks.inbound != nullptr) hooks.inbound(draft, input.rules.Of(hooks.type));
  }
  UnitOutput output;
  output.warnings = std::move(draft.warnings);
  if (input.owns_cluster) output.Add(ResourceType::kCluster, std::move(draft.cluster).Finish());
  output.Add(ResourceType::kListener, std::move(draft.listener).Finish());
  return output;
}

}  // namespace

Unit InboundUnit(const std::shared_ptr<const policy::ProxyFacts>& facts, const mesh::Inbound& inbound, bool owns_cluster,
                 RuleSlicer& slicer) {
  auto input =
      std::make_shared<InboundInput>(InboundInput{facts, inbound, owns_cluster, slicer.ForInbound({inbound.address, inbound.port})});
  DigestBuilder digest;
  digest.Add("inbound").Add(facts->digest).Add(inbound.address).Add(uint64_t{inbound.port}).Add(uint64_t{inbound.service_port});
  digest.Add(WorkloadAddress(inbound))
      .Add(inbound.name)
      .Add(ProtocolName(inbound.protocol))
      .Add(inbound.protocol_text)
      .Add(inbound.tags.size());
  for (const auto& [key, value] : inbound.tags) digest.Add(key).Add(value);
  digest.Add(uint64_t{owns_cluster}).Add(input->rules.digest);
  return {UnitKind::kInbound, envoy::InboundListenerName(inbound.address, inbound.port), digest.Finish(),
          [input] { return Generate(*input); }};
}

}  // namespace kuma::xds
