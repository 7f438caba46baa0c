#include "pkg/xds/generate/proxy_wide.h"

#include <algorithm>
#include <set>

#include "pkg/envoy/names.h"
#include "pkg/policy/dynamic_config.h"
#include "pkg/xds/generate/facts.h"
#include "pkg/xds/generate/policies.h"

namespace kuma::xds {

AdminInput MakeAdminInput(const ProxyNode& node, const std::string& listen_address, AdminMaterialPtr material) {
  AdminInput admin;
  admin.unified_naming = node.HasFeature("feature-unified-resource-naming");
  const Json& metadata = node.metadata;
  admin.listen_address = listen_address;
  admin.port = static_cast<uint32_t>(MetadataInt(node, "dataplane.admin.port"));
  admin.admin_address = GetString(metadata, "dataplane.admin.address");
  if (admin.admin_address.empty() || admin.admin_address == "0.0.0.0") admin.admin_address = "127.0.0.1";
  if (admin.admin_address == "::") admin.admin_address = "::1";
  admin.socket_path = GetString(metadata, "dataplane.admin.socketPath");
  admin.readiness_port = static_cast<uint32_t>(MetadataInt(node, "dataplane.readinessReporter.port"));
  if (node.HasFeature("feature-readiness-unix-socket")) {
    admin.readiness_socket = envoy::SocketPath(GetString(metadata, "workdir") + "/kuma-readiness-reporter");
  }
  admin.material = std::move(material);
  // The admin interface leads to secrets: only this host's own addresses are believed.
  if (admin.admin_address != "127.0.0.1" && admin.admin_address != "::1") admin.port = 0;
  return admin;
}

void AddAdminInput(DigestBuilder& digest, const AdminInput& admin) {
  digest.Add(admin.listen_address).Add(admin.admin_address).Add(uint64_t{admin.port}).Add(admin.socket_path);
  digest.Add(uint64_t{admin.unified_naming}).Add(uint64_t{admin.readiness_port}).Add(admin.readiness_socket).Add(uint64_t{admin.material != nullptr});
  if (admin.material != nullptr) digest.Add(admin.material->ca_pem).Add(admin.material->cert_pem).Add(admin.material->key_pem);
}

namespace {

// Marks what has no origin yet as made by this step.
void SetOrigin(policy::ProxyDraft& draft, std::string_view origin) {
  for (const auto& [name, cluster] : draft.clusters) draft.origins.try_emplace(name, origin);
  for (const auto& [name, listener] : draft.listeners) draft.origins.try_emplace(name, origin);
}

UnitOutput Generate(const ProxyWideInput& input) {
  policy::ProxyDraft draft{.proxy = *input.facts, .inbounds = input.inbounds, .listeners = {}, .clusters = {}, .self = input.self};
  AddAdmin(draft, input.admin);
  SetOrigin(draft, "admin");
  AddPrometheus(draft, input);
  SetOrigin(draft, "prometheus");
  AddTransparentProxy(draft);
  SetOrigin(draft, "transparent");
  AddDirectAccess(draft, input);
  SetOrigin(draft, "direct-access");
  AddProbes(draft, input);
  SetOrigin(draft, "probe");
  AddDns(draft, input);
  SetOrigin(draft, "dns");
  for (const policy::PolicyHooks& hooks : Policies()) {
    if (hooks.proxy == nullptr) continue;
    hooks.proxy(draft, input.rules.Of(hooks.type));
    SetOrigin(draft, hooks.origin);
  }
  if (!draft.otel.empty()) policy::AddDynamicConfig(draft, "otel", "/otel", draft.otel.ToText());
  UnitOutput output;
  output.warnings = std::move(draft.warnings);
  if (!draft.otel.empty()) output.telemetry = draft.otel.ToStatus();
  for (auto& [name, cluster] : draft.clusters) output.Add(ResourceType::kCluster, std::move(cluster).Finish(), draft.origins[name]);
  for (auto& [name, listener] : draft.listeners) output.Add(ResourceType::kListener, std::move(listener).Finish(), draft.origins[name]);
  return output;
}

// Path of a URL or path text, without query.
std::string PathOf(const std::string& text) { return text.substr(0, text.find_first_of("?#")); }

void AddProbeInput(ProxyWideInput& wide, const ProxyInput& input) {
  const Json& probes = input.dataplane->probes;
  const Json& app_proxy = Get(input.node.metadata, "dataplane.appProbeProxy.enabled");
  if (!probes.is_object() || app_proxy == true || app_proxy == "true") return;
  wide.probes_port = static_cast<uint32_t>(GetInt(probes, "port"));
  wide.probes_address = input.dataplane->address;
  for (const Json& endpoint : Get(probes, "endpoints")) {
    ProbeRoute route;
    route.path = PathOf(GetString(endpoint, "path"));
    route.inbound_path = PathOf(GetString(endpoint, "inboundPath"));
    route.inbound_port = static_cast<uint32_t>(GetInt(endpoint, "inboundPort"));
    for (const mesh::Inbound& inbound : wide.inbounds) {
      if (inbound.service_port != route.inbound_port) continue;
      route.cluster =
          wide.facts->unified_naming ? envoy::ContextualInboundName(inbound.SectionName()) : envoy::LocalClusterName(route.inbound_port);
    }
    wide.probes.push_back(std::move(route));
  }
}

void AddDirectAccessInput(ProxyWideInput& wide, const ProxyInput& input, const OutboundList& outbounds) {
  if (!input.dataplane->transparent_proxying || !wide.facts->transparent.enabled) return;
  const std::vector<std::string>& listed = input.dataplane->transparent_proxying->direct_access_services;
  if (listed.empty()) return;
  wide.direct_access_enabled = true;
  const std::set<std::string, std::less<>> services(listed.begin(), listed.end());
  std::set<DirectEndpoint> taken;
  for (const OutboundPlan& outbound : outbounds.outbounds) taken.insert({outbound.address, outbound.port});
  std::set<DirectEndpoint> endpoints;
  for (const auto& [name, dataplane] : input.snapshot->AllDataplanes()) {
    if (name == input.dataplane->name) continue;
    for (const mesh::Inbound& inbound : dataplane->inbounds) {
      if (!services.contains("*") && !services.contains(inbound.Service())) continue;
      const DirectEndpoint endpoint{inbound.address, inbound.port};
      if (!taken.contains(endpoint)) endpoints.insert(endpoint);
    }
  }
  wide.direct_access.assign(endpoints.begin(), endpoints.end());
}

std::string DnsLabels(const mesh::Dataplane& dataplane) {
  Json labels = {{"mesh", dataplane.resource->meta.mesh()}};
  const auto add = [&](const char* name, std::string_view label) {
    if (const std::string_view value = dataplane.resource->Label(label); !value.empty()) labels[name] = std::string(value);
  };
  add("kuma_workload", kWorkloadLabel);
  add("k8s_kuma_io_namespace", kNamespaceLabel);
  add("kuma_io_zone", kZoneLabel);
  return ToJsonText(labels);
}

policy::ProxySelf MakeSelf(const ProxyInput& input) {
  const mesh::Dataplane& dataplane = *input.dataplane;
  policy::ProxySelf self;
  self.name = dataplane.name;
  self.address = dataplane.address;
  self.labels = dataplane.labels();
  self.tags = dataplane.TagSet();
  bool ingress = false;
  bool egress = false;
  for (const mesh::ProxyListener& listener : dataplane.listeners) {
    ingress |= listener.type == "ZoneIngress";
    egress |= listener.type == "ZoneEgress";
  }
  self.zone_proxy_only = (ingress || egress) && dataplane.inbounds.empty() && !dataplane.gateway;
  if (dataplane.gateway) {
    self.role = "gateway";
  } else if (ingress || egress) {
    self.role = ingress && egress ? "zone-proxy" : ingress ? "zone-ingress" : "zone-egress";
  } else {
    self.role = "sidecar";
  }
  self.metrics_cert_path = GetString(input.node.metadata, "metricsCertPath");
  self.metrics_key_path = GetString(input.node.metadata, "metricsKeyPath");
  self.otel_env = Get(input.node.metadata, "otelEnvInventory");
  return self;
}

void AddSelf(DigestBuilder& digest, const policy::ProxySelf& self) {
  digest.Add(self.name).Add(self.address).Add(self.labels.size());
  for (const auto& [key, value] : self.labels) digest.Add(key).Add(value);
  digest.Add(self.tags.size());
  for (const auto& [tag, values] : self.tags) {
    digest.Add(tag).Add(values.size());
    for (const std::string& value : values) digest.Add(value);
  }
  digest.Add(self.role).Add(uint64_t{self.zone_proxy_only}).Add(self.metrics_cert_path).Add(self.metrics_key_path);
  digest.Add(self.otel_env.is_null() ? std::string() : ToJsonText(self.otel_env));
}

Digest DigestOfInput(const ProxyWideInput& input) {
  DigestBuilder digest;
  digest.Add("proxy").Add(input.facts->digest);
  AddSelf(digest, input.self);
  AddAdminInput(digest, input.admin);
  digest.Add(input.inbounds.size());
  for (const mesh::Inbound& inbound : input.inbounds)
    digest.Add(inbound.address).Add(uint64_t{inbound.port}).Add(uint64_t{inbound.service_port}).Add(inbound.name);
  digest.Add(input.names.size());
  for (const VirtualName& name : input.names) digest.Add(name.name).Add(name.address);
  digest.Add(uint64_t{input.embedded_dns})
      .Add(input.dns_labels)
      .Add(input.probes_address)
      .Add(uint64_t{input.probes_port})
      .Add(input.probes.size());
  for (const ProbeRoute& probe : input.probes)
    digest.Add(probe.path).Add(probe.inbound_path).Add(uint64_t{probe.inbound_port}).Add(probe.cluster);
  digest.Add(uint64_t{input.direct_access_enabled}).Add(input.direct_access.size());
  for (const DirectEndpoint& endpoint : input.direct_access) digest.Add(endpoint.address).Add(uint64_t{endpoint.port});
  digest.Add(input.prometheus.is_null() ? std::string() : ToJsonText(input.prometheus));
  return digest.Add(input.rules.digest).Finish();
}

}  // namespace

ProxyWideInput MakeProxyWideInput(const ProxyInput& input, const std::shared_ptr<const policy::ProxyFacts>& facts,
                                  const OutboundList& outbounds, RuleSlicer& slicer) {
  ProxyWideInput wide;
  wide.facts = facts;
  wide.admin = MakeAdminInput(input.node, input.dataplane->address, input.admin);
  wide.inbounds = input.dataplane->inbounds;
  wide.self = MakeSelf(input);
  if (facts->transparent.enabled && facts->transparent.dns) {
    wide.names = outbounds.names;
    wide.embedded_dns = input.node.HasFeature("feature-embedded-dns");
    if (wide.embedded_dns) wide.dns_labels = DnsLabels(*input.dataplane);
  }
  wide.prometheus = PrometheusConf(*input.snapshot->mesh, *input.dataplane);
  AddProbeInput(wide, input);
  AddDirectAccessInput(wide, input, outbounds);
  wide.rules = slicer.ForProxy();
  return wide;
}

Unit ProxyWideUnit(ProxyWideInput input) {
  auto shared = std::make_shared<ProxyWideInput>(std::move(input));
  return {UnitKind::kProxyWide, "proxy", DigestOfInput(*shared), [shared] { return Generate(*shared); }};
}

}  // namespace kuma::xds
