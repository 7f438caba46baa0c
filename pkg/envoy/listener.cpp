#include "pkg/envoy/listener.h"

#include "contrib/envoy/extensions/filters/network/kafka_broker/v3/kafka_broker.pb.h"
#include "envoy/extensions/filters/http/grpc_stats/v3/config.pb.h"
#include "envoy/extensions/filters/http/router/v3/router.pb.h"
#include "pkg/envoy/names.h"

namespace kuma::envoy {

namespace {

void SetAddress(Listener& listener, std::string address, uint32_t port) {
  auto* socket = listener.mutable_address()->mutable_socket_address();
  socket->set_address(std::move(address));
  socket->set_port_value(port);
}

}  // namespace

ListenerDraft InboundListener(std::string name, std::string address, uint32_t port, bool reuse_port) {
  ListenerDraft draft;
  draft.listener.set_name(std::move(name));
  SetAddress(draft.listener, std::move(address), port);
  draft.listener.set_traffic_direction(::envoy::config::core::v3::INBOUND);
  draft.listener.mutable_enable_reuse_port()->set_value(reuse_port);
  return draft;
}

ListenerDraft OutboundListener(std::string name, std::string address, uint32_t port) {
  ListenerDraft draft;
  draft.listener.set_name(std::move(name));
  SetAddress(draft.listener, std::move(address), port);
  draft.listener.set_traffic_direction(::envoy::config::core::v3::OUTBOUND);
  return draft;
}

ListenerDraft PipeListener(std::string name, std::string path) {
  ListenerDraft draft;
  draft.listener.set_name(std::move(name));
  draft.listener.mutable_address()->mutable_pipe()->set_path(std::move(path));
  return draft;
}

void SetTagsMetadata(Listener& listener, const LabelMap& tags) {
  (*listener.mutable_metadata()->mutable_filter_metadata())["io.kuma.tags"] = StringStruct(tags);
}

HttpConnectionManager MakeHttpConnectionManager(std::string_view stat_name, const std::vector<Cidr>& internal, bool ipv6_enabled) {
  static const std::vector<Cidr> kLocalHost = {{"127.0.0.1", 32}, {"::1", 128}};
  HttpConnectionManager manager;
  manager.set_stat_prefix(SanitizeMetric(stat_name));
  auto* config = manager.mutable_internal_address_config();
  for (const Cidr& cidr : internal.empty() ? kLocalHost : internal) {
    if (!ipv6_enabled && cidr.prefix.find(':') != std::string::npos) continue;
    auto* range = config->add_cidr_ranges();
    range->set_address_prefix(cidr.prefix);
    range->mutable_prefix_len()->set_value(cidr.length);
  }
  return manager;
}

TcpProxy MakeTcpProxy(std::string_view stat_name, const std::vector<WeightedTarget>& targets) {
  TcpProxy proxy;
  proxy.set_stat_prefix(SanitizeMetric(stat_name));
  if (targets.size() == 1) {
    proxy.set_cluster(targets[0].cluster);
    return proxy;
  }
  for (const WeightedTarget& target : targets) {
    auto* cluster = proxy.mutable_weighted_clusters()->add_clusters();
    cluster->set_name(target.cluster);
    cluster->set_weight(target.weight);
  }
  return proxy;
}

void AddKafkaFilter(FilterChainDraft& chain, std::string_view stat_name) {
  ::envoy::extensions::filters::network::kafka_broker::v3::KafkaBroker broker;
  broker.set_stat_prefix(SanitizeMetric(stat_name));
  chain.Prepend(kKafkaBroker, std::move(broker));
}

void AddGrpcStats(HttpConnectionManager& manager) {
  ::envoy::extensions::filters::http::grpc_stats::v3::FilterConfig config;
  config.set_emit_filter_state(true);
  AddHttpFilter(manager, "envoy.filters.http.grpc_stats", config);
}

void AddRouter(HttpConnectionManager& manager) {
  AddHttpFilter(manager, kRouter, ::envoy::extensions::filters::http::router::v3::Router());
}

FilterChainDraft TcpChain(std::string_view stat_name, std::string cluster) {
  FilterChainDraft chain;
  chain.Add(kTcpProxy, MakeTcpProxy(stat_name, {{std::move(cluster), 1, false}}));
  return chain;
}

FilterChainDraft StaticPathsChain(std::string_view virtual_host, const std::vector<StaticPath>& paths, bool ipv6_enabled) {
  HttpConnectionManager manager = MakeHttpConnectionManager(virtual_host, {}, ipv6_enabled);
  RouteConfiguration* routes = manager.mutable_route_config();
  routes->mutable_validate_clusters()->set_value(false);
  VirtualHost* host = routes->add_virtual_hosts();
  host->set_name(std::string(virtual_host));
  host->add_domains("*");
  for (const StaticPath& path : paths) {
    Route* route = host->add_routes();
    route->mutable_match()->set_prefix(path.path);
    route->mutable_route()->set_cluster(path.cluster);
    route->mutable_route()->set_prefix_rewrite(path.rewrite);
  }
  AddRouter(manager);
  FilterChainDraft chain;
  chain.Add(kHttpConnectionManager, std::move(manager));
  return chain;
}

}  // namespace kuma::envoy
