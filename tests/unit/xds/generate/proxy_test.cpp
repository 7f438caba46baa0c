#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>

#include "pkg/envoy/message.h"
#include "pkg/xds/generate/proxy.h"

namespace kuma::xds {

namespace {

ResourcePtr MakeResource(std::string type, std::string name, Json spec, Labels labels = {}, Json status = {}) {
  auto resource = std::make_shared<Resource>();
  const bool global = name == "demo" || type == "ZoneIngress";
  resource->meta.key = {std::move(type), global ? "" : "demo", std::move(name)};
  resource->meta.labels = std::move(labels);
  resource->spec = std::move(spec);
  resource->status = std::move(status);
  return resource;
}

Json Networking(const std::string& address, const std::string& service, Json outbounds = Json::array()) {
  const Json tags = {{"kuma.io/service", service}, {"kuma.io/protocol", "http"}};
  return {{"networking",
           {{"address", address}, {"inbound", Json::array({{{"port", 8080}, {"tags", tags}}})}, {"outbound", std::move(outbounds)}}}};
}

struct World {
  TypeRegistry types;
  mesh::SnapshotBuilder builder{"default"};
  std::shared_ptr<policy::RuleSets> rules = std::make_shared<policy::RuleSets>();

  World() { Put("Mesh", "demo", Json::object()); }
  void Put(std::string type, std::string name, Json spec, Labels labels = {}, Json status = {}) {
    builder.Apply(nullptr, MakeResource(std::move(type), std::move(name), std::move(spec), std::move(labels), std::move(status)));
    builder.Build();
  }
  std::vector<Unit> Plan(const std::string& name, std::vector<std::string> features = {}, IdentityPtr identity = nullptr) {
    ProxyNode node;
    node.mesh = "demo";
    node.name = name;
    node.metadata = {
        {"dataplane.admin.port", "9901"}, {"dataplane.admin.address", "127.0.0.1"}, {"dataplane.readinessReporter.port", "9902"}};
    node.features = std::move(features);
    const mesh::SnapshotPtr snapshot = builder.Find("demo");
    const ProxyInput input{.node = node,
                           .dataplane = *snapshot->FindDataplane(name),
                           .snapshot = snapshot,
                           .rules = rules,
                           .types = types,
                           .zone = "default",
                           .identity = identity,
                           .admin = nullptr,
                           .workload_identity = identity == nullptr ? std::string() : identity->workload_secret,
                           .service_vips = {}};
    return PlanUnits(input);
  }
};

const Json kOutbounds = Json::array({{{"port", 10001}, {"tags", {{"kuma.io/service", "backend"}}}}});

Digest DigestOfUnit(const std::vector<Unit>& units, UnitKind kind) {
  const auto it = std::find_if(units.begin(), units.end(), [&](const Unit& unit) { return unit.kind == kind; });
  REQUIRE(it != units.end());
  return it->digest;
}

}  // namespace

TEST_CASE("replicas share the units of outbounds, clusters and endpoints") {
  World world;
  world.Put("Dataplane", "backend-1", Networking("10.0.0.9", "backend"));
  world.Put("Dataplane", "web-1", Networking("10.0.0.1", "web", kOutbounds));
  world.Put("Dataplane", "web-2", Networking("10.0.0.2", "web", kOutbounds));
  const auto one = world.Plan("web-1");
  const auto two = world.Plan("web-2");
  for (const UnitKind kind : {UnitKind::kOutbound, UnitKind::kCluster, UnitKind::kEndpoints})
    CHECK(DigestOfUnit(one, kind) == DigestOfUnit(two, kind));
  for (const UnitKind kind : {UnitKind::kInbound, UnitKind::kProxyWide}) CHECK(DigestOfUnit(one, kind) != DigestOfUnit(two, kind));
}

TEST_CASE("certificates that an agent serves are asked from it, and there are no secrets here") {
  World world;
  world.Put("Dataplane", "web-1", Networking("10.0.0.1", "web"));
  world.Put("MeshTrust", "elsewhere", {{"trustDomain", "elsewhere"}});
  auto identity = std::make_shared<Identity>();
  identity->workload_secret = "spiffe://forest/oak";
  identity->agent_socket = "/run/agent.sock";
  identity->agent_timeout = std::chrono::seconds(2);
  std::map<std::string, std::string> texts;
  for (const Unit& unit : world.Plan("web-1", {}, identity)) {
    for (const OutputResource& resource : unit.generate().resources) {
      CHECK(resource.type != ResourceType::kSecret);
      texts[resource.name] = resource.message->ShortDebugString();
    }
  }
  CHECK(texts["system_identity_sds-spire-agent"].find("/run/agent.sock") != std::string::npos);
  CHECK(texts["system_identity_sds-spire-agent"].find("connect_timeout { seconds: 2 }") != std::string::npos);
  const std::string listener = texts["inbound:10.0.0.1:8080"];
  for (const char* part : {"name: \"spiffe://forest/oak\"", "name: \"ALL\"", "cluster_name: \"system_identity_sds-spire-agent\""}) {
    INFO(part);
    CHECK(listener.find(part) != std::string::npos);
  }
  // The agent knows trust domains that MeshTrusts do not.
  CHECK(listener.find("match_typed_subject_alt_names") == std::string::npos);
}

TEST_CASE("server names of other zones depend on what stands at their edge") {
  World world;
  const Json ports = Json::array({{{"port", 8080}, {"appProtocol", "http"}}});
  Json members = Json::array();
  Json outbounds = Json::array();
  uint32_t port = 9000;
  const auto outbound = [&](const char* kind, const char* zone) {
    Json labels = {{"kuma.io/display-name", "prices"}};
    if (*zone != 0) labels["kuma.io/zone"] = zone;
    outbounds.push_back({{"port", ++port}, {"backendRef", {{"kind", kind}, {"labels", labels}, {"port", 8080}}}});
  };
  for (const char* zone : {"far", "farther"}) {
    const Labels labels = {{"kuma.io/origin", "global"}, {"kuma.io/zone", zone}, {"kuma.io/display-name", "prices"}};
    world.Put("MeshService", std::string("prices-") + zone, {{"ports", ports}, {"state", "Available"}}, labels);
    members.push_back({{"mesh", "demo"}, {"zone", zone}, {"name", "prices"}});
    outbound("MeshService", zone);
    const Json networking = {{"address", "10.0.9.1"}, {"port", 10001}, {"advertisedAddress", "192.0.2." + std::to_string(port % 100)}, {"advertisedPort", 10001}};
    world.Put("ZoneIngress", std::string("ingress-") + zone, {{"zone", zone}, {"networking", networking}});
  }
  world.Put("MeshZoneAddress", "edge", {{"address", "192.0.2.70"}, {"port", 10001}}, {{"kuma.io/origin", "global"}, {"kuma.io/zone", "far"}});
  world.Put("MeshMultiZoneService", "prices", {{"ports", ports}}, {{"kuma.io/display-name", "prices"}}, {{"meshServices", members}});
  outbound("MeshMultiZoneService", "");
  world.Put("Mesh", "demo", {{"mtls", {{"enabledBackend", "own"}, {"backends", Json::array({{{"name", "own"}, {"type", "builtin"}}})}}}});
  world.Put("Dataplane", "web-1", Networking("10.0.0.1", "web", outbounds));
  auto identity = std::make_shared<Identity>();
  identity->workload_secret = "kri_mid_demo_default__own_";
  std::map<std::string, std::string> clusters;
  for (const Unit& unit : world.Plan("web-1", {}, identity)) {
    for (const OutputResource& resource : unit.generate().resources) {
      if (resource.type == ResourceType::kCluster) clusters[resource.name] = resource.message->ShortDebugString();
    }
  }
  CHECK(clusters["demo_prices__far_msvc_8080"].find("sni: \"sni.msvc.demo.far.prices.8080\"") != std::string::npos);
  CHECK(clusters["demo_prices__farther_msvc_8080"].find(".prices.8080.demo.ms\"") != std::string::npos);
  const std::string& everywhere = clusters["demo_prices___mzsvc_8080"];
  INFO(everywhere);
  CHECK(everywhere.find("sni: \"sni.mzsvc.demo.prices.8080\"") != std::string::npos);
  const size_t match = everywhere.find("transport_socket_matches { name: \"farther\"");
  REQUIRE(match != std::string::npos);
  CHECK(everywhere.find(".prices.8080.demo.mzms\"", match) != std::string::npos);
  CHECK(everywhere.find("transport_socket_matches { name: \"far\"") == std::string::npos);
}

TEST_CASE("a new endpoint is a new endpoint unit and nothing else") {
  World world;
  world.Put("Dataplane", "backend-1", Networking("10.0.0.9", "backend"));
  world.Put("Dataplane", "web-1", Networking("10.0.0.1", "web", kOutbounds));
  const auto before = world.Plan("web-1");
  world.Put("Dataplane", "backend-2", Networking("10.0.0.8", "backend"));
  const auto after = world.Plan("web-1");
  REQUIRE(before.size() == after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    INFO(before[i].name);
    CHECK((before[i].digest == after[i].digest) == (before[i].kind != UnitKind::kEndpoints));
  }
}

TEST_CASE("a conf that a unit reads moves its digest, and equal digests mean equal bytes") {
  World world;
  world.Put("Dataplane", "backend-1", Networking("10.0.0.9", "backend"));
  world.Put("Dataplane", "web-1", Networking("10.0.0.1", "web", kOutbounds));
  const auto plain = world.Plan("web-1");

  policy::RuleSet timeout;
  timeout.type = "MeshTimeout";
  timeout.matched.push_back(MakeResource("MeshTimeout", "t", Json::object()));
  timeout.to.push_back({{{"kuma.io/service", "other", false}}, {{"connectionTimeout", "1s"}}, {}, {}});
  timeout.to.push_back({{{"kuma.io/service", "backend", false}}, {{"connectionTimeout", "7s"}}, {}, {}});
  (*world.rules)["MeshTimeout"] = timeout;
  const auto with_timeout = world.Plan("web-1");
  CHECK(DigestOfUnit(plain, UnitKind::kCluster) != DigestOfUnit(with_timeout, UnitKind::kCluster));

  world.rules = std::make_shared<policy::RuleSets>(*world.rules);
  (*world.rules)["MeshTimeout"].to[0].conf["connectionTimeout"] = "2s";  // of a service that this proxy does not call
  const auto other_changed = world.Plan("web-1");
  CHECK(DigestOfUnit(other_changed, UnitKind::kCluster) == DigestOfUnit(with_timeout, UnitKind::kCluster));

  std::map<Digest, std::string> bytes;
  for (const auto& units : {plain, with_timeout, other_changed}) {
    for (const Unit& unit : units) {
      std::string text;
      for (const OutputResource& resource : unit.generate().resources) text += envoy::SerializeDeterministic(*resource.message);
      CHECK(bytes.emplace(unit.digest, text).first->second == text);
    }
  }
}

TEST_CASE("two inbounds of one application port have one cluster between them") {
  World world;
  Json spec = Networking("10.0.0.1", "web");
  Json second = spec["networking"]["inbound"][0];
  spec["networking"]["inbound"][0]["servicePort"] = 18080;
  second["port"] = 8081;
  second["servicePort"] = 18080;
  spec["networking"]["inbound"].push_back(second);
  world.Put("Dataplane", "web-1", spec);
  std::set<std::pair<ResourceType, std::string>> names;
  for (const Unit& unit : world.Plan("web-1")) {
    for (const OutputResource& resource : unit.generate().resources) CHECK(names.emplace(resource.type, resource.name).second);
  }
  CHECK(names.contains({ResourceType::kCluster, "localhost:18080"}));
}

}  // namespace kuma::xds
