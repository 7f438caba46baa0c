#include <catch2/catch.hpp>

#include <algorithm>

#include "envoy/config/listener/v3/listener.pb.h"
#include "pkg/policy/all.h"
#include "pkg/xds/generate/zone_egress.h"
#include "pkg/xds/generate/zone_ingress.h"

namespace kuma::xds {
namespace {

ResourcePtr MakeResource(std::string type, std::string mesh, std::string name, Json spec) {
  auto resource = std::make_shared<Resource>();
  resource->meta.key = {std::move(type), std::move(mesh), std::move(name)};
  resource->spec = std::move(spec);
  return resource;
}

Json Proxy(const std::string& address, const std::string& service, const std::string& version) {
  const Json tags = {{"kuma.io/service", service}, {"kuma.io/protocol", "http"}, {"kuma.io/zone", "east"}, {"version", version}};
  return {{"networking", {{"address", address}, {"inbound", Json::array({{{"port", 8080}, {"tags", tags}}})}}}};
}

Json Available(const std::string& service, const std::string& zone) {
  return {{"mesh", "demo"}, {"instances", 2}, {"tags", {{"kuma.io/service", service}, {"kuma.io/zone", zone}}}};
}

const Json kMtls = {{"mtls", {{"enabledBackend", "ca"}, {"backends", Json::array({{{"name", "ca"}, {"type", "builtin"}}})}}}};

struct World {
  World() { policy::RegisterPolicyTypes(types); }
  void Put(ResourcePtr resource) { builder.Apply(nullptr, std::move(resource)); }
  std::vector<Unit> Plan(const ResourcePtr& zone_proxy, std::vector<std::string> features = {}) {
    builder.Build();
    ProxyNode node;
    node.name = zone_proxy->meta.name();
    node.proxy_type = zone_proxy->meta.type() == "ZoneIngress" ? "ingress" : "egress";
    node.features = std::move(features);
    auto identity = std::make_shared<Identity>();
    identity->cert_pem = "cert";
    const ZoneProxyInput input{.node = node,
                               .zone_proxy = zone_proxy,
                               .meshes = builder.All(),
                               .identities = {{"demo", identity}},
                               .admin = nullptr,
                               .types = types,
                               .zone = "east",
                               .indexes = nullptr};
    return node.proxy_type == "ingress" ? PlanZoneIngress(input) : PlanZoneEgress(input);
  }
  // Server names of the listener's chains and all resources, by name.
  struct Made {
    std::vector<std::string> server_names;
    std::map<std::string, std::shared_ptr<const google::protobuf::Message>> clusters;
  };
  Made Generate(const std::vector<Unit>& units) {
    Made made;
    for (const Unit& unit : units) {
      for (const OutputResource& resource : unit.generate().resources) {
        if (resource.type == ResourceType::kCluster) made.clusters[resource.name] = resource.message;
        if (resource.type != ResourceType::kListener) continue;
        for (const auto& chain : dynamic_cast<const envoy::Listener&>(*resource.message).filter_chains()) {
          made.server_names.push_back(chain.filter_chain_match().server_names_size() > 0 ? chain.filter_chain_match().server_names(0) : "");
        }
      }
    }
    return made;
  }
  TypeRegistry types;
  mesh::SnapshotBuilder builder{"east"};
};

const Json kNetworking = {{"address", "10.0.0.9"}, {"port", 10001}};

}  // namespace

TEST_CASE("a zone ingress leads server names of its available services to this zone's proxies only") {
  World world;
  world.Put(MakeResource("Mesh", "", "demo", kMtls));
  world.Put(MakeResource("Dataplane", "demo", "web-1", Proxy("10.0.0.1", "web", "v1")));
  world.Put(MakeResource("Dataplane", "demo", "web-2", Proxy("10.0.0.2", "web", "v2")));
  world.Put(MakeResource("ZoneIngress", "", "west", {{"zone", "west"},
                                                      {"networking", {{"advertisedAddress", "1.2.3.4"}, {"advertisedPort", 1}}},
                                                      {"availableServices", Json::array({Available("web", "west")})}}));
  const ResourcePtr ingress =
      MakeResource("ZoneIngress", "", "east", {{"zone", "east"}, {"networking", kNetworking}, {"availableServices", Json::array({Available("web", "east")})}});
  world.Put(ingress);
  const std::vector<Unit> plain = world.Plan(ingress);
  CHECK(world.Generate(plain).server_names == std::vector<std::string>{"web{mesh=demo}"});
  for (const Unit& unit : plain) {
    for (const OutputResource& resource : unit.generate().resources) {
      if (resource.type == ResourceType::kEndpoint) CHECK(resource.message->ShortDebugString().find("1.2.3.4") == std::string::npos);
    }
  }

  // A route that splits by version adds the server name of the split and a subset.
  const Json ref = {{"kind", "MeshServiceSubset"}, {"name", "web"}, {"tags", {{"version", "v2"}}}};
  const Json rule = {{"default", {{"backendRefs", Json::array({ref})}}}};
  world.Put(MakeResource("MeshTCPRoute", "demo", "split", {{"to", Json::array({{{"targetRef", {{"kind", "MeshService"}, {"name", "web"}}}, {"rules", Json::array({rule})}}})}}));
  const World::Made split = world.Generate(world.Plan(ingress));
  CHECK(split.server_names == std::vector<std::string>{"web{mesh=demo,version=v2}", "web{mesh=demo}"});
  CHECK(split.clusters.at("demo:web")->ShortDebugString().find("keys: \"version\"") != std::string::npos);
}

TEST_CASE("a zone ingress without services still has a listener that Envoy takes; unified naming renames it") {
  World world;
  const ResourcePtr ingress = MakeResource("ZoneIngress", "", "east", {{"networking", kNetworking}});
  const std::vector<Unit> units = world.Plan(ingress, {"feature-unified-resource-naming"});
  CHECK(world.Generate(units).server_names == std::vector<std::string>{""});
  CHECK(std::any_of(units.begin(), units.end(), [](const Unit& unit) { return unit.name == "self_inbound_zi_10001"; }));
}

TEST_CASE("a zone egress serves remote services when the mesh asks for it, and external ones of meshes with mTLS") {
  const Json external = {{"tags", {{"kuma.io/service", "api"}, {"kuma.io/protocol", "http"}}}, {"networking", {{"address", "api.example.com:443"}}}};
  const ResourcePtr egress = MakeResource("ZoneEgress", "", "egress", {{"networking", kNetworking}});
  for (const bool zone_egress : {false, true}) {
    World world;
    Json mesh = kMtls;
    mesh["routing"]["zoneEgress"] = zone_egress;
    world.Put(MakeResource("Mesh", "", "demo", mesh));
    world.Put(MakeResource("Mesh", "", "plain", Json::object()));
    world.Put(MakeResource("ExternalService", "demo", "api", external));
    world.Put(MakeResource("ExternalService", "plain", "api", external));
    world.Put(MakeResource("ZoneIngress", "", "west", {{"zone", "west"},
                                                        {"networking", {{"advertisedAddress", "1.2.3.4"}, {"advertisedPort", 1}}},
                                                        {"availableServices", Json::array({Available("web", "west")})}}));
    const World::Made made = world.Generate(world.Plan(egress));
    std::vector<std::string> expected = {"api{mesh=demo}"};
    if (zone_egress) expected.insert(expected.begin(), "web{mesh=demo}");
    CHECK(made.server_names == expected);
    CHECK(made.clusters.contains("demo:web") == zone_egress);
    CHECK(made.clusters.contains("demo:api"));
  }
}

}  // namespace kuma::xds
