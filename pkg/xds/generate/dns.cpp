#include <arpa/inet.h>

#include <array>
#include <cstdio>
#include <map>

#include "envoy/extensions/filters/udp/dns_filter/v3/dns_filter.pb.h"
#include "pkg/envoy/names.h"
#include "pkg/policy/dynamic_config.h"
#include "pkg/xds/generate/proxy_wide.h"

namespace kuma::xds {

namespace {

using namespace std::chrono_literals;

// 240.0.0.1 -> ::ffff:f000:1, so that AAAA queries are answered too. "" when it is no IPv4 address.
std::string MappedIpv6(const std::string& address) {
  in_addr ipv4{};
  if (inet_pton(AF_INET, address.c_str(), &ipv4) != 1) return {};
  const uint32_t value = ntohl(ipv4.s_addr);
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "::ffff:%x:%x", value >> 16, value & 0xffff);
  return text.data();
}

std::map<std::string, std::vector<std::string>> Records(const policy::ProxyFacts& proxy, const std::vector<VirtualName>& names) {
  std::map<std::string, std::vector<std::string>> records;
  for (const VirtualName& name : names) {
    std::vector<std::string> addresses = {name.address};
    if (const std::string mapped = MappedIpv6(name.address); !mapped.empty() && proxy.transparent.ipv6) addresses.push_back(mapped);
    records[name.name] = std::move(addresses);
  }
  return records;
}

}  // namespace

void AddDns(policy::ProxyDraft& draft, const ProxyWideInput& input) {
  const policy::ProxyFacts& proxy = draft.proxy;
  if (!proxy.transparent.enabled || !proxy.transparent.dns || proxy.bind_outbounds) return;
  const auto records = Records(proxy, input.names);

  if (input.embedded_dns) {
    // The order of fields is part of the document's ETag, hence the text by hand.
    std::string list;
    for (const auto& [name, addresses] : records) {
      list += (list.empty() ? "" : ",") + std::string("{\"name\":") + ToJsonText(name) + ",\"ips\":" + ToJsonText(addresses) + "}";
    }
    policy::AddDynamicConfig(draft, "dns", "/dns", "{\"records\":[" + list + "],\"ttl\":30,\"extraLabels\":" + input.dns_labels + "}");
    return;
  }
  ::envoy::extensions::filters::udp::dns_filter::v3::DnsFilterConfig config;
  config.set_stat_prefix("kuma_dns");
  auto* table = config.mutable_server_config()->mutable_inline_dns_table();
  for (const auto& [name, addresses] : records) {
    auto* domain = table->add_virtual_domains();
    domain->set_name(name);
    for (const std::string& address : addresses) domain->mutable_endpoint()->mutable_address_list()->add_address(address);
    envoy::SetDuration(domain->mutable_answer_ttl(), 30s);
  }
  const std::string name = envoy::SystemName(proxy.unified_naming, "dns", "kuma:dns");
  envoy::ListenerDraft listener = envoy::InboundListener(name, "127.0.0.1", proxy.transparent.dns_port, true);
  listener.listener.mutable_address()->mutable_socket_address()->set_protocol(::envoy::config::core::v3::SocketAddress::UDP);
  auto* filter = listener.listener.add_listener_filters();
  filter->set_name("envoy.filters.udp.dns_filter");
  envoy::Pack(config, filter->mutable_typed_config());
  draft.listeners[name] = std::move(listener);
}

void AddProbes(policy::ProxyDraft& draft, const ProxyWideInput& input) {
  if (input.probes_port == 0) return;
  const std::string name = "probe:listener";
  envoy::HttpConnectionManager manager = envoy::MakeHttpConnectionManager(name, {}, draft.proxy.ipv6_enabled);
  envoy::RouteConfiguration& routes = *manager.mutable_route_config();
  routes.set_name("probe:route_configuration");
  envoy::VirtualHost& host = *routes.add_virtual_hosts();
  host.set_name("probe");
  host.add_domains("*");
  for (const ProbeRoute& probe : input.probes) {
    envoy::Route& route = *host.add_routes();
    route.mutable_match()->set_path(probe.path);
    envoy::HeaderMatcher& method = *route.mutable_match()->add_headers();
    method.set_name(":method");
    method.mutable_string_match()->set_exact("GET");
    if (probe.cluster.empty()) {
      route.mutable_redirect()->set_path_redirect(probe.inbound_path);
      route.mutable_redirect()->set_port_redirect(probe.inbound_port);
    } else {
      route.mutable_route()->set_cluster(probe.cluster);
      route.mutable_route()->mutable_regex_rewrite()->mutable_pattern()->set_regex(".*");
      route.mutable_route()->mutable_regex_rewrite()->set_substitution(probe.inbound_path);
    }
  }
  envoy::AddRouter(manager);
  envoy::ListenerDraft listener = envoy::InboundListener(name, input.probes_address, input.probes_port, draft.proxy.reuse_port);
  if (draft.proxy.transparent.enabled) listener.listener.mutable_bind_to_port()->set_value(false);
  listener.chains.emplace_back().Add(envoy::kHttpConnectionManager, std::move(manager));
  draft.listeners[name] = std::move(listener);
}

}  // namespace kuma::xds
