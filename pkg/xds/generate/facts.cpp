#include "pkg/xds/generate/facts.h"

#include <algorithm>
#include <set>

#include "pkg/base/strings.h"
#include "pkg/envoy/agent.h"
#include "pkg/envoy/names.h"
#include "pkg/xds/generate/policies.h"

namespace kuma::xds {

namespace {

int64_t ToInt(const Json& value) {
  if (value.is_number()) return static_cast<int64_t>(value.get<double>());
  if (value.is_string()) return ParseInt(value.get_ref<const std::string&>()).value_or(0);
  return 0;
}

bool ToBool(const Json& value) { return value.is_boolean() ? value.get<bool>() : value.is_string() && value == "true"; }

policy::TransparentProxyFacts TransparentProxy(const ProxyInput& input) {
  policy::TransparentProxyFacts facts;
  std::string family;
  bool inbound = false;
  if (input.node.HasFeature("feature-transparent-proxy-in-dataplane-metadata")) {
    const Json& config = Get(input.node.metadata, "transparentProxy");
    const Json& redirect = Get(config, "redirect");
    const bool given = config.is_object();
    inbound = given ? ToBool(Get(Get(redirect, "inbound"), "enabled")) : true;
    facts.outbound = given ? ToBool(Get(Get(redirect, "outbound"), "enabled")) : true;
    facts.inbound_port = given ? static_cast<uint32_t>(ToInt(Get(Get(redirect, "inbound"), "port"))) : 15006;
    facts.outbound_port = given ? static_cast<uint32_t>(ToInt(Get(Get(redirect, "outbound"), "port"))) : 15001;
    family = GetString(config, "ipFamilyMode");
  } else if (input.dataplane->transparent_proxying) {
    const mesh::TransparentProxying& config = *input.dataplane->transparent_proxying;
    facts.inbound_port = config.redirect_port_inbound;
    facts.outbound_port = config.redirect_port_outbound;
    inbound = facts.inbound_port > 0;
    facts.outbound = facts.outbound_port > 0;
    family = config.ip_family_mode;
  } else {
    return facts;
  }
  const bool ipv4_only = ToLower(family) == "ipv4";
  facts.ipv6 = !ipv4_only;
  facts.dns_port = static_cast<uint32_t>(MetadataInt(input.node, "dataplane.dns.port"));
  facts.dns = facts.dns_port > 0;
  facts.enabled = (inbound || facts.outbound) && (!ipv4_only || !envoy::IsIpv6Address(input.dataplane->address));
  return facts;
}

void SetTls(policy::ProxyFacts& facts, const ProxyInput& input) {
  const mesh::MeshConfig& mesh = *input.snapshot->mesh;
  facts.mtls = mesh.mtls_enabled;
  facts.permissive = mesh.mtls_enabled && mesh.mtls_mode == mesh::MtlsMode::kPermissive;
  facts.workload_identity = !input.workload_identity.empty();
  std::set<std::string> domains;
  for (const ResourcePtr& trust : input.snapshot->Resources("MeshTrust")) domains.insert(GetString(trust->spec, "trustDomain"));
  // Proxies without a MeshIdentity have certificates of the mesh's own backend.
  if (!domains.empty() && mesh.mtls_enabled) domains.insert(mesh.name);
  facts.trust_domains.assign(domains.begin(), domains.end());
  if (facts.workload_identity && !input.identity->agent_socket.empty()) {
    facts.tls = {input.workload_identity, std::string(envoy::kAgentCaSecret)};
    return;
  }
  facts.tls.identity_secret =
      facts.workload_identity ? input.workload_identity
                              : envoy::SystemName(facts.unified_naming, "mtls_identity_" + mesh.name, "identity_cert:secret:" + mesh.name);
  const bool trust_bundle = facts.workload_identity || !facts.trust_domains.empty();
  facts.tls.ca_secret =
      trust_bundle ? "system_trust_bundle" : envoy::SystemName(facts.unified_naming, "mtls_ca_" + mesh.name, "mesh_ca:secret:" + mesh.name);
}

// A server needs the client's tags in a header only for policies that tell clients apart by tags.
bool ReadsTagsHeader(const mesh::Snapshot& snapshot) {
  return !snapshot.Resources("MeshFaultInjection").empty() || !snapshot.Resources("FaultInjection").empty() ||
         !snapshot.Resources("RateLimit").empty();
}

// Some policy with the trait is matched.
bool AnyPolicy(const ProxyInput& input, bool policy::PolicyHooks::*trait) {
  for (const policy::PolicyHooks& hooks : Policies()) {
    if (hooks.*trait && input.rules->contains(hooks.type)) return true;
  }
  return false;
}

// Policies that write where telemetry goes, and about whom it is.
void SetTelemetry(policy::ProxyFacts& facts, const ProxyInput& input) {
  const auto matched = [&](std::string_view type) { return input.rules->contains(type); };
  if (!matched("MeshAccessLog") && !matched("MeshTrace") && !matched("MeshMetric")) return;
  policy::TelemetryFacts& telemetry = facts.telemetry;
  const Resource& dataplane = *input.dataplane->resource;
  telemetry.zone_label = std::string(dataplane.Label(kZoneLabel));
  if (const std::string_view workload = dataplane.Label(kWorkloadLabel); !workload.empty()) {
    const Kri kri{"Workload", facts.mesh, telemetry.zone_label, std::string(dataplane.Label(kNamespaceLabel)), std::string(workload), {}};
    telemetry.workload = ToString(kri, input.types);
  }
  telemetry.otel_pipe = input.node.HasFeature("feature-otel-via-kuma-dp");
  telemetry.host_ip = GetString(Get(input.node.metadata, "dynamicMetadata"), "HOST_IP");
  telemetry.backends = policy::MakeOtelBackends(input.snapshot->Resources("MeshOpenTelemetryBackend"));
}

void AddTelemetry(DigestBuilder& digest, const policy::TelemetryFacts& t) {
  digest.Add(t.zone_label).Add(t.workload).Add(uint64_t{t.otel_pipe}).Add(t.host_ip).Add(t.backends.size());
  for (const policy::OtelBackend& backend : t.backends) {
    digest.Add(backend.name).Add(backend.address).Add(uint64_t{backend.port}).Add(backend.path).Add(uint64_t{backend.http});
    digest.Add(backend.env.is_null() ? std::string() : ToJsonText(backend.env)).Add(backend.labels.size());
    for (const auto& [key, value] : backend.labels) digest.Add(key).Add(value);
  }
}

Digest DigestOfFacts(const policy::ProxyFacts& f) {
  DigestBuilder digest;
  digest.Add(f.mesh).Add(f.zone).Add(f.service).Add(f.system_ca_path).Add(f.work_dir);
  for (const bool flag : {f.gateway, f.unified_naming, f.ipv6_enabled, f.ipv6_address, f.reuse_port, f.bind_outbounds,
                          f.strict_inbound_ports, f.mtls, f.permissive, f.passthrough, f.zone_egress, f.workload_identity, f.kafka_filter,
                          f.transparent.enabled, f.transparent.outbound, f.transparent.dns, f.transparent.ipv6}) {
    digest.Add(uint64_t{flag});
  }
  digest.Add(uint64_t{f.transparent.inbound_port}).Add(uint64_t{f.transparent.outbound_port}).Add(uint64_t{f.transparent.dns_port});
  digest.Add(f.internal_addresses.size());
  for (const envoy::Cidr& cidr : f.internal_addresses) digest.Add(cidr.prefix).Add(uint64_t{cidr.length});
  digest.Add(f.tls.identity_secret).Add(f.tls.ca_secret).Add(f.trust_domains.size());
  for (const std::string& domain : f.trust_domains) digest.Add(domain);
  for (const auto* tags : {&f.tags_header, &f.tags}) {
    digest.Add(tags->size());
    for (const auto& [tag, values] : *tags) digest.Add(tag).Add(Join(values, ","));
  }
  digest.Add(f.labels.size());
  for (const auto& [key, value] : f.labels) digest.Add(key).Add(value);
  digest.Add(f.proxy_name).Add(f.proxy_address);
  for (const auto& [key, value] : f.proxy_labels) digest.Add(key).Add(value);
  AddTelemetry(digest, f.telemetry);
  return digest.Finish();
}

}  // namespace

int64_t MetadataInt(const ProxyNode& node, std::string_view key) { return ToInt(Get(node.metadata, key)); }

std::vector<envoy::Cidr> DefaultInternalAddresses() {
  return {{"10.0.0.0", 8}, {"192.168.0.0", 16}, {"172.16.0.0", 12}, {"fc00::", 7}, {"fd00::", 8}, {"127.0.0.1", 32}, {"::1", 128}};
}

policy::ProxyFacts MakeProxyFacts(const ProxyInput& input) {
  const mesh::Dataplane& dataplane = *input.dataplane;
  const mesh::MeshConfig& mesh = *input.snapshot->mesh;
  policy::ProxyFacts facts;
  facts.types = &input.types;
  facts.mesh = mesh.name;
  facts.zone = input.zone;
  facts.service = dataplane.IdentifyingService();
  facts.system_ca_path = GetString(input.node.metadata, "systemCaPath");
  facts.work_dir = GetString(input.node.metadata, "workdir");
  facts.gateway = dataplane.IsDelegatedGateway();
  facts.unified_naming =
      input.node.HasFeature("feature-unified-resource-naming") && mesh.mesh_services == mesh::MeshServicesMode::kExclusive;
  facts.ipv6_enabled = ToBool(Get(input.node.metadata, "ipv6Enabled"));
  facts.ipv6_address = envoy::IsIpv6Address(dataplane.address);
  facts.reuse_port = input.node.HasFeature("feature-reuse-port");
  facts.bind_outbounds = input.node.HasFeature("feature-bind-outbounds");
  facts.strict_inbound_ports = input.node.HasFeature("feature-strict-inbound-ports");
  facts.internal_addresses = input.internal_addresses;
  facts.transparent = TransparentProxy(input);
  facts.passthrough = mesh.passthrough;
  facts.zone_egress = mesh.zone_egress;
  const std::vector<std::string>& extensions = input.node.extensions;
  facts.kafka_filter = extensions.empty() || std::find(extensions.begin(), extensions.end(), envoy::kKafkaBroker) != extensions.end();
  SetTls(facts, input);
  if (ReadsTagsHeader(*input.snapshot)) facts.tags_header = dataplane.TagSet();
  if (AnyPolicy(input, &policy::PolicyHooks::reads_tags)) {
    facts.tags = dataplane.TagSet();
    facts.labels = dataplane.labels();
    facts.labels.erase(std::string(kDisplayNameLabel));
  }
  if (AnyPolicy(input, &policy::PolicyHooks::names_proxy)) {
    facts.proxy_name = dataplane.name;
    facts.proxy_address = GetString(Get(dataplane.resource->spec, "networking"), "advertisedAddress", dataplane.address);
    facts.proxy_labels = dataplane.labels();
  }
  SetTelemetry(facts, input);
  facts.digest = DigestOfFacts(facts);
  return facts;
}

}  // namespace kuma::xds
