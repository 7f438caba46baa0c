#include <catch2/catch.hpp>

#include "pkg/envoy/names.h"
#include "pkg/envoy/tls.h"

namespace kuma::envoy {

TEST_CASE("names of listeners put IPv6 addresses in brackets") {
  CHECK(InboundListenerName("10.0.0.1", 80) == "inbound:10.0.0.1:80");
  CHECK(OutboundListenerName("fd00::1", 80) == "outbound:[fd00::1]:80");
}

TEST_CASE("metric names keep letters, digits, '_' and '-'") {
  CHECK(SanitizeMetric("localhost:8080") == "localhost_8080");
  CHECK(SanitizeMetric("a-b_c.d/é") == "a-b_c_d___");
}

TEST_CASE("a subset's cluster is named by a hash of its tags") {
  CHECK(SubsetClusterName({{"kuma.io/service", "backend"}}) == "backend");
  // Recorded from the reference: backendRef {name: backend, tags: {version: v2}}.
  CHECK(SubsetClusterName({{"kuma.io/service", "backend"}, {"version", "v2"}}) == "backend-5b73b3f4adf20020");
  CHECK(SubsetClusterName({{"version", "v2"}}).empty());
}

TEST_CASE("server names") {
  CHECK(SniOfTags({{"kuma.io/service", "backend"}, {"mesh", "demo"}, {"version", "v1"}}) == "backend{mesh=demo,version=v1}");
  CHECK(SniOfTags({{"kuma.io/service", "backend"}}) == "backend");
  CHECK(SniOfResource("backend", "demo", "MeshService", 8081) == "ae10a8071b8a8eeb8.backend.8081.demo.ms");
  const std::string longest(70, 'n');
  const std::string sni = SniOfResource(longest, "demo", "MeshExternalService", 1);
  CHECK(sni.substr(18) == std::string(62, 'n') + "x.1.demo.mes");
}

TEST_CASE("socket paths stay below the limit of the operating system") {
  CHECK(SocketPath("/tmp/kuma-al-a-b") == "/tmp/kuma-al-a-b.sock");
  CHECK(SocketPath(std::string(200, 'x')).size() == 103);
}

}  // namespace kuma::envoy
