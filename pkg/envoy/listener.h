// Builders of listeners and of their network filters.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/label_map.h"
#include "pkg/envoy/draft.h"

namespace kuma::envoy {

struct Cidr {
  std::string prefix;
  uint32_t length = 0;
};

// A cluster and its share of the traffic.
struct WeightedTarget {
  std::string cluster;
  uint32_t weight = 1;
  bool external = false;  // outside of the mesh: the host header must become the upstream's
};

ListenerDraft InboundListener(std::string name, std::string address, uint32_t port, bool reuse_port);
ListenerDraft OutboundListener(std::string name, std::string address, uint32_t port);
ListenerDraft PipeListener(std::string name, std::string path);
// metadata io.kuma.tags, read by access logs and tools.
void SetTagsMetadata(Listener& listener, const LabelMap& tags);

// `internal`: whose x-forwarded headers are trusted; empty: the local host only. IPv6 ranges are left out when Envoy runs without IPv6.
HttpConnectionManager MakeHttpConnectionManager(std::string_view stat_name, const std::vector<Cidr>& internal, bool ipv6_enabled);
TcpProxy MakeTcpProxy(std::string_view stat_name, const std::vector<WeightedTarget>& targets);
void AddKafkaFilter(FilterChainDraft& chain, std::string_view stat_name);
void AddGrpcStats(HttpConnectionManager& manager);
void AddRouter(HttpConnectionManager& manager);

// A chain for plain TCP to one cluster.
FilterChainDraft TcpChain(std::string_view stat_name, std::string cluster);

struct StaticPath {
  std::string path;
  std::string rewrite;
  std::string cluster;
};
// A chain that serves fixed path prefixes from clusters (admin, metrics).
FilterChainDraft StaticPathsChain(std::string_view virtual_host, const std::vector<StaticPath>& paths, bool ipv6_enabled);

}  // namespace kuma::envoy
