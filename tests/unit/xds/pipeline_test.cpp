// What the pipeline recomputes and what it leaves alone: counted, not guessed from views.
#include <catch2/catch.hpp>

#include "tests/unit/xds/pipeline_fixture.h"

using namespace kuma;
using namespace kuma::xds;

namespace {

std::string DataplaneYaml(const std::string& name, const std::string& address, const std::string& service, const std::string& outbound = "") {
  std::string yaml = "type: Dataplane\nmesh: default\nname: " + name + "\nnetworking:\n  address: " + address +
                     "\n  inbound:\n  - port: 8080\n    tags: {kuma.io/service: " + service + ", kuma.io/protocol: http}\n";
  if (!outbound.empty()) yaml += "  outbound:\n  - port: 10001\n    tags: {kuma.io/service: " + outbound + "}\n";
  return yaml;
}

std::string TimeoutYaml(const std::string& name, const std::string& selected, const std::string& seconds) {
  return "type: MeshTimeout\nmesh: default\nname: " + name + "\nspec:\n  targetRef: {kind: MeshSubset, tags: {kuma.io/service: " + selected +
         "}}\n  to:\n  - targetRef: {kind: Mesh}\n    default: {connectionTimeout: " + seconds + "s}\n";
}

// web -> api, and two more that have nothing to do with them.
struct Town : PipelineWorld {
  Town() {
    PutYaml("type: Mesh\nname: default\n");
    PutYaml(DataplaneYaml("web", "10.0.0.1", "web", "api"));
    PutYaml(DataplaneYaml("api", "10.0.0.2", "api"));
    PutYaml(DataplaneYaml("other", "10.0.0.3", "other"));
    PutYaml(DataplaneYaml("third", "10.0.0.4", "third"));
    for (const char* name : {"web", "api", "other", "third"}) proxies[name] = Connect("default", name);
    Settle();
  }
  struct Cost {
    uint64_t proxies = 0;
    uint64_t units = 0;
    friend bool operator==(const Cost&, const Cost&) = default;
  };
  template <typename F>
  Cost CostOf(F change) {
    const Cost before{Regenerated(), UnitsGenerated()};
    change();
    Settle();
    return {Regenerated() - before.proxies, UnitsGenerated() - before.units};
  }
  std::map<std::string, ConnectedProxyPtr> proxies;
};

}  // namespace

TEST_CASE("a change costs what it touches", "[pipeline]") {
  Town town;
  for (const auto& [name, proxy] : town.proxies) REQUIRE(proxy->Count() == 1);
  using Cost = Town::Cost;

  // One endpoint more: its client is planned again and makes one endpoint set; the new proxy is not connected.
  CHECK(town.CostOf([&] { town.PutYaml(DataplaneYaml("api-2", "10.0.0.5", "api")); }) == Cost{1, 1});
  CHECK(town.proxies["web"]->Count() == 2);
  CHECK(town.proxies["api"]->Count() == 1);
  CHECK(town.proxies["web"]->Last()->Find(ResourceType::kEndpoint, "api") != nullptr);

  // A service nobody calls.
  CHECK(town.CostOf([&] { town.PutYaml(DataplaneYaml("lonely", "10.0.0.6", "lonely")); }) == Cost{0, 0});
  // A write that changes nothing.
  CHECK(town.CostOf([&] { town.PutYaml(DataplaneYaml("web", "10.0.0.1", "web", "api")); }) == Cost{0, 0});
  // A policy for one proxy; a policy for a service that does not exist; a shadow policy is looked at by nobody.
  CHECK(town.CostOf([&] { town.PutYaml(TimeoutYaml("t", "web", "3")); }).proxies == 1);
  CHECK(town.proxies["web"]->Count() == 3);
  CHECK(town.CostOf([&] { town.PutYaml(TimeoutYaml("t", "web", "3")); }).units == 0);
  CHECK(town.CostOf([&] { town.PutYaml(TimeoutYaml("nobody", "ghost", "3")); }) == Cost{0, 0});
  CHECK(town.CostOf([&] { town.Delete("MeshTimeout", "default", "nobody"); }) == Cost{0, 0});
  // It moves to another proxy: both are touched.
  CHECK(town.CostOf([&] { town.PutYaml(TimeoutYaml("t", "other", "3")); }).proxies == 2);
  // Another mesh.
  CHECK(town.CostOf([&] { town.PutYaml("type: Mesh\nname: elsewhere\n"); }) == Cost{0, 0});
  CHECK(town.CostOf([&] { town.Delete("Dataplane", "default", "api-2"); }) == Cost{1, 1});
}

