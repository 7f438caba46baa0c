#include "pkg/dp/bootstrap_request.h"

#include "pkg/base/version.h"
#include "pkg/dp/otel/environment.h"

namespace kuma::dp {

Json MakeBootstrapRequest(const Settings& settings, const BootstrapFacts& facts) {
  const BuildInfo& build = GetBuildInfo();
  Json request = {
      {"mesh", settings.mesh},
      {"name", settings.name},
      {"proxyType", settings.proxy_type},
      {"version",
       {{"kumaDp",
         {{"version", build.version}, {"gitTag", build.git_tag}, {"gitCommit", build.git_commit}, {"buildDate", build.build_date}}},
        {"envoy", {{"version", facts.envoy.version}, {"build", facts.envoy.build}, {"kumaDpCompatible", facts.envoy.compatible}}}}},
      {"caCert", facts.ca_pem},
      {"dynamicMetadata", Json::object()},
      {"dnsPort", settings.envoy_dns_port},
      {"readinessPort", facts.readiness_port},
#ifdef __APPLE__
      {"operatingSystem", "darwin"},
#else
      {"operatingSystem", "linux"},
#endif
      {"features", FeaturesOf(settings)},
      {"resources", {{"maxHeapSizeBytes", facts.max_heap_bytes}}},
      {"workdir", facts.work_dir},
      {"metricsResources", {{"certPath", settings.metrics_cert_path}, {"keyPath", settings.metrics_key_path}}},
      {"systemCaPath", facts.system_ca_path},
      {"ipv6Enabled", facts.ipv6},
      {"spireResources", {{"socketPath", settings.spire_socket_path}}},
  };
  request["otelEnv"] = otel::Environment(settings.otel_environment).Inventory(settings.otel_pipe);
  if (!settings.host_ip.empty()) request["dynamicMetadata"]["HOST_IP"] = settings.host_ip;
  if (!facts.token.empty()) request["dataplaneToken"] = facts.token;
  if (!facts.token_path.empty()) request["dataplaneTokenPath"] = facts.token_path;
  // A JSON text inside the JSON document.
  if (facts.resource != nullptr) request["dataplaneResource"] = ToJsonText(*facts.resource);
  if (!settings.transparent_proxy.is_null()) request["dataplaneConfig"] = settings.transparent_proxy;
  return request;
}

}  // namespace kuma::dp
