#include "pkg/policy/mesh_timeout/apply.h"

#include "pkg/policy/conf.h"
#include "pkg/policy/mesh_timeout/matched_routes.h"

namespace kuma::policy {

namespace {

using namespace std::chrono_literals;

constexpr Nanos kConnectTimeout = 5s;
constexpr Nanos kIdleTimeout = 1h;
constexpr Nanos kRequestTimeout = 15s;
constexpr Nanos kStreamIdleTimeout = 30min;

void SetRouteTimeouts(envoy::Route& route, const Json& conf) {
  if (!route.has_route()) return;
  const Json& http = Get(conf, "http");
  envoy::RouteAction& action = *route.mutable_route();
  envoy::SetDuration(action.mutable_timeout(), FindDuration(http, "requestTimeout").value_or(kRequestTimeout));
  const std::optional<Nanos> stream_idle = FindDuration(http, "streamIdleTimeout");
  if (stream_idle || !action.has_idle_timeout())
    envoy::SetDuration(action.mutable_idle_timeout(), stream_idle.value_or(kStreamIdleTimeout));
}

template <typename Fn>
void ForEachRoute(envoy::HttpConnectionManager& manager, Fn&& fn) {
  for (envoy::VirtualHost& host : *manager.mutable_route_config()->mutable_virtual_hosts()) {
    for (envoy::Route& route : *host.mutable_routes()) fn(route);
  }
}

// Idle connections are closed by the upstream cluster's options; a second clock here would only race with them.
void DisableConnectionIdleTimeout(envoy::HttpConnectionManager& manager) {
  envoy::SetDuration(manager.mutable_common_http_protocol_options()->mutable_idle_timeout(), Nanos(0));
}

void SetManagerTimeouts(envoy::HttpConnectionManager& manager, const Json& conf) {
  envoy::SetDuration(manager.mutable_request_headers_timeout(),
                     FindDuration(Get(conf, "http"), "requestHeadersTimeout").value_or(Nanos(0)));
}

void SetChainTimeouts(envoy::FilterChainDraft& chain, const Json& conf) {
  if (envoy::HttpConnectionManager* manager = chain.Http()) {
    ForEachRoute(*manager, [&](envoy::Route& route) { SetRouteTimeouts(route, conf); });
    SetManagerTimeouts(*manager, conf);
    DisableConnectionIdleTimeout(*manager);
  }
  if (envoy::TcpProxy* tcp = chain.Tcp())
    envoy::SetDuration(tcp->mutable_idle_timeout(), FindDuration(conf, "idleTimeout").value_or(kIdleTimeout));
}

void SetClusterTimeouts(envoy::ClusterDraft& cluster, const Json& conf, mesh::Protocol protocol) {
  envoy::SetConnectTimeout(cluster, FindDuration(conf, "connectionTimeout").value_or(kConnectTimeout));
  if (protocol != mesh::Protocol::kHttp && protocol != mesh::Protocol::kHttp2) return;  // gRPC streams are long by nature
  const Json& http = Get(conf, "http");
  auto* options = cluster.Http().mutable_common_http_protocol_options();
  envoy::SetDuration(options->mutable_idle_timeout(), FindDuration(conf, "idleTimeout").value_or(kIdleTimeout));
  envoy::SetDuration(options->mutable_max_stream_duration(), FindDuration(http, "maxStreamDuration").value_or(Nanos(0)));
  envoy::SetDuration(options->mutable_max_connection_duration(), FindDuration(http, "maxConnectionDuration").value_or(Nanos(0)));
}

void Inbound(InboundDraft& draft, const PolicySlice& slice) {
  const bool common = slice.inbound.empty() || slice.HasCatchAll();
  const Json conf = slice.CatchAll();
  for (envoy::FilterChainDraft& chain : draft.listener.chains) {
    if (common) SetChainTimeouts(chain, conf);
    ApplyMatchedTimeouts(chain, slice.inbound);
  }
  if (common) SetClusterTimeouts(draft.cluster, conf, draft.protocol);
}

void OutboundOfService(OutboundDraft& draft, const PolicySlice& slice) {
  const Json* conf = slice.ToService(draft.service);
  for (envoy::FilterChainDraft& chain : draft.listener.chains) {
    envoy::HttpConnectionManager* manager = chain.Http();
    if (manager != nullptr && mesh::IsHttp(draft.protocol)) {
      ForEachRoute(*manager, [&](envoy::Route& route) {
        const Json* of_route = slice.ToRoute(draft.service, route.name());
        if (of_route == nullptr) of_route = conf;
        if (of_route != nullptr) SetRouteTimeouts(route, *of_route);
      });
      if (conf != nullptr) SetManagerTimeouts(*manager, *conf);
      DisableConnectionIdleTimeout(*manager);
    }
    envoy::TcpProxy* tcp = chain.Tcp();
    if (tcp != nullptr && !mesh::IsHttp(draft.protocol) && conf != nullptr) {
      envoy::SetDuration(tcp->mutable_idle_timeout(), FindDuration(*conf, "idleTimeout").value_or(kIdleTimeout));
    }
  }
}

Json ConfOf(const ResourceRule* rule) { return rule == nullptr ? Json::object() : rule->confs.front(); }

void Outbound(OutboundDraft& draft, const PolicySlice& slice) {
  if (!draft.destination) return OutboundOfService(draft, slice);
  const Json conf = ConfOf(slice.ToResource(*draft.destination));
  for (envoy::FilterChainDraft& chain : draft.listener.chains) {
    SetChainTimeouts(chain, conf);
    envoy::HttpConnectionManager* manager = chain.Http();
    if (manager == nullptr) continue;
    ForEachRoute(*manager, [&](envoy::Route& route) {
      Result<Kri> id = ParseKri(route.name(), *draft.proxy.types);
      if (id.ok()) SetRouteTimeouts(route, ConfOf(slice.ToResource(*draft.destination, &id.value())));
    });
  }
}

void Cluster(OutboundClusterDraft& draft, const PolicySlice& slice) {
  if (draft.destination) return SetClusterTimeouts(draft.cluster, ConfOf(slice.ToResource(*draft.destination)), draft.protocol);
  const Json* conf = slice.ToService(draft.service);
  SetClusterTimeouts(draft.cluster, conf == nullptr ? Json::object() : *conf, draft.protocol);
}

}  // namespace

PolicyHooks MeshTimeoutHooks() {
  return {.type = "MeshTimeout", .order = 1000, .inbound = Inbound, .outbound = Outbound, .cluster = Cluster};
}

}  // namespace kuma::policy
