#include "pkg/policy/mesh_passthrough/matchers.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "pkg/base/strings.h"
#include "pkg/policy/conf.h"

namespace kuma::policy {

namespace {

using Kind = PassthroughKind;
using Key = std::tuple<std::string, uint32_t, Kind, std::string>;  // protocol, port, kind, value
using Routes = std::set<PassthroughRoute>;

bool IsHttpProtocol(std::string_view protocol) { return protocol == "http" || protocol == "http2" || protocol == "grpc"; }
bool IsDomain(Kind kind) { return kind == Kind::kDomain || kind == Kind::kWildcardDomain; }
bool IsIpv6(std::string_view text) { return text.find(':') != std::string_view::npos; }

Kind KindOf(const Json& match, bool http) {
  const std::string type = GetString(match, "type");
  const std::string value = GetString(match, "value");
  if (type == "IP") return IsIpv6(value) ? Kind::kIpv6 : Kind::kIp;
  if (type == "CIDR") return IsIpv6(value) ? Kind::kCidrIpv6 : Kind::kCidr;
  return value.starts_with("*") && !http ? Kind::kWildcardDomain : Kind::kDomain;
}

int ProtocolRank(std::string_view protocol) {
  if (protocol == "tcp") return 1;
  if (protocol == "http") return 2;
  if (protocol == "http2") return 3;
  return protocol == "grpc" ? 4 : 0;
}

// More labels first.
bool DomainBefore(const std::string& a, const std::string& b) {
  const auto labels = [](const std::string& domain) { return std::count(domain.begin(), domain.end(), '.'); };
  return labels(a) != labels(b) ? labels(a) > labels(b) : a < b;
}

bool MatcherBefore(const PassthroughMatcher& a, const PassthroughMatcher& b) {
  if (ProtocolRank(a.protocol) != ProtocolRank(b.protocol)) return ProtocolRank(a.protocol) < ProtocolRank(b.protocol);
  if (a.kind != b.kind) return a.kind > b.kind;
  if (a.port != b.port) return a.port > b.port;
  if (IsDomain(a.kind)) return DomainBefore(a.value, b.value);
  if (a.kind == Kind::kIp || a.kind == Kind::kIpv6) return a.value > b.value;
  const PassthroughRange left = ParseRange(a.value);
  const PassthroughRange right = ParseRange(b.value);
  return left.length != right.length ? left.length > right.length : left.address > right.address;
}

std::map<Key, Routes> Collect(const Json& matches, std::set<uint32_t>& ports) {
  std::map<Key, Routes> chains;
  std::map<uint32_t, std::string> http_on_port;
  for (const Json& match : matches) {
    const std::string protocol = GetString(match, "protocol", "tcp");
    const std::string value = GetString(match, "value");
    const uint32_t port = FindUint(match, "port").value_or(0);
    const bool http = IsHttpProtocol(protocol);
    if (http && http_on_port.try_emplace(port, protocol).first->second != protocol) continue;
    if (port != 0) ports.insert(port);
    const Kind kind = KindOf(match, http);
    if (http && kind == Kind::kDomain) {
      chains[{protocol, port, kind, ""}].insert({value, value.starts_with("*")});
    } else {
      chains[{protocol, port, kind, value}];
    }
  }
  return chains;
}

}  // namespace

std::vector<std::pair<size_t, std::string>> LostPorts(const Json& matches) {
  std::vector<std::pair<size_t, std::string>> lost;
  std::map<uint32_t, std::string> http_on_port;
  size_t index = 0;
  for (const Json& match : matches) {
    const std::string protocol = GetString(match, "protocol", "tcp");
    if (IsHttpProtocol(protocol)) {
      const std::string& owner = http_on_port.try_emplace(FindUint(match, "port").value_or(0), protocol).first->second;
      if (owner != protocol) lost.emplace_back(index, owner);
    }
    ++index;
  }
  return lost;
}

PassthroughRange ParseRange(const std::string& cidr) {
  const size_t slash = cidr.find('/');
  if (slash == std::string::npos) return {};
  const std::string address = cidr.substr(0, slash);
  const int family = IsIpv6(address) ? AF_INET6 : AF_INET;
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  const int64_t length = ParseInt(cidr.substr(slash + 1)).value_or(-1);
  const size_t size = family == AF_INET6 ? 16 : 4;
  if (length < 0 || length > static_cast<int64_t>(size * 8) || inet_pton(family, address.c_str(), bytes.data()) != 1) return {};
  for (size_t bit = static_cast<size_t>(length); bit < size * 8; ++bit) {
    bytes[bit / 8] = static_cast<unsigned char>(bytes[bit / 8] & ~(0x80u >> (bit % 8)));
  }
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family, bytes.data(), text.data(), text.size());
  return {text.data(), static_cast<uint32_t>(length)};
}

std::vector<PassthroughMatcher> OrderPassthrough(const Json& matches) {
  std::set<uint32_t> ports;
  std::map<Key, Routes> chains = Collect(matches, ports);
  // Envoy looks at the port first and does not come back: where some chain names a port, chains for all ports are needed there, too.
  const std::map<Key, Routes> given = chains;
  for (const auto& [key, routes] : given) {
    const auto& [protocol, port, kind, value] = key;
    if (port != 0) continue;
    for (const uint32_t other : ports) chains[{protocol, other, kind, value}].insert(routes.begin(), routes.end());
  }
  std::vector<PassthroughMatcher> ordered;
  for (const auto& [key, routes] : chains) {
    PassthroughMatcher matcher;
    std::tie(matcher.protocol, matcher.port, matcher.kind, matcher.value) = key;
    matcher.routes.assign(routes.begin(), routes.end());
    std::stable_sort(matcher.routes.begin(), matcher.routes.end(), [](const PassthroughRoute& a, const PassthroughRoute& b) {
      return a.wildcard != b.wildcard ? b.wildcard : DomainBefore(a.domain, b.domain);
    });
    ordered.push_back(std::move(matcher));
  }
  std::stable_sort(ordered.begin(), ordered.end(), MatcherBefore);
  return ordered;
}

}  // namespace kuma::policy
