#include "pkg/policy/mesh_passthrough/matchers.h"

#include <catch2/catch.hpp>

namespace kuma::policy {
namespace {

Json Match(const char* type, const char* value, const char* protocol, int port = 0) {
  Json match = {{"type", type}, {"value", value}, {"protocol", protocol}};
  if (port != 0) match["port"] = port;
  return match;
}

// "tls:443:api.example.com", with the domains of HTTP chains in brackets.
std::vector<std::string> Names(const Json& matches) {
  std::vector<std::string> names;
  for (const PassthroughMatcher& matcher : OrderPassthrough(matches)) {
    std::string name = matcher.protocol + ":" + std::to_string(matcher.port) + ":" + matcher.value;
    for (const PassthroughRoute& route : matcher.routes) name += "[" + route.domain + "]";
    names.push_back(name);
  }
  return names;
}

using List = std::vector<std::string>;

TEST_CASE("passthrough: the most specific matcher is first") {
  struct Case {
    const char* name;
    Json matches;
    List expected;
  };
  const Case cases[] = {
      {"TLS before TCP before HTTP",
       {Match("Domain", "a.com", "http", 80), Match("IP", "10.0.0.1", "tcp", 80), Match("Domain", "a.com", "tls", 80)},
       {"tls:80:a.com", "tcp:80:10.0.0.1", "http:80:[a.com]"}},
      {"address before range before domain before wildcard",
       {Match("Domain", "*.a.com", "tls", 1), Match("Domain", "a.com", "tls", 1), Match("CIDR", "10.0.0.0/8", "tls", 1),
        Match("IP", "10.0.0.1", "tls", 1)},
       {"tls:1:10.0.0.1", "tls:1:10.0.0.0/8", "tls:1:a.com", "tls:1:*.a.com"}},
      {"longer ranges first",
       {Match("CIDR", "10.0.0.0/8", "tcp", 1), Match("CIDR", "10.1.0.0/16", "tcp", 1)},
       {"tcp:1:10.1.0.0/16", "tcp:1:10.0.0.0/8"}},
      {"domains with more labels first",
       {Match("Domain", "*.a.com", "tls", 1), Match("Domain", "*.b.a.com", "tls", 1)},
       {"tls:1:*.b.a.com", "tls:1:*.a.com"}},
      {"HTTP domains share a chain, wildcards behind",
       {Match("Domain", "*.a.com", "http", 80), Match("Domain", "b.a.com", "http", 80), Match("Domain", "a.com", "http", 80)},
       {"http:80:[b.a.com][a.com][*.a.com]"}},
      {"what is for all ports is repeated for ports that are named",
       {Match("CIDR", "10.0.0.0/8", "tcp"), Match("IP", "10.0.0.1", "tcp", 3306)},
       {"tcp:3306:10.0.0.1", "tcp:3306:10.0.0.0/8", "tcp:0:10.0.0.0/8"}},
      {"all-ports domains join the chain of a port",
       {Match("Domain", "a.com", "http"), Match("Domain", "b.com", "http", 80)},
       {"http:80:[a.com][b.com]", "http:0:[a.com]"}},
      {"of two kinds of HTTP on a port the first wins",
       {Match("Domain", "a.com", "http", 80), Match("Domain", "b.com", "grpc", 80)},
       {"http:80:[a.com]"}},
      {"nothing", Json::array(), {}},
  };
  for (const Case& one : cases) {
    INFO(one.name);
    CHECK(Names(one.matches) == one.expected);
  }
}

TEST_CASE("passthrough: families") {
  const auto matchers =
      OrderPassthrough({Match("IP", "fd00::1", "tcp", 1), Match("IP", "10.0.0.1", "tcp", 1), Match("Domain", "a.com", "tls", 1)});
  int ipv4 = 0;
  int ipv6 = 0;
  for (const PassthroughMatcher& matcher : matchers) {
    ipv4 += matcher.ForIpv4();
    ipv6 += matcher.ForIpv6();
  }
  CHECK(ipv4 == 2);
  CHECK(ipv6 == 2);
}

TEST_CASE("passthrough: ranges") {
  struct Case {
    const char* text;
    const char* address;
    uint32_t length;
  };
  for (const Case& one : {Case{"10.42.7.9/16", "10.42.0.0", 16}, Case{"10.42.7.9/32", "10.42.7.9", 32}, Case{"1.2.3.4/0", "0.0.0.0", 0},
                          Case{"192.168.255.255/19", "192.168.224.0", 19}, Case{"fd00:1::5/32", "fd00:1::", 32}, Case{"10.0.0.0/33", "", 0},
                          Case{"10.0.0.0", "", 0}, Case{"x/8", "", 0}}) {
    INFO(one.text);
    const PassthroughRange range = ParseRange(one.text);
    CHECK(range.address == one.address);
    CHECK(range.length == one.length);
  }
}

}  // namespace
}  // namespace kuma::policy
