#include "pkg/envoy/names.h"
#include "pkg/xds/generate/proxy_wide.h"

namespace kuma::xds {

namespace {

using namespace std::chrono_literals;

void AddFamily(policy::ProxyDraft& draft, bool ipv6) {
  const policy::ProxyFacts& proxy = draft.proxy;
  const std::string outbound = envoy::TransparentProxyName(false, ipv6, proxy.unified_naming);
  const std::string inbound = envoy::TransparentProxyName(true, ipv6, proxy.unified_naming);

  envoy::ListenerDraft listener = envoy::OutboundListener(outbound, ipv6 ? "::" : "0.0.0.0", proxy.transparent.outbound_port);
  listener.listener.mutable_use_original_dst()->set_value(true);
  if (proxy.unified_naming) listener.listener.set_stat_prefix(outbound);
  // Without passthrough the cluster does not exist, so what has no listener of its own is refused.
  listener.chains.push_back(envoy::TcpChain(outbound, outbound));
  draft.listeners[outbound] = std::move(listener);
  if (proxy.passthrough) {
    draft.clusters[outbound] = envoy::OriginalDestinationCluster(outbound);
    envoy::SetConnectTimeout(draft.clusters[outbound], 5s);
  }

  const bool strict = proxy.strict_inbound_ports && proxy.mtls && !proxy.permissive;
  draft.listeners[inbound] = policy::InboundPassthroughListener(proxy, draft.inbounds, ipv6, strict);
  envoy::ClusterDraft cluster = envoy::OriginalDestinationCluster(inbound);
  envoy::BindSource(cluster, ipv6 ? "::6" : "127.0.0.6");
  envoy::SetConnectTimeout(cluster, 5s);
  draft.clusters[inbound] = std::move(cluster);
}

}  // namespace

void AddTransparentProxy(policy::ProxyDraft& draft) {
  const policy::ProxyFacts& proxy = draft.proxy;
  if (!proxy.transparent.outbound || proxy.bind_outbounds) return;
  const std::string nowhere(envoy::kNoDestinationCluster);
  draft.clusters[nowhere] = envoy::EmptyCluster(nowhere);
  envoy::SetConnectTimeout(draft.clusters[nowhere], 5s);
  AddFamily(draft, false);
  if (proxy.transparent.ipv6) AddFamily(draft, true);
}

void AddDirectAccess(policy::ProxyDraft& draft, const ProxyWideInput& input) {
  if (!input.direct_access_enabled) return;
  const std::string cluster_name = "direct_access";
  for (const DirectEndpoint& endpoint : input.direct_access) {
    const std::string name = cluster_name + "_" + endpoint.address + ":" + std::to_string(endpoint.port);
    envoy::ListenerDraft listener = envoy::OutboundListener(name, endpoint.address, endpoint.port);
    if (draft.proxy.transparent.enabled) listener.listener.mutable_bind_to_port()->set_value(false);
    listener.chains.push_back(envoy::TcpChain(name, cluster_name));
    draft.listeners[name] = std::move(listener);
  }
  envoy::ClusterDraft cluster = envoy::OriginalDestinationCluster(cluster_name);
  envoy::SetConnectTimeout(cluster, 5s);
  if (draft.proxy.mtls) {
    std::vector<envoy::SubjectAltNameMatcher> servers;
    if (draft.proxy.trust_domains.empty()) servers.push_back(envoy::UriPrefix(envoy::MeshSpiffePrefix(draft.proxy.mesh)));
    cluster.tls = envoy::ClientTls(draft.proxy.tls, servers, "");
  }
  draft.clusters[cluster_name] = std::move(cluster);
}

}  // namespace kuma::xds
