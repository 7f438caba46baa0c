#include "pkg/mesh/snapshot.h"

#include <catch2/catch.hpp>

using namespace kuma;
using namespace kuma::mesh;

namespace {

// Feeds a builder as a store would: knows the old value of each write.
class World {
 public:
  void Put(const std::string& type, const std::string& name, const std::string& spec, Labels labels = {}, const std::string& status = "") {
    auto next = std::make_shared<Resource>();
    const bool global = type == "Mesh" || type == "ZoneIngress" || type == "ZoneEgress";
    next->meta.key = {type, global ? "" : "m", name};
    next->meta.labels = std::move(labels);
    next->spec = *ParseYaml(spec);
    if (!status.empty()) next->status = *ParseYaml(status);
    ResourcePtr& slot = resources_[next->meta.key];
    builder.Apply(slot, next);
    slot = next;
  }
  void Delete(const std::string& type, const std::string& name) {
    const auto it = resources_.find({type, type == "Mesh" || type == "ZoneIngress" ? "" : "m", name});
    REQUIRE(it != resources_.end());
    builder.Apply(it->second, nullptr);
    resources_.erase(it);
  }
  Changes Build() {
    auto updates = builder.Build();
    return updates.contains("m") ? std::move(updates.at("m").changes) : Changes();
  }
  // "address:port" of each endpoint, in order; "none" when there is no such set.
  std::string Endpoints(const std::string& name) {
    const EndpointSet* set = builder.Find("m")->FindEndpoints(name);
    if (set == nullptr) return "none";
    std::string out;
    for (const Endpoint& endpoint : set->endpoints) out += (out.empty() ? "" : " ") + endpoint.address + ":" + std::to_string(endpoint.port);
    return out;
  }
  SnapshotBuilder builder{"near"};

 private:
  std::map<ResourceKey, ResourcePtr> resources_;
};

std::string Spec(const std::string& address, const std::string& service, const std::string& more = "") {
  return "networking: {address: " + address + ", inbound: [{port: 80, tags: {kuma.io/service: " + service + ", kuma.io/protocol: http}" + more + "}]}";
}

const char* kMtls = "mtls: {enabledBackend: ca, backends: [{name: ca}]}";

}  // namespace

TEST_CASE("endpoints of a service follow its proxies") {
  World world;
  world.Put("Mesh", "m", "{}");
  world.Put("Dataplane", "b", Spec("10.0.0.2", "api"));
  world.Put("Dataplane", "a", Spec("10.0.0.1", "api"));
  Changes changes = world.Build();
  CHECK(changes.mesh);
  CHECK(world.Endpoints("api") == "10.0.0.1:80 10.0.0.2:80");
  CHECK(world.builder.Find("m")->FindService("api")->protocol == Protocol::kHttp);

  world.Put("Dataplane", "b", Spec("10.0.0.2", "api", ", state: NotReady"));
  changes = world.Build();
  CHECK(changes.endpoints == std::set<std::string>{"api"});
  CHECK(changes.dataplanes == std::set<std::string>{"b"});
  CHECK(world.Endpoints("api") == "10.0.0.1:80");

  world.Put("Dataplane", "a", Spec("10.0.0.1", "shop"));
  changes = world.Build();
  CHECK(changes.endpoints == std::set<std::string>{"api", "shop"});
  CHECK(world.Endpoints("api") == "none");
  CHECK(world.Endpoints("shop") == "10.0.0.1:80");

  world.Put("Dataplane", "a", Spec("10.0.0.1", "shop"));
  CHECK(world.Build().empty());
  world.Delete("Dataplane", "a");
  world.Build();
  CHECK(world.Endpoints("shop") == "none");
  CHECK(world.builder.Find("m")->FindService("shop") == nullptr);
}