TEST_CASE("what controllers write about proxies costs nothing", "[pipeline]") {
  Town town;
  using Cost = Town::Cost;
  const Json connected = {{"subscriptions", Json::array({{{"id", "1"}, {"connectTime", "2026-01-01T00:00:00Z"}}})}};
  CHECK(town.CostOf([&] { town.Write("DataplaneInsight", "default", "web", {}, connected); }) == Cost{0, 0});
  const Json spec = {{"selector", {{"dataplaneTags", {{"kuma.io/service", "api"}}}}}, {"ports", Json::array({{{"port", 80}, {"targetPort", 8080}, {"appProtocol", "http"}}})}};
  town.Write("MeshService", "default", "api", {}, spec, {{"dataplaneProxies", {{"connected", 0}}}});
  town.Settle();
  CHECK(town.CostOf([&] { town.Write("MeshService", "default", "api", {}, spec, {{"dataplaneProxies", {{"connected", 1}}}}); }) == Cost{0, 0});
  CHECK(town.CostOf([&] { town.Write("ZoneEgress", "", "egress", {}, {{"zone", "near"}, {"networking", {{"address", "10.9.0.1"}, {"port", 10002}}}}); }).units == 0);
  CHECK(town.CostOf([&] { town.Write("ZoneEgress", "", "egress", {}, {{"zone", "near"}, {"networking", {{"address", "10.9.0.1"}, {"port", 10002}}}}); }) == Cost{0, 0});
}

TEST_CASE("equal units are generated once for all proxies", "[pipeline]") {
  Town town;
  // Two more clients of api: their endpoints and clusters are there already, inbounds and the rest are their own.
  const auto first = town.CostOf([&] {
    town.PutYaml(DataplaneYaml("web-2", "10.0.1.1", "web", "api"));
    town.proxies["web-2"] = town.Connect("default", "web-2");
  });
  const ViewPtr one = town.proxies["web"]->Last();
  const ViewPtr two = town.proxies["web-2"]->Last();
  REQUIRE(two != nullptr);
  CHECK(first.proxies >= 1);
  const SealedPtr* mine = one->Find(ResourceType::kEndpoint, "api");
  const SealedPtr* theirs = two->Find(ResourceType::kEndpoint, "api");
  REQUIRE(mine != nullptr);
  REQUIRE(theirs != nullptr);
  CHECK(mine->get() == theirs->get());
  // A second stream of a proxy gets the view that is there.
  const auto again = town.CostOf([&] { town.proxies["web-3"] = town.Connect("default", "web-2"); });
  CHECK(again.units == 0);
  CHECK(town.proxies["web-3"]->Last() == two);
}

TEST_CASE("a burst of writes is one computation", "[pipeline]") {
  PipelineWorld world(std::chrono::milliseconds(10));
  world.PutYaml("type: Mesh\nname: default\n");
  world.PutYaml(DataplaneYaml("web", "10.0.0.1", "web", "api"));
  std::promise<void> first;
  std::promise<void> second;
  std::atomic<int> views{0};
  ProxyNode node;
  node.mesh = "default";
  node.name = "web";
  node.metadata = Json::object();
  const auto connection = world.pipeline->Connect(node, [&](const ViewPtr&) {
    const int count = ++views;
    if (count == 1) first.set_value();
    if (count == 2) second.set_value();
  });
  first.get_future().wait();
  const uint64_t before = world.Regenerated();
  // Written while the loop is held, so that all of it is one burst however slow the machine is.
  std::promise<void> written;
  world.pipeline->WithSnapshot("default", [&](const mesh::SnapshotPtr&) {
    for (int i = 0; i < 20; ++i) world.PutYaml(DataplaneYaml("api-" + std::to_string(i), "10.0.1." + std::to_string(i + 1), "api"));
    written.set_value();
  });
  written.get_future().wait();
  second.get_future().wait();
  world.Settle();
  CHECK(world.Regenerated() == before + 1);
  CHECK(views == 2);
}

