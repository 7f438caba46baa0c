// The law of the pipeline: whatever the order of events and however they are grouped, every connected proxy ends with exactly the view
// that a fresh render of the stored resources gives. Sequences are random but seeded; KUMA_LAW_RUNS runs more of them.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>

#include "pkg/base/strings.h"
#include "tests/unit/xds/pipeline_fixture.h"

using namespace kuma;
using namespace kuma::xds;

namespace {

class Dice {
 public:
  explicit Dice(uint32_t seed) : engine_(seed) {}
  uint32_t Below(uint32_t limit) { return static_cast<uint32_t>(engine_() % limit); }
  bool Chance(uint32_t percent) { return Below(100) < percent; }
  std::string Of(std::initializer_list<const char*> choices) { return *(choices.begin() + Below(static_cast<uint32_t>(choices.size()))); }
  std::string Numbered(const std::string& prefix, uint32_t limit) { return prefix + std::to_string(Below(limit)); }

 private:
  std::mt19937 engine_;
};

constexpr uint32_t kServices = 4;
constexpr uint32_t kDataplanes = 5;

std::string AnyMesh(Dice& dice) { return dice.Chance(85) ? "east" : "west"; }

Json AnyMeshDocument(Dice& dice, const std::string& name) {
  Json mesh = {{"type", "Mesh"}, {"name", name}};
  if (dice.Chance(60)) {
    const std::string backend = dice.Of({"ca-1", "ca-1", "ca-2"});
    mesh["mtls"] = {{"enabledBackend", backend}, {"backends", Json::array({{{"name", backend}, {"type", "builtin"}, {"mode", dice.Of({"STRICT", "PERMISSIVE"})}}})}};
  }
  if (dice.Chance(60)) mesh["meshServices"] = {{"mode", dice.Of({"Disabled", "Everywhere", "ReachableBackends", "Exclusive"})}};
  if (dice.Chance(30)) mesh["routing"] = {{"localityAwareLoadBalancing", dice.Chance(50)}, {"zoneEgress", dice.Chance(50)}};
  if (dice.Chance(30)) mesh["networking"] = {{"outbound", {{"passthrough", dice.Chance(50)}}}};
  return mesh;
}

Json AnyDataplane(Dice& dice, const std::string& mesh, uint32_t number) {
  const std::string service = dice.Numbered("svc-", kServices);
  const auto tags = [&] {
    Json out = {{"kuma.io/service", dice.Chance(80) ? service : dice.Numbered("svc-", kServices)}};
    if (dice.Chance(85)) out["kuma.io/protocol"] = dice.Of({"http", "http", "tcp", "grpc", "http2", "kafka"});
    if (dice.Chance(50)) out["version"] = dice.Of({"v1", "v2"});
    return out;
  };
  Json networking = {{"address", "10.1.0." + std::to_string(number + 1)}};
  if (dice.Chance(10)) {
    Json gateway = tags();
    gateway.erase("kuma.io/protocol");
    networking["gateway"] = {{"tags", std::move(gateway)}};
  } else {
    networking["inbound"] = Json::array();
    for (uint32_t i = 0, count = 1 + dice.Below(2); i < count; ++i) {
      Json inbound = {{"port", 8000 + i}, {"servicePort", 9000 + i}, {"tags", tags()}};
      if (dice.Chance(40)) inbound["name"] = "port-" + std::to_string(i);
      if (dice.Chance(15)) inbound["state"] = dice.Of({"NotReady", "Ignored"});
      networking["inbound"].push_back(std::move(inbound));
    }
  }
  Json outbounds = Json::array();
  for (uint32_t i = 0; i < kServices; ++i) {
    if (dice.Chance(60)) outbounds.push_back({{"port", 10000 + i}, {"tags", {{"kuma.io/service", "svc-" + std::to_string(i)}}}});
    if (dice.Chance(40)) outbounds.push_back({{"port", 11000 + i}, {"backendRef", {{"kind", "MeshService"}, {"name", "svc-" + std::to_string(i)}, {"port", 80}}}});
  }
  networking["outbound"] = std::move(outbounds);
  if (dice.Chance(20)) networking["transparentProxying"] = {{"redirectPortInbound", 15006}, {"redirectPortOutbound", 15001}};
  return {{"type", "Dataplane"}, {"mesh", mesh}, {"name", "dp-" + std::to_string(number)}, {"labels", {{"app", service}}}, {"networking", std::move(networking)}};
}

Json TopTarget(Dice& dice) {
  switch (dice.Below(6)) {
    case 0: return {{"kind", "MeshSubset"}, {"tags", {{"kuma.io/service", dice.Numbered("svc-", kServices)}}}};
    case 1: return {{"kind", "MeshSubset"}, {"tags", {{"version", dice.Of({"v1", "v2"})}}}};
    case 2: return {{"kind", "Dataplane"}, {"labels", {{"app", dice.Numbered("svc-", kServices)}}}};
    case 3: return {{"kind", "Dataplane"}, {"name", dice.Numbered("dp-", kDataplanes)}};
    default: return {{"kind", "Mesh"}};
  }
}

Json ToTarget(Dice& dice, bool named) {
  const std::string service = dice.Numbered("svc-", kServices);
  switch (dice.Below(named ? 3 : 5)) {
    case 0: return {{"kind", "MeshService"}, {"name", service}, {"sectionName", "80"}};
    case 1: return {{"kind", "MeshService"}, {"labels", {{"kuma.io/display-name", service}}}};
    case 2: return {{"kind", "MeshService"}, {"name", service}};
    default: return {{"kind", "Mesh"}};
  }
}

struct PolicyShape {
  const char* type;
  bool to = false, from = false;
  const char* conf;  // with %N for a number and %S for a service
};

const PolicyShape kPolicies[] = {
    {"MeshTimeout", true, false, R"({"connectionTimeout":"%Ns","http":{"requestTimeout":"%Ns"}})"},
    {"MeshTimeout", false, true, R"({"idleTimeout":"%Ns","http":{"streamIdleTimeout":"%Ns"}})"},
    {"MeshRetry", true, false, R"({"http":{"numRetries":%N,"retryOn":["5xx"]},"tcp":{"maxConnectAttempt":%N}})"},
    {"MeshCircuitBreaker", true, false, R"({"connectionLimits":{"maxConnections":%N}})"},
    {"MeshHealthCheck", true, false, R"({"interval":"%Ns","timeout":"2s","unhealthyThreshold":%N,"healthyThreshold":1,"tcp":{}})"},
    {"MeshLoadBalancingStrategy", true, false, R"({"loadBalancer":{"type":"RingHash","ringHash":{"minRingSize":%N}}})"},
    {"MeshAccessLog", true, false, R"({"backends":[{"type":"File","file":{"path":"/tmp/log-%N"}}]})"},
    {"MeshRateLimit", false, true, R"({"local":{"http":{"requestRate":{"num":%N,"interval":"10s"}}}})"},
    {"MeshFaultInjection", false, true, R"({"http":[{"abort":{"httpStatus":503,"percentage":%N}}]})"},
    {"MeshTrafficPermission", false, true, R"({"action":"Allow"})"},
    {"MeshHTTPRoute", true, false, R"([{"matches":[{"path":{"type":"PathPrefix","value":"/p%N"}}],"default":{"backendRefs":[{"kind":"MeshService","name":"%S","weight":%N}]}}])"},
    {"MeshTCPRoute", true, false, R"([{"default":{"backendRefs":[{"kind":"MeshService","name":"%S","weight":%N}]}}])"},
};

Json AnyPolicy(Dice& dice, const PolicyShape& shape, const std::string& mesh) {
  std::string conf = ReplaceAll(shape.conf, "%N", std::to_string(1 + dice.Below(9)));
  conf = ReplaceAll(conf, "%S", dice.Numbered("svc-", kServices));
  const Json value = *ParseJson(conf);
  const bool route = std::string_view(shape.type).ends_with("Route");
  Json spec = {{"targetRef", TopTarget(dice)}};
  if (shape.to) spec["to"] = Json::array({{{"targetRef", ToTarget(dice, route)}, {route ? "rules" : "default", value}}});
  if (shape.from) {
    const Json caller = std::string_view(shape.type) == "MeshTimeout" || dice.Chance(50) ? Json{{"kind", "Mesh"}}
                                                                                         : Json{{"kind", "MeshSubset"}, {"tags", {{"version", dice.Of({"v1", "v2"})}}}};
    spec["from"] = Json::array({{{"targetRef", caller}, {"default", value}}});
  }
  Json policy = {{"type", shape.type}, {"mesh", mesh}, {"name", dice.Numbered("p-", 3)}, {"spec", std::move(spec)}};
  if (dice.Chance(10)) policy["labels"] = {{"kuma.io/effect", "shadow"}};
  return policy;
}

// One random change; what was refused changed nothing.
void Change(Dice& dice, PipelineWorld& world, std::set<std::string>& accepted) {
  const std::string mesh = AnyMesh(dice);
  const auto put = [&](const Json& document) {
    if (!world.Put(document)) return;
    accepted.insert(GetString(document, "type"));
    if (document.contains("mtls")) accepted.insert("mutual TLS");
  };
  const uint32_t what = dice.Below(100);
  if (what < 6) {
    put(AnyMeshDocument(dice, mesh));
  } else if (what < 34) {
    put(AnyDataplane(dice, mesh, dice.Below(kDataplanes)));
  } else if (what < 40) {
    world.Delete("Dataplane", mesh, dice.Numbered("dp-", kDataplanes));
  } else if (what < 54) {
    const std::string service = dice.Numbered("svc-", kServices);
    if (!world.store.Get({"Mesh", "", mesh}).ok()) return;
    Json selector = {{"dataplaneTags", {{"kuma.io/service", service}}}};
    if (dice.Chance(25)) selector = {{"dataplaneLabels", {{"matchLabels", {{"app", service}}}}}};
    if (dice.Chance(15)) selector = {{"dataplaneRef", {{"name", dice.Numbered("dp-", kDataplanes)}}}};
    Json ports = Json::array({{{"port", 80}, {"targetPort", dice.Chance(50) ? Json(8000) : Json("port-0")}, {"appProtocol", dice.Of({"http", "tcp", "grpc"})}}});
    if (dice.Chance(30)) ports.push_back({{"port", 81}, {"name", "second"}, {"targetPort", 8001}, {"appProtocol", "http"}});
    Json status = {{"tls", {{"status", dice.Of({"Ready", "NotReady"})}}}};
    if (dice.Chance(60)) status["vips"] = Json::array({{{"ip", "241.0.0." + std::to_string(1 + dice.Below(3))}}});
    if (dice.Chance(60)) status["addresses"] = Json::array({{{"hostname", service + ".mesh"}}});
    Labels labels;
    if (dice.Chance(15)) labels = {{std::string(kOriginLabel), "global"}, {std::string(kZoneLabel), "far"}};
    const Json identities = Json::array({{{"type", "ServiceTag"}, {"value", service}}});
    world.Write("MeshService", mesh, service, labels, {{"selector", selector}, {"ports", ports}, {"state", "Available"}, {"identities", identities}}, std::move(status));
    accepted.insert("MeshService");
  } else if (what < 57) {
    world.Delete("MeshService", mesh, dice.Numbered("svc-", kServices));
  } else if (what < 61) {
    const std::string name = dice.Numbered("dp-", kDataplanes);
    if (!world.store.Get({"Dataplane", mesh, name}).ok()) return;
    Json spec = Json::object();
    if (dice.Chance(80)) spec["mTLS"] = {{"issuedBackend", dice.Of({"ca-1", "ca-2"})}};
    world.Write("DataplaneInsight", mesh, name, {}, std::move(spec));
    accepted.insert("DataplaneInsight");
  } else if (what < 65) {
    Json available = Json::array();
    for (uint32_t i = 0; i < kServices; ++i) {
      if (!dice.Chance(50)) continue;
      const Json tags = {{"kuma.io/service", "svc-" + std::to_string(i)}, {"kuma.io/zone", "far"}, {"kuma.io/protocol", "http"}};
      available.push_back({{"tags", tags}, {"instances", 1 + dice.Below(3)}, {"mesh", mesh}});
    }
    const Json networking = {{"address", "10.9.0.1"}, {"port", 10001}, {"advertisedAddress", "192.0.2.1"}, {"advertisedPort", 10001 + dice.Below(2)}};
    world.Write("ZoneIngress", "", dice.Numbered("ingress-", 2), {}, {{"zone", "far"}, {"networking", networking}, {"availableServices", available}});
    accepted.insert("ZoneIngress");
  } else if (what < 67) {
    world.Write("ZoneEgress", "", "egress", {}, {{"zone", PipelineWorld::kZone}, {"networking", {{"address", "10.9.0.2"}, {"port", 10002 + dice.Below(2)}}}});
    accepted.insert("ZoneEgress");
  } else if (what < 68) {
    world.Delete(dice.Chance(50) ? "ZoneEgress" : "ZoneIngress", "", dice.Of({"egress", "ingress-0", "ingress-1"}));
  } else if (what < 69) {
    world.Delete("Mesh", "", mesh);
  } else if (what < 73) {
    if (!world.store.Get({"Mesh", "", mesh}).ok()) return;
    const Json spec = {{"match", {{"type", "HostnameGenerator"}, {"port", 443}, {"protocol", dice.Of({"tcp", "http"})}}},
                       {"endpoints", Json::array({{{"address", "example.com"}, {"port", 443}}})}};
    world.Write("MeshExternalService", mesh, "outside", {}, spec, {{"vip", {{"ip", "242.0.0.1"}}}, {"addresses", Json::array({{{"hostname", "outside.mesh"}}})}});
    accepted.insert("MeshExternalService");
  } else if (what < 92) {
    put(AnyPolicy(dice, kPolicies[dice.Below(static_cast<uint32_t>(std::size(kPolicies)))], mesh));
  } else {
    world.Delete(kPolicies[dice.Below(static_cast<uint32_t>(std::size(kPolicies)))].type, mesh, dice.Numbered("p-", 3));
  }
}

void CheckLaw(PipelineWorld& world, const std::vector<ConnectedProxyPtr>& proxies) {
  for (const ConnectedProxyPtr& proxy : proxies) {
    const ViewPtr wanted = world.Fresh(proxy->node);
    if (wanted == nullptr) continue;  // a proxy without Dataplane keeps what it had
    const ViewPtr got = proxy->Last();
    INFO("proxy " << proxy->node.mesh << "." << proxy->node.name);
    REQUIRE(got != nullptr);
    REQUIRE(Difference(*got, *wanted) == "");
  }
}

uint32_t Runs() {
  const char* text = std::getenv("KUMA_LAW_RUNS");
  return text != nullptr ? static_cast<uint32_t>(std::max(1, std::atoi(text))) : 10;
}

}  // namespace

