// Listeners and clusters while they are edited: what is packed into Any in the end is still typed here. Built by generators,
// edited by policies in their order, finished once. Values of one thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pkg/envoy/api.h"
#include "pkg/envoy/message.h"

namespace kuma::envoy {

inline constexpr char kHttpConnectionManager[] = "envoy.filters.network.http_connection_manager";
inline constexpr char kTcpProxy[] = "envoy.filters.network.tcp_proxy";
inline constexpr char kKafkaBroker[] = "envoy.filters.network.kafka_broker";  // of Envoy's contrib build
inline constexpr char kRouter[] = "envoy.filters.http.router";

struct NetworkFilter {
  std::string name;
  std::unique_ptr<google::protobuf::Message> config;
};

struct FilterChainDraft {
  std::string name;
  std::optional<FilterChainMatch> match;
  std::vector<NetworkFilter> filters;
  std::optional<DownstreamTlsContext> tls;

  // Null when the chain has none.
  HttpConnectionManager* Http();
  TcpProxy* Tcp();
  template <typename T>
  T& Add(std::string filter_name, T config) {
    auto owned = std::make_unique<T>(std::move(config));
    T& result = *owned;
    filters.push_back({std::move(filter_name), std::move(owned)});
    return result;
  }
  template <typename T>
  void Prepend(std::string filter_name, T config) {
    filters.insert(filters.begin(), NetworkFilter{std::move(filter_name), std::make_unique<T>(std::move(config))});
  }
};

struct ListenerDraft {
  Listener listener;  // without filter chains
  std::vector<FilterChainDraft> chains;

  // Adds the TLS inspector unless it is there.
  void EnsureTlsInspector();
  void RemoveTlsInspector();
  Listener Finish() &&;
};

struct ClusterDraft {
  Cluster cluster;  // without transport socket and HTTP options
  std::optional<HttpProtocolOptions> http;
  std::optional<UpstreamTlsContext> tls;

  HttpProtocolOptions& Http();
  Cluster Finish() &&;
};

// HTTP filters run in order and the router ends the chain: before it, or first.
void AddHttpFilter(HttpConnectionManager& manager, std::string name, const google::protobuf::Message& config);
void PrependHttpFilter(HttpConnectionManager& manager, std::string name, const google::protobuf::Message& config);

}  // namespace kuma::envoy
