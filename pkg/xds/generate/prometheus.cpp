// The scrape endpoint that a Mesh with metrics of its own (not a MeshMetric) gives to its proxies. kuma-dp answers behind it, over a
// socket.
#include <algorithm>

#include "pkg/envoy/names.h"
#include "pkg/envoy/tls.h"
#include "pkg/xds/generate/proxy_wide.h"

namespace kuma::xds {
namespace {

using namespace std::chrono_literals;

constexpr char kScrapeListener[] = "kuma:metrics:prometheus";
constexpr char kHijackerCluster[] = "kuma:metrics:hijacker";

std::string StatsPath(const Json& conf) {
  const Json& envoy = Get(conf, "envoy");
  std::string query = GetString(envoy, "filterRegex");
  if (!query.empty()) query = "filter=" + query + "&";
  if (GetBool(envoy, "usedOnly")) query += "usedonly";
  return query.empty() ? "/" : "/?" + query;
}

envoy::DownstreamTlsContext FileTls(const policy::ProxySelf& self) {
  envoy::DownstreamTlsContext tls;
  auto* certificate = tls.mutable_common_tls_context()->add_tls_certificates();
  certificate->mutable_certificate_chain()->set_filename(self.metrics_cert_path);
  certificate->mutable_private_key()->set_filename(self.metrics_key_path);
  return tls;
}

}  // namespace

Json PrometheusConf(const mesh::MeshConfig& mesh, const mesh::Dataplane& dataplane) {
  const Json& metrics = Get(mesh.resource->spec, "metrics");
  const std::string enabled = GetString(metrics, "enabledBackend");
  const Json& backends = Get(metrics, "backends");
  const auto backend = std::find_if(backends.begin(), backends.end(), [&](const Json& one) { return !enabled.empty() && GetString(one, "name") == enabled; });
  if (backend == backends.end() || GetString(*backend, "type") != "prometheus") return nullptr;
  Json conf = Get(*backend, "conf");
  if (!conf.is_object()) conf = Json::object();
  if (GetString(dataplane.metrics, "type") == "prometheus" && Get(dataplane.metrics, "conf").is_object()) MergePatch(conf, Get(dataplane.metrics, "conf"));
  // A port that the proxy serves something else on is left to that.
  const int64_t port = GetInt(conf, "port", 5670);
  const auto taken = [&](const auto& one) { return one.port == port && one.address == dataplane.address; };
  if (std::any_of(dataplane.inbounds.begin(), dataplane.inbounds.end(), taken)) return nullptr;
  if (std::any_of(dataplane.outbounds.begin(), dataplane.outbounds.end(), taken)) return nullptr;
  return conf;
}

void AddPrometheus(policy::ProxyDraft& draft, const ProxyWideInput& input) {
  const Json& conf = input.prometheus;
  if (conf.is_null() || input.admin.port == 0) return;
  const policy::ProxyFacts& proxy = draft.proxy;
  envoy::Host host;
  host.unix_path = envoy::SocketPath(proxy.work_dir + "/kuma-mh-" + draft.self.name + "-" + proxy.mesh);
  envoy::ClusterDraft cluster = envoy::FixedCluster(kHijackerCluster, {host}, proxy.ipv6_address);
  envoy::SetConnectTimeout(cluster, 5s);
  draft.clusters[kHijackerCluster] = std::move(cluster);

  const auto port = static_cast<uint32_t>(GetInt(conf, "port", 5670));
  envoy::ListenerDraft listener = envoy::InboundListener(kScrapeListener, input.admin.listen_address, port, proxy.reuse_port);
  const auto chain = [&] {
    return envoy::StaticPathsChain(kScrapeListener, {{GetString(conf, "path", "/metrics"), StatsPath(conf), kHijackerCluster}}, proxy.ipv6_enabled);
  };
  listener.chains.push_back(chain());
  const Json& tls = Get(conf, "tls");
  const std::string mode = tls.is_object() ? GetString(tls, "mode", "activeMTLSBackend") : GetBool(conf, "skipMTLS") ? "disabled" : "activeMTLSBackend";
  if (mode == "activeMTLSBackend" && proxy.mtls) {
    // A Prometheus next to the proxy itself needs no certificate.
    auto* own = listener.chains.front().match.emplace().add_source_prefix_ranges();
    own->set_address_prefix(input.admin.listen_address);
    own->mutable_prefix_len()->set_value(envoy::IsIpv6Address(input.admin.listen_address) ? 128 : 32);
    listener.chains.push_back(chain());
    std::vector<envoy::SubjectAltNameMatcher> clients;
    if (proxy.trust_domains.empty()) clients.push_back(envoy::UriPrefix(envoy::MeshSpiffePrefix(proxy.mesh)));
    listener.chains.back().tls = envoy::ServerTls(proxy.tls, clients);
  } else if (mode == "providedTLS" && !draft.self.metrics_cert_path.empty() && !draft.self.metrics_key_path.empty()) {
    listener.chains.front().match.emplace().set_transport_protocol("tls");
    listener.chains.push_back(chain());
    listener.chains.back().tls = FileTls(draft.self);
  }
  draft.listeners[kScrapeListener] = std::move(listener);
}

}  // namespace kuma::xds
