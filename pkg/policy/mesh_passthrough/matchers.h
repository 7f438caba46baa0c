// Which filter chains MeshPassthrough makes, and in which order. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pkg/base/json.h"

namespace kuma::policy {

// From the least to the most specific.
enum class PassthroughKind { kWildcardDomain = 1, kDomain, kCidr, kCidrIpv6, kIp, kIpv6 };

struct PassthroughRoute {
  std::string domain;
  bool wildcard = false;
  friend auto operator<=>(const PassthroughRoute&, const PassthroughRoute&) = default;
};

// One filter chain.
struct PassthroughMatcher {
  std::string protocol;  // tcp, tls, mysql, http, http2, grpc
  uint32_t port = 0;     // 0: every port that no other matcher names
  PassthroughKind kind = PassthroughKind::kDomain;
  std::string value;                     // empty for HTTP by domains: these share a chain
  std::vector<PassthroughRoute> routes;  // of such a chain, most specific first

  bool IsHttp() const { return protocol == "http" || protocol == "http2" || protocol == "grpc"; }
  bool ForIpv4() const { return kind != PassthroughKind::kCidrIpv6 && kind != PassthroughKind::kIpv6; }
  bool ForIpv6() const { return kind != PassthroughKind::kCidr && kind != PassthroughKind::kIp; }
};

// `matches`: appendMatch. Kinds of HTTP cannot be told apart on one port: the first one wins.
std::vector<PassthroughMatcher> OrderPassthrough(const Json& matches);

// Indexes of the matches that lost their port in this way, with the protocol that has it.
std::vector<std::pair<size_t, std::string>> LostPorts(const Json& matches);

struct PassthroughRange {
  std::string address;  // with the host's bits zero
  uint32_t length = 0;
};
// An invalid range is empty.
PassthroughRange ParseRange(const std::string& cidr);

}  // namespace kuma::policy
