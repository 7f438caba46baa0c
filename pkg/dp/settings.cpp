#include "pkg/dp/settings.h"

#include "pkg/base/files.h"

namespace kuma::dp {
namespace {

std::string Variable(const std::map<std::string, std::string>& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

}  // namespace

Settings MakeSettings(const config::Config& config, const std::map<std::string, std::string>& environment, const Json& transparent_proxy) {
  Settings s;
  s.cp_url = config.GetString("controlPlane.url");
  s.retry.longest = config.GetDuration("controlPlane.retry.backoff");
  s.retry.first = std::min<Nanos>(s.retry.first, s.retry.longest);
  s.retry.total = config.GetDuration("controlPlane.retry.maxDuration");
  s.ca_cert_pem = config.GetString("controlPlane.caCert");
  s.ca_cert_file = config.GetString("controlPlane.caCertFile");
  s.skip_verify = config.GetBool("controlPlane.tlsSkipVerify");
  s.name = config.GetString("dataplane.name");
  s.mesh = config.GetString("dataplane.mesh");
  s.proxy_type = config.GetString("dataplane.proxyType");
  s.drain_time = config.GetDuration("dataplane.drainTime");
  s.readiness_port = static_cast<uint16_t>(config.GetInt("dataplane.readinessPort"));
  s.readiness_port_fixed = config.IsSet("dataplane.readinessPort") && s.readiness_port != 0;
  s.envoy_path = config.GetString("dataplaneRuntime.binaryPath");
  s.work_dir = config.GetString("dataplaneRuntime.workDir");
  s.concurrency = config.GetInt("dataplaneRuntime.concurrency");
  s.token = config.GetString("dataplaneRuntime.dataplaneToken");
  s.token_path = config.GetString("dataplaneRuntime.dataplaneTokenPath");
  s.resource_text = config.GetString("dataplaneRuntime.resource");
  s.resource_path = config.GetString("dataplaneRuntime.resourcePath");
  s.resource_vars = config.GetMap("dataplaneRuntime.resourceVars");
  s.envoy_log_level = config.GetString("dataplaneRuntime.envoyLogLevel");
  s.envoy_component_log_level = config.GetString("dataplaneRuntime.envoyComponentLogLevel");
  s.max_memory_bytes = static_cast<uint64_t>(config.GetInt("dataplaneRuntime.resources.maxMemoryBytes"));
  s.metrics_cert_path = config.GetString("dataplaneRuntime.metrics.metricsCertPath");
  s.metrics_key_path = config.GetString("dataplaneRuntime.metrics.metricsKeyPath");
  s.refresh_interval = config.GetDuration("dataplaneRuntime.dynamicConfiguration.refreshInterval");
  s.system_ca_path = config.GetString("dataplaneRuntime.systemCaPath");
  s.transparent_proxy = !transparent_proxy.is_null() ? transparent_proxy : config.GetJson("dataplaneRuntime.transparentProxy");
  s.bind_outbounds = config.GetBool("dataplaneRuntime.bindOutbounds");
  s.xds_variant = config.GetString("dataplaneRuntime.envoyXdsTransportProtocolVariant");
  s.unified_naming = config.GetBool("dataplaneRuntime.unifiedResourceNamingEnabled");
  s.ipv6_enabled = config.GetBool("dataplaneRuntime.IPv6Enabled");
  s.spire_supported = config.GetBool("dataplaneRuntime.spire.supported");
  s.spire_socket_path = config.GetString("dataplaneRuntime.spire.socketPath");
  s.strict_inbound_ports = config.GetBool("dataplaneRuntime.strictInboundPortsEnabled");
  s.reuse_port = config.GetBool("dataplaneRuntime.reusePortEnabled");
  s.otel_pipe = config.GetBool("dataplaneRuntime.otelPipeEnabled");
  s.probe_port = static_cast<uint16_t>(config.GetInt("applicationProbeProxyServer.port"));
  s.dns_enabled = config.GetBool("dns.enabled");
  s.dns_port = static_cast<uint16_t>(config.GetInt("dns.proxyPort"));
  s.envoy_dns_port = static_cast<uint16_t>(config.GetInt("dns.envoyDnsPort"));
  s.dns_logging = config.GetBool("dns.coreDNSLogging");
  // Redirected DNS traffic arrives at the port CoreDNS had; our server takes its place.
  if (s.dns_port == 0 && !s.transparent_proxy.is_null()) s.dns_port = static_cast<uint16_t>(config.GetInt("dns.coreDnsPort"));
  if (!s.transparent_proxy.is_null()) {
    s.transparent_proxy["redirect"]["dns"] = {{"enabled", s.dns_enabled}, {"port", s.envoy_dns_port}};
  }
  for (const auto& [name, value] : environment) {
    if (name.starts_with("OTEL_")) s.otel_environment[name] = value;
  }
  s.host_ip = Variable(environment, "HOST_IP");
  s.in_kubernetes = environment.count("POD_NAME") == 1;
  s.general_work_dir = Variable(environment, "KUMA_GENERAL_WORK_DIR");
  if (s.general_work_dir.empty()) s.general_work_dir = JoinPath(HomeFolder(), ".kuma");
  return s;
}

std::vector<std::string> FeaturesOf(const Settings& settings) {
  std::vector<std::string> features = {"feature-tcp-accesslog-via-named-pipe"};
  const auto add = [&](bool on, const char* name) {
    if (on) features.emplace_back(name);
  };
  add(settings.otel_pipe, "feature-otel-via-kuma-dp");
  add(settings.DnsOn(), "feature-embedded-dns");
  add(!settings.transparent_proxy.is_null(), "feature-transparent-proxy-in-dataplane-metadata");
  add(settings.bind_outbounds, "feature-bind-outbounds");
  add(settings.xds_variant == "DELTA_GRPC", "feature-delta-grpc");
  add(settings.unified_naming, "feature-unified-resource-naming");
  add(settings.spire_supported, "feature-spire");
  add(settings.strict_inbound_ports, "feature-strict-inbound-ports");
  add(settings.reuse_port, "feature-reuse-port");
  return features;
}

}  // namespace kuma::dp
