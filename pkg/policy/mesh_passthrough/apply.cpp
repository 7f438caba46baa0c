#include "pkg/policy/mesh_passthrough/apply.h"

#include <algorithm>

#include "envoy/extensions/filters/listener/http_inspector/v3/http_inspector.pb.h"
#include "envoy/extensions/filters/listener/original_dst/v3/original_dst.pb.h"
#include "envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.pb.h"
#include "pkg/envoy/names.h"
#include "pkg/policy/mesh_passthrough/matchers.h"

namespace kuma::policy {

namespace {

using namespace std::chrono_literals;
namespace filters = ::envoy::extensions::filters::listener;

constexpr char kOrigin[] = "meshpassthrough";
constexpr char kNoMatch[] =
    "This response comes from Kuma Sidecar. No routes matched this domain - check configuration of your MeshPassthrough policy.\n";

std::string PortText(uint32_t port) { return port == 0 ? "*" : std::to_string(port); }

std::string ResourceName(const std::string& protocol, const std::string& value, uint32_t port) {
  return "meshpassthrough_" + protocol + "_" + (value.empty() ? "" : value + "_") + PortText(port);
}

envoy::FilterChainMatch MatchOf(const PassthroughMatcher& matcher, bool ipv6) {
  envoy::FilterChainMatch match;
  if (matcher.IsHttp()) {
    match.add_application_protocols("http/1.1");
    match.add_application_protocols("h2c");
  }
  match.set_transport_protocol(matcher.protocol == "tls" ? "tls" : "raw_buffer");
  switch (matcher.kind) {
    case PassthroughKind::kDomain:
    case PassthroughKind::kWildcardDomain:
      // Envoy knows no name "*": a chain without names takes them all.
      if (matcher.protocol == "tls" && matcher.value != "*") match.add_server_names(matcher.value);
      break;
    case PassthroughKind::kCidr:
    case PassthroughKind::kCidrIpv6: {
      const PassthroughRange parsed = ParseRange(matcher.value);
      auto* range = match.add_prefix_ranges();
      range->set_address_prefix(parsed.address);
      range->mutable_prefix_len()->set_value(parsed.length);
      break;
    }
    case PassthroughKind::kIp:
    case PassthroughKind::kIpv6: {
      auto* range = match.add_prefix_ranges();
      range->set_address_prefix(matcher.value);
      range->mutable_prefix_len()->set_value(ipv6 ? 128 : 32);
      break;
    }
  }
  if (matcher.port != 0) match.mutable_destination_port()->set_value(matcher.port);
  return match;
}

class Builder {
 public:
  explicit Builder(ProxyDraft& draft) : draft_(draft) {}

  void AddChains(const std::vector<PassthroughMatcher>& matchers, bool ipv6) {
    const auto listener = draft_.listeners.find(envoy::TransparentProxyName(false, ipv6, draft_.proxy.unified_naming));
    const auto concerns = [&](const PassthroughMatcher& m) { return ipv6 ? m.ForIpv6() : m.ForIpv4(); };
    if (listener == draft_.listeners.end() || std::none_of(matchers.begin(), matchers.end(), concerns)) return;
    listener->second.chains.clear();
    std::vector<uint32_t> server_first;  // ports where the server speaks first: waiting for the client's bytes would hang
    for (const PassthroughMatcher& matcher : matchers) {
      if (matcher.protocol == "mysql") server_first.push_back(matcher.port);
      if (!concerns(matcher)) continue;
      envoy::FilterChainDraft chain = matcher.IsHttp() ? HttpChain(matcher) : TcpChain(matcher);
      chain.match = MatchOf(matcher, ipv6);
      listener->second.chains.push_back(std::move(chain));
    }
    AddInspectors(listener->second.listener, server_first);
  }

 private:
  std::string AddCluster(const std::string& protocol, const std::string& value, uint32_t port) {
    const std::string name = ResourceName(protocol, value, port);
    if (draft_.clusters.contains(name)) return name;
    envoy::ClusterDraft cluster = envoy::OriginalDestinationCluster(name);
    envoy::SetConnectTimeout(cluster, 5s);
    if (protocol == "grpc" || protocol == "http2") envoy::UseHttp2(cluster);
    draft_.clusters[name] = std::move(cluster);
    draft_.origins[name] = kOrigin;
    return name;
  }

  envoy::FilterChainDraft TcpChain(const PassthroughMatcher& matcher) {
    const std::string name = AddCluster(matcher.protocol == "tls" ? "tls" : "tcp", matcher.value, matcher.port);
    envoy::FilterChainDraft chain = envoy::TcpChain(name, name);
    chain.name = name;
    return chain;
  }

