#include "pkg/policy/mesh_metric/apply.h"

#include "pkg/envoy/names.h"
#include "pkg/policy/conf.h"
#include "pkg/policy/dynamic_config.h"
#include "pkg/policy/mesh_metric/document.h"

namespace kuma::policy {

namespace {

using namespace std::chrono_literals;

constexpr Nanos kRefreshInterval = 60s;

// Where kuma-dp serves the metrics of Envoy and applications.
std::string HijackerSocket(const ProxyDraft& draft) {
  return envoy::SocketPath(draft.proxy.work_dir + "/kuma-mh-" + draft.self.name + "-" + draft.proxy.mesh);
}

envoy::FilterChainDraft ScrapeChain(const ProxyDraft& draft, const std::string& name, const std::string& path, const std::string& cluster) {
  return envoy::StaticPathsChain(name, {{.path = path, .rewrite = "/meshmetric", .cluster = cluster}}, draft.proxy.ipv6_enabled);
}

envoy::DownstreamTlsContext FileTls(const ProxySelf& self) {
  envoy::DownstreamTlsContext tls;
  auto* certificate = tls.mutable_common_tls_context()->add_tls_certificates();
  certificate->mutable_certificate_chain()->set_filename(self.metrics_cert_path);
  certificate->mutable_private_key()->set_filename(self.metrics_key_path);
  return tls;
}

void AddPrometheus(ProxyDraft& draft, const Json& prometheus) {
  const bool unified = draft.proxy.unified_naming;
  const std::string client = GetString(prometheus, "clientId", "default-backend");
  const std::string system = "meshmetric_prometheus_" + CleanSystemName(client);
  const std::string name = envoy::SystemName(unified, system, "_kuma:metrics:prometheus:" + client);
  const std::string cluster_name = envoy::SystemName(unified, system, "_kuma:metrics:hijacker");
  envoy::Host host;
  host.unix_path = HijackerSocket(draft);
  draft.clusters[cluster_name] = CollectorCluster(cluster_name, std::move(host), false, draft.proxy.ipv6_address);

  const auto port = static_cast<uint32_t>(GetInt(prometheus, "port", 5670));
  const std::string path = GetString(prometheus, "path", "/metrics");
  envoy::ListenerDraft listener = envoy::InboundListener(name, draft.self.address, port, draft.proxy.reuse_port);
  if (unified) listener.listener.set_stat_prefix(name);
  const bool certificate = !draft.self.metrics_cert_path.empty() && !draft.self.metrics_key_path.empty();
  listener.chains.push_back(ScrapeChain(draft, name, path, cluster_name));
  if (GetString(Get(prometheus, "tls"), "mode") == "ProvidedTLS" && certificate) {
    // For connections that a TLS inspector marked; the listener has none unless someone adds it, so the second chain takes them.
    listener.chains.front().match.emplace().set_transport_protocol("tls");
    listener.chains.push_back(ScrapeChain(draft, name, path, cluster_name));
    listener.chains.back().tls = FileTls(draft.self);
  }
  draft.listeners[name] = std::move(listener);
}

// kuma-dp exports through Envoy: its connections to collectors start at a socket that Envoy listens on.
void AddExport(ProxyDraft& draft, const OtelTarget& target, const std::string& backend_name) {
  const bool unified = draft.proxy.unified_naming;
  const std::string name =
      envoy::SystemName(unified, "meshmetric_otel_" + CleanSystemName(backend_name), "_kuma:metrics:opentelemetry:" + backend_name);
  envoy::Host host;
  host.address = OtelDirectAddress(target, draft.proxy.telemetry.host_ip);
  host.port = target.backend.port;
  envoy::ClusterDraft cluster = CollectorCluster(name, host, true, draft.proxy.ipv6_address);
  if (target.UsesHttps()) AddOutsideTls(cluster, host.address, false);
  draft.clusters[name] = std::move(cluster);

  envoy::ListenerDraft listener = envoy::PipeListener(name, OtelSocketPath(draft.proxy.work_dir, backend_name));
  if (unified) listener.listener.set_stat_prefix(name);
  listener.chains.push_back(envoy::StaticPathsChain(name, {{.path = "/", .rewrite = {}, .cluster = name}}, draft.proxy.ipv6_enabled));
  envoy::AddGrpcStats(*listener.chains.back().Http());
  draft.listeners[name] = std::move(listener);
}

void AddOtel(ProxyDraft& draft, const Json& otel, std::vector<MetricExport>& exports) {
  std::optional<OtelTarget> target = ResolveOtel(otel, draft.proxy.telemetry.backends);
  const std::optional<Nanos> interval = FindDuration(otel, "refreshInterval");
  const bool by_reference = !Get(otel, "backendRef").is_null();
  if (by_reference && draft.proxy.telemetry.otel_pipe) {
    if (target) {
      draft.otel.Add(*target, OtelSignal::kMetrics, draft.proxy.work_dir, draft.self.otel_env,
                     interval ? FormatDuration(*interval) : std::string());
    }
    return;
  }
  if (!target) return;
  const std::string name = by_reference ? target->backend.name : MetricBackendName(GetString(otel, "endpoint"));
  AddExport(draft, *target, name);
  exports.push_back({name, OtelSocketPath(draft.proxy.work_dir, name), FormatDuration(interval.value_or(kRefreshInterval))});
}

void Proxy(ProxyDraft& draft, const PolicySlice& slice) {
  if (slice.proxy == nullptr) return;
  const Json& conf = slice.proxy->conf;
  const Json& backends = Get(conf, "backends");
  if (!backends.is_array() || backends.empty()) return;
  bool has_prometheus = false;
  std::vector<MetricExport> exports;
  for (const Json& backend : backends) {
    const std::string type = GetString(backend, "type");
    if (const Json& prometheus = Get(backend, "prometheus"); type == "Prometheus" && prometheus.is_object()) {
      AddPrometheus(draft, prometheus);
      has_prometheus = true;
    }
    if (const Json& otel = Get(backend, "openTelemetry"); type == "OpenTelemetry" && otel.is_object()) AddOtel(draft, otel, exports);
  }
  AddDynamicConfig(draft, "meshmetric", "/meshmetric", MetricDocument(conf, has_prometheus, exports, draft.proxy, draft.self));
}

}  // namespace

PolicyHooks MeshMetricHooks() { return {.type = "MeshMetric", .order = 1500, .proxy = Proxy}; }

}  // namespace kuma::policy
