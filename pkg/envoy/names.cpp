#include "pkg/envoy/names.h"

#include <openssl/sha.h>

#include "pkg/base/strings.h"

namespace kuma::envoy {

std::string SanitizeMetric(std::string_view name) {
  std::string result(name);
  for (char& c : result) {
    const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (!ok) c = '_';
  }
  return result;
}

std::string HostPort(std::string_view address, uint32_t port) {
  std::string result(address);
  if (address.find(':') != std::string_view::npos) result = "[" + result + "]";
  return result + ":" + std::to_string(port);
}

std::string LocalClusterName(uint32_t port) { return "localhost:" + std::to_string(port); }
std::string InboundListenerName(std::string_view address, uint32_t port) { return "inbound:" + HostPort(address, port); }
std::string OutboundListenerName(std::string_view address, uint32_t port) { return "outbound:" + HostPort(address, port); }
std::string InboundRouteName(std::string_view service) { return "inbound:" + std::string(service); }
std::string OutboundRouteName(std::string_view service) { return "outbound:" + std::string(service); }
std::string ContextualInboundName(std::string_view section) { return "self_inbound_dp_" + std::string(section); }

std::string TransparentProxyName(bool inbound, bool ipv6, bool unified) {
  const std::string direction = inbound ? "inbound" : "outbound";
  const std::string family = ipv6 ? "ipv6" : "ipv4";
  return unified ? "self_transparentproxy_passthrough_" + direction + "_" + family : direction + ":passthrough:" + family;
}

std::string SystemName(bool unified, std::string_view name, std::string_view classic) {
  return unified ? "system_" + std::string(name) : std::string(classic);
}

std::string SubsetClusterName(const LabelMap& tags) {
  const auto service = tags.find("kuma.io/service");
  if (service == tags.end()) return {};
  if (tags.size() == 1) return service->second;
  std::string text;
  for (const auto& [key, value] : tags) text += key + value;
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash);
  return service->second + "-" + HexEncode(std::string_view(reinterpret_cast<const char*>(hash), 8));
}

std::string SocketPath(std::string_view path_without_suffix) { return std::string(path_without_suffix.substr(0, 98)) + ".sock"; }

}  // namespace kuma::envoy