TEST_CASE("any order and grouping of events ends in what a fresh render gives", "[law]") {
  std::set<std::string> accepted;
  for (uint32_t seed = 1, runs = Runs(); seed <= runs; ++seed) {
    INFO("seed " << seed);
    Dice dice(seed);
    PipelineWorld world;
    std::vector<ConnectedProxyPtr> proxies;
    REQUIRE(world.Put({{"type", "Mesh"}, {"name", "east"}}));
    for (uint32_t i = 0; i < kDataplanes; ++i) world.Put(AnyDataplane(dice, "east", i));
    for (int step = 0; step < 60; ++step) {
      INFO("step " << step);
      Change(dice, world, accepted);
      if (dice.Chance(15)) {
        std::vector<std::string> features;
        for (const char* feature : {"feature-unified-resource-naming", "feature-bind-outbounds", "feature-reuse-port"}) {
          if (dice.Chance(25)) features.push_back(feature);
        }
        const std::string mesh = AnyMesh(dice);
        const std::string name = dice.Numbered("dp-", kDataplanes);
        std::erase_if(proxies, [&](const ConnectedProxyPtr& proxy) { return proxy->node.mesh == mesh && proxy->node.name == name; });
        proxies.push_back(world.Connect(mesh, name, std::move(features)));
      } else if (dice.Chance(3) && !proxies.empty()) {
        proxies.erase(proxies.begin());
      }
      if (!dice.Chance(30)) continue;
      world.Settle();
      CheckLaw(world, proxies);
    }
    world.Settle();
    CheckLaw(world, proxies);
  }
  // The sequences mean something only while the control plane accepts what they write.
  for (const PolicyShape& shape : kPolicies) CHECK(accepted.contains(shape.type));
  for (const char* type : {"Mesh", "mutual TLS", "Dataplane", "MeshService"}) CHECK(accepted.contains(type));
}
