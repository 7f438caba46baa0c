#include "pkg/mesh/facts.h"

#include <catch2/catch.hpp>

using namespace kuma;
using namespace kuma::mesh;

namespace {

ResourcePtr Make(const std::string& type, const std::string& name, const std::string& spec, const std::string& status = "") {
  auto resource = std::make_shared<Resource>();
  resource->meta.key = {type, type == "Mesh" ? "" : "m", name};
  resource->spec = *ParseYaml(spec);
  if (!status.empty()) resource->status = *ParseYaml(status);
  return resource;
}

}  // namespace

TEST_CASE("the common protocol of endpoints") {
  const struct {
    Protocol a, b, common;
  } cases[] = {
      {Protocol::kHttp, Protocol::kHttp, Protocol::kHttp},   {Protocol::kGrpc, Protocol::kHttp2, Protocol::kHttp2}, {Protocol::kHttp, Protocol::kHttp2, Protocol::kTcp},
      {Protocol::kKafka, Protocol::kHttp, Protocol::kTcp},   {Protocol::kTcp, Protocol::kGrpc, Protocol::kTcp},     {Protocol::kUnknown, Protocol::kHttp, Protocol::kUnknown},
      {Protocol::kKafka, Protocol::kKafka, Protocol::kKafka}, {Protocol::kTls, Protocol::kTcp, Protocol::kTcp},
  };
  for (const auto& each : cases) {
    INFO(ProtocolName(each.a) << " and " << ProtocolName(each.b));
    CHECK(CommonProtocol(each.a, each.b) == each.common);
    CHECK(CommonProtocol(each.b, each.a) == each.common);
  }
  CHECK(ParseProtocol("GRPC") == Protocol::kGrpc);
  CHECK(ParseProtocol("smtp") == Protocol::kUnknown);
}

