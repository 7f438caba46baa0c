#include "pkg/policy/rules/near_miss.h"

#include "pkg/policy/rules/match.h"
#include "tests/unit/policy/rules/fixture.h"

namespace kuma::policy::testing {
namespace {

constexpr const char* kServices = R"(
---
type: MeshService
name: api
labels: {kuma.io/origin: zone, kuma.io/zone: east, kuma.io/display-name: api, team: a}
spec: {ports: [{port: 80, name: main}]}
---
type: MeshHTTPRoute
name: elsewhere
spec: {targetRef: {kind: Dataplane, labels: {app: other}}, to: []}
)";

struct Row {
  const char* about;
  const char* labels;
  const char* target;  // top-level targetRef
  const char* reason;  // null: it matches
};

}  // namespace

TEST_CASE("a policy that does not select a proxy says what is nearest") {
  const std::vector<Row> rows = {
      {"everything", "{}", "{kind: Mesh}", nullptr},
      {"labels that match", "{}", "{kind: Dataplane, labels: {app: web}}", nullptr},
      {"a label that differs", "{}", "{kind: Dataplane, labels: {app: web2}}", R"(label app: wants "web2", the proxy has "web")"},
      {"a label that is missing", "{}", "{kind: Dataplane, labels: {team: a}}", R"(label team: wants "a", the proxy has no such label)"},
      {"a label with a typo", "{}", "{kind: Dataplane, labels: {ap: web}}", R"(label ap: wants "web", the proxy has no such label (it has app=web))"},
      {"two labels", "{}", "{kind: Dataplane, labels: {app: x, team: a}}", R"(label app: wants "x", the proxy has "web"; label team: wants "a", the proxy has no such label)"},
      {"a section that is there", "{}", "{kind: Dataplane, sectionName: http}", nullptr},
      {"a section that is missing", "{}", "{kind: Dataplane, sectionName: htpp}", R"(sectionName: wants "htpp", the proxy has http, 81; did you mean "http"?)"},
      {"another name", "{kuma.io/origin: zone, kuma.io/zone: east, k8s.kuma.io/namespace: shop}", "{kind: Dataplane, name: api}", R"(name: wants "api", the proxy is "web")"},
      {"another namespace", "{kuma.io/origin: zone, kuma.io/zone: east, k8s.kuma.io/namespace: bank}", "{kind: Dataplane, name: web}",
       R"(namespace: wants "bank", the proxy is in "shop")"},
      {"another kind of proxy", "{}", "{kind: Mesh, proxyTypes: [Gateway]}", "proxyTypes: wants Gateway, the proxy is a Sidecar"},
      {"tags of the nearest inbound", "{}", "{kind: MeshSubset, tags: {kuma.io/service: web, version: v2}}", R"(tag version: wants "v2", inbound http has "v1")"},
      {"a service with a typo", "{}", "{kind: MeshService, name: wbe}", R"(kuma.io/service: wants "wbe", the proxy serves web, web-admin; did you mean "web"?)"},
      {"a subset of a service", "{}", "{kind: MeshServiceSubset, name: web, tags: {version: v2}}", R"(tag version: wants "v2", inbound http has "v1")"},
      {"another zone", "{kuma.io/origin: zone, kuma.io/zone: west}", "{kind: Mesh}", R"(the policy was made in zone "west" and stays there; the proxy is in zone "east")"},
      {"a role that stays in its namespace", "{kuma.io/policy-role: workload-owner, k8s.kuma.io/namespace: bank}", "{kind: Mesh}",
       R"(a policy of role "workload-owner" stays in its namespace "bank"; the proxy is in "shop")"},
      {"a route that does not exist", "{}", "{kind: MeshHTTPRoute, name: elsewhen}", R"(there is no MeshHTTPRoute "elsewhen"; did you mean "elsewhere"?)"},
      {"a route of others", "{}", "{kind: MeshHTTPRoute, name: elsewhere}",
       R"(its MeshHTTPRoute "elsewhere" does not select the proxy: label app: wants "other", the proxy has "web")"},
      {"builtin gateways", "{}", "{kind: MeshGateway, name: g}", "it is for builtin gateways, which this version does not configure"},
  };
  for (const Row& row : rows) {
    INFO(row.about);
    const World world(std::string(kMesh) + "type: ToOnly\nname: p\nlabels: " + row.labels + "\nspec: {targetRef: " + row.target + "}" + kServices);
    const Resource& policy = *world.snapshot->Resources("ToOnly").front();
    const TargetRef top = ParseTargetRef(policy.spec["targetRef"]);
    const std::optional<NearMiss> miss = FindNearMiss(policy.meta, top, world.Proxy("web"), *world.snapshot);
    CHECK((miss ? miss->reason : "") == (row.reason == nullptr ? "" : row.reason));
    // Whatever is said, it is said exactly when nothing matches.
    for (const char* proxy : {"web", "gate"}) {
      CHECK(FindNearMiss(policy.meta, top, world.Proxy(proxy), *world.snapshot).has_value() != SelectProxy(policy, world.Proxy(proxy), *world.snapshot).matches());
    }
  }
}

TEST_CASE("nearer policies have smaller distances") {
  const World world(std::string(kMesh) + kServices);
  const ResourceMeta meta;
  const auto distance = [&](const char* target) { return FindNearMiss(meta, ParseTargetRef(Parsed(target)), world.Proxy("web"), *world.snapshot)->distance; };
  CHECK(distance("{kind: Dataplane, labels: {app: x}}") < distance("{kind: Dataplane, labels: {team: x}}"));
  CHECK(distance("{kind: Dataplane, labels: {app: x}}") < distance("{kind: Dataplane, labels: {app: x, team: x}}"));
  CHECK(distance("{kind: Dataplane, labels: {team: x}}") < distance("{kind: Mesh, proxyTypes: [Gateway]}"));
  CHECK(distance("{kind: Mesh, proxyTypes: [Gateway]}") < distance("{kind: MeshGateway, name: g}"));
}

TEST_CASE("entries that mean no destination say why") {
  const std::vector<Row> rows = {
      {"it exists", "", "{kind: MeshService, name: api}", nullptr},
      {"its section exists", "", "{kind: MeshService, name: api, sectionName: main}", nullptr},
      {"a tag service", "", "{kind: MeshService, name: web}", nullptr},
      {"the mesh", "", "{kind: Mesh}", nullptr},
      {"a typo", "", "{kind: MeshService, name: apii}", R"(there is no such MeshService; did you mean "api"?)"},
      {"another section", "", "{kind: MeshService, name: api, sectionName: mian}", R"(it has no section "mian"; it has main)"},
      {"labels", "", "{kind: MeshService, labels: {team: b}}", R"(no MeshService has these labels; the nearest is "api": label team: wants "b", api has "a")"},
      {"no such kind", "", "{kind: MeshExternalService, labels: {team: b}}", "there is no MeshExternalService at all"},
      {"a route", "", "{kind: MeshHTTPRoute, name: nowhere}", "there is no such MeshHTTPRoute"},
  };
  const World world(std::string(kMesh) + kServices);
  ResourceMeta meta;
  meta.key = {"ToOnly", "default", "p"};
  meta.labels = {{std::string(kOriginLabel), "zone"}, {std::string(kZoneLabel), "east"}};
  for (const Row& row : rows) {
    INFO(row.about);
    CHECK(WhyUnresolved(ParseTargetRef(Parsed(row.target)), meta, *world.snapshot).value_or("") == (row.reason == nullptr ? "" : row.reason));
  }
}

}  // namespace kuma::policy::testing