TEST_CASE("a MeshService's endpoints, by each kind of selector") {
  World world;
  world.Put("Mesh", "m", "{}");
  world.Put("Dataplane", "a", Spec("10.0.0.1", "api", ", name: web"), {{"app", "api"}});
  world.Put("Dataplane", "b", Spec("10.0.0.2", "api"), {{"app", "api"}});
  world.Put("MeshService", "tags", "{selector: {dataplaneTags: {kuma.io/service: api}}, ports: [{port: 90, targetPort: 80}]}");
  world.Put("MeshService", "labels", "{selector: {dataplaneLabels: {matchLabels: {app: api}}}, ports: [{port: 90, targetPort: web}, {port: 91, targetPort: 81}]}");
  world.Put("MeshService", "ref", "{selector: {dataplaneRef: {name: b}}, ports: [{port: 90, targetPort: 80}]}");
  world.Put("MeshService", "nobody", "{selector: {}, ports: [{port: 90, targetPort: 80}]}");
  world.Build();
  CHECK(world.Endpoints("m_tags___msvc_90") == "10.0.0.1:80 10.0.0.2:80");
  CHECK(world.Endpoints("m_labels___msvc_90") == "10.0.0.1:80");
  CHECK(world.Endpoints("m_labels___msvc_91") == "");
  CHECK(world.Endpoints("m_ref___msvc_90") == "10.0.0.2:80");
  CHECK(world.Endpoints("m_nobody___msvc_90") == "");

  world.Delete("Dataplane", "b");
  const Changes changes = world.Build();
  CHECK(changes.endpoints == std::set<std::string>{"api", "m_tags___msvc_90", "m_ref___msvc_90"});

  // A port that is gone takes its endpoints along.
  world.Put("MeshService", "tags", "{selector: {dataplaneTags: {kuma.io/service: api}}, ports: [{port: 95, targetPort: 80}]}");
  CHECK(world.Build().endpoints == std::set<std::string>{"m_tags___msvc_90", "m_tags___msvc_95"});
  CHECK(world.Endpoints("m_tags___msvc_90") == "none");
}

TEST_CASE("a service tag that a MeshService owns comes back with the MeshService gone") {
  World world;
  world.Put("Mesh", "m", "{}");
  world.Put("Dataplane", "a", Spec("10.0.0.1", "m_api___msvc_90"));
  world.Build();
  CHECK(world.Endpoints("m_api___msvc_90") == "10.0.0.1:80");
  world.Put("MeshService", "api", "{selector: {}, ports: [{port: 90, targetPort: 80}]}");
  world.Build();
  CHECK(world.Endpoints("m_api___msvc_90") == "");
  CHECK(world.builder.Find("m")->FindService("m_api___msvc_90") == nullptr);
  world.Delete("MeshService", "api");
  world.Build();
  CHECK(world.Endpoints("m_api___msvc_90") == "10.0.0.1:80");
  CHECK(world.builder.Find("m")->FindService("m_api___msvc_90") != nullptr);
}

TEST_CASE("remote zones are reached through their ingress, once for all its instances") {
  World world;
  world.Put("Mesh", "m", kMtls);
  world.Put("Dataplane", "a", Spec("10.0.0.1", "api"));
  const auto ingress = [](const std::string& address, const std::string& mesh, int instances) {
    return "{zone: far, networking: {address: 10.9.0.1, port: 10001, advertisedAddress: " + address +
           ", advertisedPort: 10001}, availableServices: [{mesh: " + mesh + ", instances: " + std::to_string(instances) +
           ", tags: {kuma.io/service: api, kuma.io/zone: far}}]}";
  };
  world.Put("ZoneIngress", "i1", ingress("192.0.2.1", "m", 3));
  world.Put("ZoneIngress", "i2", ingress("192.0.2.1", "m", 3));
  world.Put("ZoneIngress", "i3", ingress("192.0.2.9", "other", 3));
  CHECK(world.Build().zone_proxies);
  CHECK(world.Endpoints("api") == "192.0.2.1:10001 10.0.0.1:80");

  world.Put("ZoneIngress", "i1", ingress("192.0.2.1", "m", 3));
  CHECK(world.Build().empty());  // written again, equal
  world.Put("Mesh", "m", "{}");
  world.Build();
  CHECK(world.Endpoints("api") == "10.0.0.1:80");  // zones need mutual TLS
}

