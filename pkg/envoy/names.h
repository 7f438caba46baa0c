// Names of Envoy resources as Kuma gives them: classic names ("inbound:10.0.0.1:80") and, with unified naming, contextual and
// system names ("self_inbound_dp_http", "system_envoy_admin").
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "pkg/base/label_map.h"

namespace kuma::envoy {

// Stat prefixes must not hold characters that are special in metric names; they become '_'.
std::string SanitizeMetric(std::string_view name);

std::string HostPort(std::string_view address, uint32_t port);  // [::1]:80 for IPv6
std::string LocalClusterName(uint32_t port);                    // localhost:8080
std::string InboundListenerName(std::string_view address, uint32_t port);
std::string OutboundListenerName(std::string_view address, uint32_t port);
std::string InboundRouteName(std::string_view service);
std::string OutboundRouteName(std::string_view service);

std::string ContextualInboundName(std::string_view section);  // self_inbound_dp_<section>
std::string TransparentProxyName(bool inbound, bool ipv6, bool unified);
inline constexpr std::string_view kNoDestinationCluster = "self_transparentproxy_no_destination_inbound";

// system_<name> with unified naming, else `classic`.
std::string SystemName(bool unified, std::string_view name, std::string_view classic);

// <service>, or <service>-<16 hex digits> when there are more tags than kuma.io/service.
std::string SubsetClusterName(const LabelMap& tags);

// Socket paths have a limit of 104 bytes.
std::string SocketPath(std::string_view path_without_suffix);

}  // namespace kuma::envoy
