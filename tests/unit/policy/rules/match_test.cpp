#include "pkg/policy/rules/match.h"

#include "tests/unit/policy/rules/fixture.h"

namespace kuma::policy::testing {

namespace {

struct Case {
  const char* name;
  const char* target;  // YAML of spec.targetRef
  const char* labels;  // of the policy
  const char* proxy;
  std::vector<uint32_t> ports;  // of selected inbounds
  bool gateway = false;
  const char* error = "";
};

}  // namespace

TEST_CASE("a policy selects proxies and inbounds by its top-level targetRef") {
  const std::vector<Case> cases = {
      {"mesh", "{kind: Mesh}", "{}", "web", {80, 81}},
      {"absent means mesh", "null", "{}", "web", {80, 81}},
      {"mesh, gateways only, sidecar", "{kind: Mesh, proxyTypes: [Gateway]}", "{}", "web", {}},
      {"mesh, gateways only, gateway", "{kind: Mesh, proxyTypes: [Gateway]}", "{}", "gate", {}, true},
      {"mesh, sidecars only, gateway", "{kind: Mesh, proxyTypes: [Sidecar]}", "{}", "gate", {}},
      {"subset", "{kind: MeshSubset, tags: {version: v1}}", "{}", "web", {80, 81}},
      {"subset, any value", "{kind: MeshSubset, tags: {version: '*'}}", "{}", "web", {80, 81}},
      {"subset, other value", "{kind: MeshSubset, tags: {version: v2}}", "{}", "web", {}},
      {"service", "{kind: MeshService, name: web-admin}", "{}", "web", {81}},
      {"service of a gateway", "{kind: MeshService, name: gate}", "{}", "gate", {}, true},
      {"service subset", "{kind: MeshServiceSubset, name: web, tags: {version: v1}}", "{}", "web", {80}},
      {"service subset, other", "{kind: MeshServiceSubset, name: web, tags: {version: v2}}", "{}", "web", {}},
      {"any dataplane", "{kind: Dataplane}", "{}", "web", {80, 81}},
      {"dataplane by labels", "{kind: Dataplane, labels: {app: web}}", "{}", "web", {80, 81}},
      {"dataplane by labels, other", "{kind: Dataplane, labels: {app: gate}}", "{}", "web", {}},
      {"dataplane by empty labels", "{kind: Dataplane, labels: {}}", "{}", "web", {80, 81}},
      {"section by name", "{kind: Dataplane, labels: {app: web}, sectionName: http}", "{}", "web", {80}},
      {"section by port", "{kind: Dataplane, sectionName: '81'}", "{}", "web", {81}},
      {"section that has a name is not called by port", "{kind: Dataplane, sectionName: '80'}", "{}", "web", {}},
      {"by name needs the policy's zone", "{kind: Dataplane, name: web, namespace: shop}", "{}", "web", {}},
      {"by name in zone and namespace", "{kind: Dataplane, name: web, namespace: shop}", "{kuma.io/origin: zone, kuma.io/zone: east}", "web", {80, 81}},
      {"by name, namespace of the policy", "{kind: Dataplane, name: web}", "{kuma.io/origin: zone, kuma.io/zone: east, k8s.kuma.io/namespace: shop}", "web", {80, 81}},
      {"policy of another zone", "{kind: Mesh}", "{kuma.io/origin: zone, kuma.io/zone: west}", "web", {}},
      {"producer policy of another zone", "{kind: Mesh}", "{kuma.io/origin: zone, kuma.io/zone: west, kuma.io/policy-role: producer}", "web", {80, 81}},
      {"global policy with a zone label", "{kind: Mesh}", "{kuma.io/origin: global, kuma.io/zone: west}", "web", {80, 81}},
      {"consumer policy of its namespace", "{kind: Mesh}", "{kuma.io/policy-role: consumer, k8s.kuma.io/namespace: shop}", "web", {80, 81}},
      {"consumer policy of another namespace", "{kind: Mesh}", "{kuma.io/policy-role: consumer, k8s.kuma.io/namespace: bank}", "web", {}},
      {"workload owner policy of another namespace", "{kind: Mesh}", "{kuma.io/policy-role: workload-owner, k8s.kuma.io/namespace: bank}", "web", {}},
      {"system policy of a namespace", "{kind: Mesh}", "{kuma.io/policy-role: system, k8s.kuma.io/namespace: bank}", "web", {80, 81}},
      {"route", "{kind: MeshHTTPRoute, name: admin-route}", "{}", "web", {81}},
      {"route that is not there", "{kind: MeshHTTPRoute, name: none}", "{}", "web", {}, false, "couldn't resolve MeshHTTPRoute targetRef with name 'none'"},
      {"kind that cannot be a proxy", "{kind: MeshMultiZoneService}", "{}", "web", {}, false, "unsupported targetRef kind 'MeshMultiZoneService'"},
      {"gateway resources select no proxy of ours", "{kind: MeshGateway, name: g}", "{}", "web", {}},
  };
  const World world(std::string(kMesh) + "type: MeshHTTPRoute\nname: admin-route\nspec: {targetRef: {kind: MeshService, name: web-admin}}\n");
  for (const Case& row : cases) {
    INFO(row.name);
    auto policy = std::make_shared<Resource>();
    policy->meta.key = {"Both", "default", "p"};
    const Json labels = Parsed(row.labels);
    for (const auto& [key, value] : labels.items()) policy->meta.labels.emplace(key, value.get<std::string>());
    if (std::string_view(row.target) != "null") policy->spec["targetRef"] = Parsed(row.target);
    const Selection selection = SelectProxy(*policy, world.Proxy(row.proxy), *world.snapshot);
    std::vector<uint32_t> ports;
    for (const InboundKey& key : selection.inbounds) ports.push_back(key.port);
    CHECK(ports == row.ports);
    CHECK(selection.delegated_gateway == row.gateway);
    CHECK(selection.error == row.error);
    CHECK(MayAffect(policy, world.Proxy(row.proxy), *world.snapshot) == (!row.ports.empty() || row.gateway));
  }
}

TEST_CASE("zone proxy listeners are inbounds of policies on the mesh and on dataplanes") {
  const World world(std::string(kMesh) + R"(
type: Dataplane
name: edge
networking:
  address: 10.0.0.9
  listeners:
    - {type: ZoneIngress, port: 10001, name: in}
    - {type: ZoneEgress, port: 10002, address: 10.0.0.10}
)");
  auto policy = std::make_shared<Resource>();
  policy->meta.key = {"Both", "default", "p"};
  policy->spec["targetRef"] = {{"kind", "Mesh"}};
  CHECK(SelectProxy(*policy, world.Proxy("edge"), *world.snapshot).inbounds == std::vector<InboundKey>{{"10.0.0.9", 10001}, {"10.0.0.10", 10002}});
  policy->spec["targetRef"] = {{"kind", "Dataplane"}, {"sectionName", "in"}};
  CHECK(SelectProxy(*policy, world.Proxy("edge"), *world.snapshot).inbounds == std::vector<InboundKey>{{"10.0.0.9", 10001}});
  policy->spec["targetRef"] = {{"kind", "MeshSubset"}};
  CHECK(SelectProxy(*policy, world.Proxy("edge"), *world.snapshot).inbounds.empty());
}

TEST_CASE("shadow policies take part only when asked") {
  const World world(std::string(kMesh) + "type: Single\nname: s\nlabels: {kuma.io/effect: shadow}\nspec: {default: {a: 1}}\n");
  CHECK(world.Rules("Single", "web").empty());
  CHECK(world.Rules("Single", "web", true).proxy->conf == Json{{"a", 1}});
  CHECK_FALSE(MayAffect(world.snapshot->Resources("Single").front(), world.Proxy("web"), *world.snapshot));
}

}  // namespace kuma::policy::testing