TEST_CASE("a Dataplane's fields get their defaults") {
  const DataplanePtr dataplane = ParseDataplane(Make("Dataplane", "d", R"(
networking:
  address: 10.0.0.1
  advertisedAddress: 192.0.2.1
  admin: {port: 9905}
  inbound:
  - {port: 80, tags: {kuma.io/service: b, kuma.io/protocol: HTTP, team: x}}
  - {port: 81, servicePort: 8081, serviceAddress: 127.0.0.2, address: 10.0.0.9, name: side, tags: {kuma.io/service: a}}
  - {port: 82, state: NotReady, tags: {kuma.io/service: c}}
  - {port: 83, state: Ignored, tags: {kuma.io/service: d, team: y}}
  - {port: 84, health: {}, tags: {kuma.io/service: a}}
  - {port: 85, health: {ready: true}, tags: {kuma.io/service: a}}
  outbound:
  - {port: 1000, tags: {kuma.io/service: z}}
  - {port: 1001, address: 127.0.0.5, backendRef: {kind: MeshService, name: z, port: 90}}
)"));
  CHECK(dataplane->admin_port == 9905);
  REQUIRE(dataplane->inbounds.size() == 6);
  const Inbound& first = dataplane->inbounds[0];
  CHECK(first.address == "10.0.0.1");
  CHECK(first.advertised_address == "192.0.2.1");
  CHECK(first.service_port == 80);
  CHECK(first.service_address == "127.0.0.1");
  CHECK_FALSE(first.service_address_set);
  CHECK(first.protocol == Protocol::kHttp);
  CHECK(first.SectionName() == "80");
  const Inbound& second = dataplane->inbounds[1];
  CHECK(second.address == "10.0.0.9");
  CHECK(second.service_port == 8081);
  CHECK(second.SectionName() == "side");
  std::vector<InboundState> states;
  for (const Inbound& inbound : dataplane->inbounds) states.push_back(inbound.state);
  CHECK(states == std::vector<InboundState>{InboundState::kReady, InboundState::kReady, InboundState::kNotReady, InboundState::kIgnored, InboundState::kNotReady,
                                            InboundState::kReady});
  CHECK(dataplane->Services() == std::vector<std::string>{"a", "b", "c", "d"});
  CHECK(dataplane->IdentifyingService() == "a");
  CHECK(dataplane->TagSet().at("team") == std::vector<std::string>{"x", "y"});  // of ignored inbounds as well: certificates name all
  REQUIRE(dataplane->outbounds.size() == 2);
  CHECK(dataplane->outbounds[0].address == "127.0.0.1");
  CHECK(dataplane->outbounds[1].backend_ref->port == 90);
  CHECK(ParseDataplane(Make("Dataplane", "empty", "{}"))->IdentifyingService() == "unknown");
}

TEST_CASE("a Dataplane's digest is that of what proxies read") {
  const std::string spec = "networking: {address: 10.0.0.1, inbound: [{port: 80}]}";
  const DataplanePtr dataplane = ParseDataplane(Make("Dataplane", "d", spec));
  auto newer = std::make_shared<Resource>(*dataplane->resource);
  newer->meta.version = 9;
  newer->meta.modification_time = RealClock().Now();
  CHECK(ParseDataplane(newer)->digest == dataplane->digest);
  newer->meta.labels["team"] = "x";
  CHECK(ParseDataplane(newer)->digest != dataplane->digest);
  CHECK(ParseDataplane(Make("Dataplane", "other", spec))->digest != dataplane->digest);
}

TEST_CASE("a Mesh's modes") {
  const MeshConfigPtr plain = ParseMesh(Make("Mesh", "m", "{}"));
  CHECK_FALSE(plain->mtls_enabled);
  CHECK(plain->passthrough);
  CHECK(plain->mesh_services == MeshServicesMode::kDisabled);
  const MeshConfigPtr full = ParseMesh(Make("Mesh", "m", R"(
mtls: {enabledBackend: two, backends: [{name: one, mode: STRICT}, {name: two, mode: PERMISSIVE}]}
networking: {outbound: {passthrough: false}}
routing: {zoneEgress: true}
meshServices: {mode: Exclusive}
)"));
  CHECK(full->mtls_enabled);
  CHECK(full->backend_name == "two");
  CHECK(full->mtls_mode == MtlsMode::kPermissive);
  CHECK_FALSE(full->passthrough);
  CHECK(full->zone_egress);
  CHECK(full->mesh_services == MeshServicesMode::kExclusive);
  CHECK_FALSE(ParseMesh(Make("Mesh", "m", "mtls: {enabledBackend: gone, backends: [{name: one}]}"))->mtls_enabled);
}

TEST_CASE("a MeshService's ports, names and what its digest covers") {
  const std::string spec = "ports: [{port: 80, name: web, targetPort: main}, {port: 90, targetPort: 9090, appProtocol: http}, {port: 91}]\nselector: {}";
  const DestinationPtr service = ParseDestination(Make("MeshService", "s", spec, "vips: [{ip: 241.0.0.1}]"), "z");
  REQUIRE(service->ports.size() == 3);
  CHECK(service->ports[0].SectionName() == "web");
  CHECK(service->ports[1].target_port == "9090");
  CHECK(service->ports[2].target_port == "91");
  CHECK(service->FindPort("web") == &service->ports[0]);
  CHECK(service->FindPort("80") == &service->ports[0]);
  CHECK(service->FindPort("90") == &service->ports[1]);
  CHECK(service->FindPort("none") == nullptr);
  CHECK(service->LegacyName(service->ports[1]) == "m_s___msvc_90");
  CHECK(service->vips == std::vector<std::string>{"241.0.0.1"});
  CHECK(service->local);
  const auto digest_with = [&](const std::string& status) { return ParseDestination(Make("MeshService", "s", spec, status), "z")->digest; };
  CHECK(digest_with("{vips: [{ip: 241.0.0.1}], dataplaneProxies: {connected: 5}}") == service->digest);
  CHECK(digest_with("{vips: [{ip: 241.0.0.2}]}") != service->digest);
}