  void AddHost(envoy::RouteConfiguration& routes, const PassthroughMatcher& matcher, const std::string& value,
               const std::vector<std::string>& domains) {
    envoy::VirtualHost& host = *routes.add_virtual_hosts();
    host.set_name(value);
    for (const std::string& domain : domains) host.add_domains(domain);
    envoy::Route& route = *host.add_routes();
    route.mutable_match()->set_prefix("/");
    route.mutable_route()->set_cluster(AddCluster(matcher.protocol, value, matcher.port));
  }

  envoy::FilterChainDraft HttpChain(const PassthroughMatcher& matcher) {
    const std::string name = ResourceName(matcher.protocol, matcher.value, matcher.port);
    envoy::HttpConnectionManager manager =
        envoy::MakeHttpConnectionManager(name, draft_.proxy.internal_addresses, draft_.proxy.ipv6_enabled);
    envoy::RouteConfiguration& routes = *manager.mutable_route_config();
    routes.set_name(name);
    for (const PassthroughRoute& route : matcher.routes) {
      // The host header may name the port.
      std::vector<std::string> domains = {route.domain};
      if (matcher.port != 0 || !route.wildcard) domains.push_back(route.domain + ":" + PortText(matcher.port));
      AddHost(routes, matcher, route.domain, domains);
    }
    if (matcher.value.empty()) {
      envoy::VirtualHost& host = *routes.add_virtual_hosts();
      host.set_name("no_match");
      host.add_domains("*");
      envoy::Route& route = *host.add_routes();
      route.mutable_match()->set_prefix("/");
      route.mutable_direct_response()->set_status(503);
      route.mutable_direct_response()->mutable_body()->set_inline_string(kNoMatch);
    } else {
      AddHost(routes, matcher, matcher.value, {"*"});
    }
    envoy::AddRouter(manager);
    envoy::FilterChainDraft chain;
    chain.name = name;
    chain.Add(envoy::kHttpConnectionManager, std::move(manager));
    return chain;
  }

  static void AddInspectors(envoy::Listener& listener, const std::vector<uint32_t>& server_first) {
    const auto add = [&](const char* name, const google::protobuf::Message& config) {
      auto* filter = listener.add_listener_filters();
      filter->set_name(name);
      envoy::Pack(config, filter->mutable_typed_config());
      return filter;
    };
    add("envoy.filters.listener.original_dst", filters::original_dst::v3::OriginalDst());
    for (auto* inspector : {add("envoy.filters.listener.tls_inspector", filters::tls_inspector::v3::TlsInspector()),
                            add("envoy.filters.listener.http_inspector", filters::http_inspector::v3::HttpInspector())}) {
      const auto set_port = [](::envoy::config::listener::v3::ListenerFilterChainMatchPredicate& predicate, uint32_t port) {
        predicate.mutable_destination_port_range()->set_start(static_cast<int32_t>(port));
        predicate.mutable_destination_port_range()->set_end(static_cast<int32_t>(port + 1));
      };
      if (server_first.size() == 1) set_port(*inspector->mutable_filter_disabled(), server_first.front());
      if (server_first.size() < 2) continue;
      for (const uint32_t port : server_first) set_port(*inspector->mutable_filter_disabled()->mutable_or_match()->add_rules(), port);
    }
  }

  ProxyDraft& draft_;
};

void Proxy(ProxyDraft& draft, const PolicySlice& slice) {
  const ProxyFacts& proxy = draft.proxy;
  if (slice.proxy == nullptr || !proxy.transparent.enabled || proxy.bind_outbounds) return;
  const Json& conf = slice.proxy->conf;
  const std::string mode = GetString(conf, "passthroughMode", "Matched");
  const std::string ipv4 = envoy::TransparentProxyName(false, false, proxy.unified_naming);
  const std::string ipv6 = envoy::TransparentProxyName(false, true, proxy.unified_naming);
  if (mode == "All") {
    if (proxy.passthrough) return;
    for (const std::string& name : {ipv4, ipv6}) {
      draft.clusters[name] = envoy::OriginalDestinationCluster(name);
      envoy::SetConnectTimeout(draft.clusters[name], 5s);
      draft.origins[name] = "transparent";
    }
    return;
  }
  // The default chains stay; without their cluster they refuse.
  draft.clusters.erase(ipv4);
  draft.clusters.erase(ipv6);
  if (mode != "Matched") return;
  const Json& matches = Get(conf, "appendMatch");
  for (const auto& [index, owner] : LostPorts(matches)) {
    Warning warning = BlameAppended(*slice.proxy, "appendMatch", index, *proxy.types);
    warning.message = "the match is left out: another match says that this port speaks " + owner;
    draft.warnings.push_back(std::move(warning));
  }
  const std::vector<PassthroughMatcher> matchers = OrderPassthrough(matches);
  Builder builder(draft);
  builder.AddChains(matchers, false);
  builder.AddChains(matchers, true);
}

}  // namespace

PolicyHooks MeshPassthroughHooks() { return {.type = "MeshPassthrough", .order = 500, .proxy = Proxy, .origin = kOrigin}; }

}  // namespace kuma::policy
