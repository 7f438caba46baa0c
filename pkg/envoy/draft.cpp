#include "pkg/envoy/draft.h"

#include "envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.pb.h"

namespace kuma::envoy {

namespace {

constexpr char kTlsTransportSocket[] = "envoy.transport_sockets.tls";
constexpr char kHttpOptionsKey[] = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
constexpr char kTlsInspector[] = "envoy.filters.listener.tls_inspector";

template <typename T>
T* FindFilter(std::vector<NetworkFilter>& filters) {
  for (NetworkFilter& filter : filters) {
    if (auto* typed = dynamic_cast<T*>(filter.config.get())) return typed;
  }
  return nullptr;
}

HttpFilter MakeHttpFilter(std::string name, const google::protobuf::Message& config) {
  HttpFilter filter;
  filter.set_name(std::move(name));
  Pack(config, filter.mutable_typed_config());
  return filter;
}

void MoveLastTo(HttpConnectionManager& manager, int index) {
  for (int i = manager.http_filters_size() - 1; i > index; --i) manager.mutable_http_filters()->SwapElements(i, i - 1);
}

}  // namespace

HttpConnectionManager* FilterChainDraft::Http() { return FindFilter<HttpConnectionManager>(filters); }
TcpProxy* FilterChainDraft::Tcp() { return FindFilter<TcpProxy>(filters); }

void ListenerDraft::EnsureTlsInspector() {
  for (const auto& filter : listener.listener_filters()) {
    if (filter.name() == kTlsInspector) return;
  }
  auto* filter = listener.add_listener_filters();
  filter->set_name(kTlsInspector);
  Pack(::envoy::extensions::filters::listener::tls_inspector::v3::TlsInspector(), filter->mutable_typed_config());
}

void ListenerDraft::RemoveTlsInspector() {
  auto& own = *listener.mutable_listener_filters();
  for (int i = own.size() - 1; i >= 0; --i) {
    if (own.Get(i).name() == kTlsInspector) own.DeleteSubrange(i, 1);
  }
}

Listener ListenerDraft::Finish() && {
  for (FilterChainDraft& draft : chains) {
    FilterChain* chain = listener.add_filter_chains();
    chain->set_name(draft.name);
    if (draft.match) *chain->mutable_filter_chain_match() = std::move(*draft.match);
    for (const NetworkFilter& draft_filter : draft.filters) {
      auto* filter = chain->add_filters();
      filter->set_name(draft_filter.name);
      Pack(*draft_filter.config, filter->mutable_typed_config());
    }
    if (draft.tls) {
      chain->mutable_transport_socket()->set_name(kTlsTransportSocket);
      Pack(*draft.tls, chain->mutable_transport_socket()->mutable_typed_config());
    }
  }
  return std::move(listener);
}

HttpProtocolOptions& ClusterDraft::Http() {
  if (!http) http.emplace();
  return *http;
}

Cluster ClusterDraft::Finish() && {
  if (http) Pack(*http, &(*cluster.mutable_typed_extension_protocol_options())[kHttpOptionsKey]);
  if (tls) {
    cluster.mutable_transport_socket()->set_name(kTlsTransportSocket);
    Pack(*tls, cluster.mutable_transport_socket()->mutable_typed_config());
  }
  return std::move(cluster);
}

void AddHttpFilter(HttpConnectionManager& manager, std::string name, const google::protobuf::Message& config) {
  int index = manager.http_filters_size();
  for (int i = 0; i < manager.http_filters_size(); ++i) {
    if (manager.http_filters(i).name() == kRouter) index = i;
  }
  *manager.add_http_filters() = MakeHttpFilter(std::move(name), config);
  MoveLastTo(manager, index);
}

void PrependHttpFilter(HttpConnectionManager& manager, std::string name, const google::protobuf::Message& config) {
  *manager.add_http_filters() = MakeHttpFilter(std::move(name), config);
  MoveLastTo(manager, 0);
}

}  // namespace kuma::envoy