TEST_CASE("a service is ready for TLS when all its proxies have certificates of the mesh's backend") {
  World world;
  world.Put("Mesh", "m", kMtls);
  world.Put("Dataplane", "a", Spec("10.0.0.1", "api"));
  world.Put("Dataplane", "b", Spec("10.0.0.2", "api"));
  world.Put("DataplaneInsight", "a", "mTLS: {issuedBackend: ca}");
  world.Build();
  CHECK_FALSE(world.builder.Find("m")->FindService("api")->tls_ready);
  world.Put("DataplaneInsight", "b", "mTLS: {issuedBackend: ca}");
  CHECK(world.Build().services == std::set<std::string>{"api"});
  CHECK(world.builder.Find("m")->FindService("api")->tls_ready);
  world.Put("DataplaneInsight", "b", "{mTLS: {issuedBackend: ca}, subscriptions: [{id: x}]}");
  CHECK(world.Build().empty());
  world.Put("DataplaneInsight", "b", "mTLS: {issuedBackend: old}");
  world.Build();
  CHECK_FALSE(world.builder.Find("m")->FindService("api")->tls_ready);
}

TEST_CASE("readers are touched by what they read, absent facts included") {
  World world;
  world.Put("Mesh", "m", "{}");
  world.Build();
  ReadSet reads;
  Snapshot recorded = *world.builder.Find("m");
  recorded.reads = &reads;
  CHECK(recorded.FindEndpoints("api") == nullptr);
  CHECK(recorded.Resources("MeshTrust").empty());
  world.Put("Dataplane", "z", Spec("10.0.0.9", "other"));
  CHECK_FALSE(reads.IsTouchedBy(world.Build()));
  world.Put("Dataplane", "a", Spec("10.0.0.1", "api"));
  CHECK(reads.IsTouchedBy(world.Build()));
  CHECK(reads.types.contains("MeshTrust"));
  recorded.AllDataplanes();
  world.Put("Dataplane", "q", Spec("10.0.0.4", "other"));
  CHECK(reads.IsTouchedBy(world.Build()));
  world.Put("Mesh", "m", kMtls);
  CHECK(ReadSet().IsTouchedBy(world.Build()));
}

TEST_CASE("snapshots are immutable and share what did not change") {
  World world;
  world.Put("Mesh", "m", "{}");
  world.Put("Dataplane", "a", Spec("10.0.0.1", "api"));
  world.Put("MeshTimeout", "t", "{}");
  world.Build();
  const SnapshotPtr before = world.builder.Find("m");
  world.Put("Dataplane", "b", Spec("10.0.0.2", "api"));
  world.Build();
  const SnapshotPtr after = world.builder.Find("m");
  CHECK(before->dataplanes->size() == 1);
  CHECK(after->dataplanes->size() == 2);
  CHECK(after->resources->at("MeshTimeout") == before->resources->at("MeshTimeout"));
  CHECK(after->destinations == before->destinations);
  CHECK(after->revision == before->revision + 1);
  world.Put("MeshTimeout", "t", "{targetRef: {kind: Mesh}}");
  world.Build();
  const SnapshotPtr policy_changed = world.builder.Find("m");
  CHECK(policy_changed->dataplanes == after->dataplanes);
  CHECK(policy_changed->endpoints == after->endpoints);
  CHECK(policy_changed->resources->at("MeshTimeout") != after->resources->at("MeshTimeout"));
  // Labels and spec are the same, so no proxy is told; readers of the API still see the newer version.
  world.Put("Dataplane", "b", Spec("10.0.0.2", "api"));
  CHECK(world.Build().empty());
  CHECK(world.builder.Find("m")->dataplanes->at("b") != policy_changed->dataplanes->at("b"));
  world.Delete("Mesh", "m");
  CHECK(world.Build().mesh);
  CHECK(world.builder.Find("m")->mesh == nullptr);
  CHECK(world.Endpoints("api") == "none");
}