TEST_CASE("proxies that come before their Dataplane, and go", "[pipeline]") {
  PipelineWorld world;
  const ConnectedProxyPtr early = world.Connect("default", "web");
  world.Settle();
  CHECK(early->Last() == nullptr);
  world.PutYaml("type: Mesh\nname: default\n");
  world.Settle();
  CHECK(early->Last() == nullptr);
  world.PutYaml(DataplaneYaml("web", "10.0.0.1", "web"));
  world.Settle();
  const ViewPtr view = early->Last();
  REQUIRE(view != nullptr);

  SECTION("a Dataplane that is deleted leaves the proxy what it has") {
    world.Delete("Dataplane", "default", "web");
    world.Settle();
    CHECK(early->Last() == view);
    world.PutYaml(DataplaneYaml("web", "10.0.0.9", "web"));
    world.Settle();
    CHECK(Difference(*early->Last(), *world.Fresh(early->node)) == "");
  }
  SECTION("a disconnected proxy is not computed any more") {
    early->connection.reset();
    world.Settle();
    const uint64_t before = world.Regenerated();
    world.PutYaml(DataplaneYaml("web", "10.0.0.9", "web"));
    world.Settle();
    CHECK(world.Regenerated() == before);
    CHECK(early->Last() == view);
  }
}

TEST_CASE("certificates follow the authority", "[pipeline]") {
  const auto mesh = [](const std::string& backend) {
    return "type: Mesh\nname: default\nmtls:\n  enabledBackend: " + backend + "\n  backends:\n  - {name: " + backend + ", type: builtin}\n";
  };
  PipelineWorld world;
  world.PutYaml(mesh("ca-1"));
  world.PutYaml(DataplaneYaml("web", "10.0.0.1", "web"));
  const ConnectedProxyPtr proxy = world.Connect("default", "web");
  world.Settle();
  REQUIRE(proxy->Last() != nullptr);
  CHECK(Difference(*proxy->Last(), *world.Fresh(proxy->node)) == "");
  CHECK(world.identities.issued == 1);

  // A failed issue must not make the certificate of the authority before look right; it is tried again after a while.
  world.identities.failures = 1;
  Json renamed = *ParseYaml(mesh("ca-2"));
  renamed.erase("type");
  renamed.erase("name");
  world.Write("Mesh", "", "default", {}, std::move(renamed));
  world.Settle();
  CHECK(world.identities.issued == 2);
  world.clock.Advance(std::chrono::minutes(1));
  world.PutYaml(DataplaneYaml("web", "10.0.0.2", "web"));
  world.Settle();
  CHECK(world.identities.issued == 3);
  CHECK(Difference(*proxy->Last(), *world.Fresh(proxy->node)) == "");

  // Unrelated changes need no new certificate; other services do.
  world.PutYaml(DataplaneYaml("web", "10.0.0.3", "web"));
  world.Settle();
  CHECK(world.identities.issued == 3);
  world.PutYaml(DataplaneYaml("web", "10.0.0.3", "shop"));
  world.Settle();
  CHECK(world.identities.issued == 4);
  CHECK(Difference(*proxy->Last(), *world.Fresh(proxy->node)) == "");
}

// Each call for admin material signs a new certificate, and a new certificate is a new listener.
TEST_CASE("a proxy keeps its admin certificate while its address stays", "[pipeline]") {
  std::atomic<int> signed_certificates{0};
  PipelineWorld world(std::chrono::hours(1), [&](const std::string& address) {
    const std::string serial = std::to_string(++signed_certificates);
    return std::make_shared<const AdminMaterial>(AdminMaterial{"ca", "certificate " + serial + " of " + address, "key"});
  });
  world.PutYaml("type: Mesh\nname: default\n");
  world.PutYaml(DataplaneYaml("web", "10.0.0.1", "web", "api"));
  world.PutYaml(DataplaneYaml("api", "10.0.0.2", "api"));
  const ConnectedProxyPtr web = world.Connect("default", "web");
  world.Settle();
  const SealedPtr admin = *web->Last()->Find(ResourceType::kListener, "kuma:envoy:admin");
  world.PutYaml(TimeoutYaml("a-timeout", "web", "7"));
  world.Settle();
  CHECK(web->Count() == 2);
  CHECK(*web->Last()->Find(ResourceType::kListener, "kuma:envoy:admin") == admin);
  CHECK(signed_certificates == 1);
  world.PutYaml(DataplaneYaml("web", "10.0.0.9", "web", "api"));
  world.Settle();
  CHECK(signed_certificates == 2);
}
