#include "pkg/envoy/names.h"
#include "pkg/xds/generate/proxy_wide.h"

namespace kuma::xds {

namespace {

using namespace std::chrono_literals;

constexpr char kControlPlaneName[] = "kuma-cp";  // DNS name in the certificate with which the control plane calls Envoy

envoy::ClusterDraft OneHost(const std::string& name, const std::string& address, uint32_t port, const std::string& socket) {
  envoy::Host host;
  host.address = address;
  host.port = port;
  host.unix_path = socket;
  envoy::ClusterDraft cluster = envoy::FixedCluster(name, {host}, envoy::IsIpv6Address(address));
  envoy::SetConnectTimeout(cluster, 5s);
  return cluster;
}

}  // namespace

void AddAdmin(policy::ProxyDraft& draft, const AdminInput& input) {
  if (input.port == 0) return;
  const policy::ProxyFacts& proxy = draft.proxy;
  const std::string admin = envoy::SystemName(input.unified_naming, "envoy_admin", "kuma:envoy:admin");
  const std::string readiness = envoy::SystemName(input.unified_naming, "probe_readiness", "kuma:readiness");
  draft.clusters[admin] = OneHost(admin, input.admin_address, input.port, input.socket_path);
  draft.clusters[readiness] = OneHost(readiness, input.admin_address, input.readiness_port, input.readiness_socket);

  // Where Envoy's admin interface itself listens there is no room for a listener.
  if (input.listen_address == input.admin_address || input.material == nullptr || !envoy::IsIpAddress(input.listen_address)) return;
  envoy::ListenerDraft listener = envoy::InboundListener(admin, input.listen_address, input.port, proxy.reuse_port);
  listener.EnsureTlsInspector();
  // In plain text only readiness; everything else for the control plane alone.
  listener.chains.push_back(envoy::StaticPathsChain(admin, {{"/ready", "/ready", readiness}}, proxy.ipv6_enabled));
  envoy::FilterChainDraft secured =
      envoy::StaticPathsChain(admin, {{"/ready", "/ready", readiness}, {"/", "/", admin}}, proxy.ipv6_enabled);
  secured.match.emplace().set_transport_protocol("tls");
  secured.tls = envoy::InlineServerTls(input.material->cert_pem, input.material->key_pem, input.material->ca_pem, kControlPlaneName);
  listener.chains.push_back(std::move(secured));
  draft.listeners[admin] = std::move(listener);
}

}  // namespace kuma::xds
