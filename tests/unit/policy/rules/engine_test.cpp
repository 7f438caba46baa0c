#include "pkg/policy/rules/engine.h"

#include <chrono>

#include "pkg/policy/rules/merge.h"
#include "pkg/policy/rules/resolve.h"
#include "tests/unit/policy/rules/fixture.h"

namespace kuma::policy::testing {
namespace {

constexpr const char* kServices = R"(
type: MeshService
name: api
labels: {kuma.io/display-name: api, k8s.kuma.io/namespace: shop, kuma.io/zone: east, tier: back}
spec:
  ports: [{port: 80, name: http, appProtocol: http}, {port: 90, appProtocol: tcp}]
---
type: MeshService
name: db
labels: {kuma.io/display-name: db, k8s.kuma.io/namespace: shop, kuma.io/zone: east, tier: back}
spec:
  ports: [{port: 5432, name: sql}]
---
)";

constexpr const char* kZoneLabels = "labels: {kuma.io/origin: zone, kuma.io/zone: east, k8s.kuma.io/namespace: shop}\n";

std::string KriText(const Kri& kri) { return kri.type + '/' + kri.name + (kri.section.empty() ? "" : "/" + kri.section); }

// "MeshService/api/http {conf} [origins]" for each resource rule.
std::vector<std::string> ResourceRules(const RuleSet& rules) {
  std::vector<std::string> out;
  for (const auto& [kri, rule] : rules.to_resources) {
    std::string text = KriText(kri) + ' ' + ToJsonText(rule.confs.front());
    for (const Origin& origin : rule.origins) text += ' ' + origin.policy->meta.name() + ':' + std::to_string(origin.rule_index);
    out.push_back(text);
  }
  return out;
}

}  // namespace

TEST_CASE("rules for destination resources: mesh, service, port") {
  const World world(std::string(kMesh) + kServices + "type: ToOnly\nname: p\n" + kZoneLabels + R"(
spec:
  to:
    - {targetRef: {kind: MeshService, name: api, sectionName: http}, default: {c: 3}}
    - {targetRef: {kind: MeshService, labels: {tier: back}}, default: {b: 2}}
    - {targetRef: {kind: Mesh}, default: {a: 1, b: 1}}
    - {targetRef: {kind: MeshService, name: api, sectionName: none}, default: {d: 4}}
    - {targetRef: {kind: MeshService, name: unknown}, default: {e: 5}}
    - {targetRef: {kind: MeshService, name: api, sectionName: '80'}, default: {f: 6}}  # a port that has a name is not called by number
)");
  const RuleSet rules = world.Rules("ToOnly", "web");
  // Entries go from the mesh to sections, however they are written.
  CHECK(ResourceRules(rules) == std::vector<std::string>{R"(Mesh/default {"a":1,"b":1} p:2)", R"(MeshService/api {"a":1,"b":2} p:2 p:1)",
                                                         R"(MeshService/api/http {"a":1,"b":2,"c":3} p:2 p:1 p:0)", R"(MeshService/db {"a":1,"b":2} p:2 p:1)"});
  const Kri api = rules.to_resources.begin()->first.type == "Mesh" ? std::next(rules.to_resources.begin())->first : Kri{};
  const auto conf = [&](const Kri& kri) {
    const ResourceRule* rule = FindResourceRule(rules.to_resources, kri, "default");
    return rule == nullptr ? Json() : rule->confs.front();
  };
  CHECK(conf(api.WithSection("http")) == Parsed("{a: 1, b: 2, c: 3}"));
  CHECK(conf(api.WithSection("90")) == Parsed("{a: 1, b: 2}"));
  Kri other = api;
  other.name = "other";
  CHECK(conf(other.WithSection("x")) == Parsed("{a: 1, b: 1}"));
}

TEST_CASE("an old service name means the service resource of its namespace, and its port") {
  const World world(std::string(kMesh) + kServices + R"(
type: ToOnly
name: p
spec:
  to:
    - {targetRef: {kind: MeshService, name: api_shop_svc_80}, default: {a: 1}}
    - {targetRef: {kind: MeshService, name: db_shop_svc}, default: {b: 1}}
    - {targetRef: {kind: MeshService, name: api_shop_svc_81}, default: {c: 1}}
)");
  CHECK(ResourceRules(world.Rules("ToOnly", "web")) == std::vector<std::string>{R"(MeshService/api/http {"a":1} p:0)", R"(MeshService/db {"b":1} p:1)"});
}

TEST_CASE("policies of one destination merge by precedence of the policy first, then of the entry") {
  const World world(std::string(kMesh) + kServices + "type: ToOnly\nname: narrow\n" + kZoneLabels + R"(
spec:
  targetRef: {kind: Dataplane, labels: {app: web}}
  to: [{targetRef: {kind: Mesh}, default: {a: narrow, x: 1}}]
---
type: ToOnly
name: wide
)" + kZoneLabels + R"(
spec:
  to: [{targetRef: {kind: MeshService, name: api}, default: {a: wide, y: 1}}]
)");
  CHECK(ResourceRules(world.Rules("ToOnly", "web")) ==
        std::vector<std::string>{R"(Mesh/default {"a":"narrow","x":1} narrow:0)", R"(MeshService/api {"a":"narrow","x":1,"y":1} wide:0 narrow:0)"});
}

TEST_CASE("rules by tags for destinations") {
  const World world(std::string(kMesh) + R"(
type: Both
name: p
spec:
  to:
    - {targetRef: {kind: Mesh}, default: {a: 1}}
    - {targetRef: {kind: MeshService, name: api}, default: {b: 2}}
    - {targetRef: {kind: MeshExternalService, name: ext}, default: {c: 3}}
---
type: Both
name: a-first-in-the-alphabet
spec:
  to: [{targetRef: {kind: Mesh}, default: {a: 9}}]
)");
  const RuleSet rules = world.Rules("Both", "web");
  REQUIRE(rules.to.size() == 2);
  CHECK(PartText(rules.to[0].subset) == "{kuma.io/service=api}");
  CHECK(rules.to[0].conf == Parsed("{a: 9, b: 2}"));
  CHECK(rules.to[0].origins.size() == 2);
  CHECK(*FindToConf(rules.to, {{"kuma.io/service", "other"}}) == Parsed("{a: 9}"));
  CHECK(rules.from.empty());
  CHECK(rules.inbound.empty());
}

TEST_CASE("inbound rules: one a match, most specific match first, then by precedence") {
  const World world(std::string(kMesh) + R"(
type: Clients
name: b
spec:
  rules:
    - {default: {n: 1}}
    - {matches: [{spiffeID: {type: Prefix, value: p}}, {spiffeID: {type: Exact, value: e}}], default: {n: 2}}
---
type: Clients
name: a
spec:
  targetRef: {kind: Dataplane, sectionName: http}
  rules: [{default: {n: 3, m: 1}}]
)");
  const RuleSet rules = world.Rules("Clients", "web");
  const std::vector<InboundRule>& http = rules.inbound.at({"10.0.0.1", 80});
  std::vector<int64_t> numbers;
  for (const InboundRule& rule : http) numbers.push_back(GetInt(rule.conf, "n"));
  CHECK(numbers == std::vector<int64_t>{2, 2, 1, 3});
  CHECK(GetString(Get(http[0].match, "spiffeID"), "type") == "Exact");
  CHECK(http[1].origins.front().rule_index == 1);
  CHECK(MergeCatchAll(http, *world.types.Find("Clients")->policy) == Parsed("{n: 3, m: 1}"));
  CHECK(rules.inbound.at({"10.0.0.1", 81}).size() == 3);
}

TEST_CASE("from entries are rules for everyone where from takes only the mesh; rules win over from") {
  const World world(std::string(kMesh) + R"(
type: Both
name: old
spec: {from: [{targetRef: {kind: Mesh}, default: {a: 1}}]}
---
type: Clients
name: by-client
spec: {from: [{targetRef: {kind: MeshSubset, tags: {team: x}}, default: {a: 1}}, {targetRef: {kind: MeshService, name: web}, default: {b: 1}}]}
)");
  const RuleSet both = world.Rules("Both", "web");
  CHECK(both.inbound.at({"10.0.0.1", 80}).front().conf == Parsed("{a: 1}"));
  CHECK(both.inbound.at({"10.0.0.1", 80}).front().match.is_null());
  CHECK(both.from.at({"10.0.0.1", 80}).front().conf == Parsed("{a: 1}"));
  const RuleSet clients = world.Rules("Clients", "web");
  CHECK(clients.inbound.empty());
  std::vector<std::string> parts;
  for (const SubsetRule& rule : clients.from.at({"10.0.0.1", 81})) parts.push_back(PartText(rule.subset));
  CHECK(parts == std::vector<std::string>{"{kuma.io/service=web,team=x}", "{!kuma.io/service=web,team=x}", "{kuma.io/service=web,!team=x}"});
}

TEST_CASE("single default policies give one conf") {
  const World world(std::string(kMesh) + R"(
type: Single
name: a
spec: {default: {appendX: [1], y: 1}}
---
type: Single
name: b
spec: {targetRef: {kind: Dataplane, labels: {app: web}}, default: {appendX: [2], y: 2}}
---
type: Single
name: c
spec: {targetRef: {kind: Dataplane, labels: {app: other}}, default: {z: 1}}
)");
  const RuleSet rules = world.Rules("Single", "web");
  CHECK(rules.proxy->conf == Parsed("{appendX: [1, 2], y: 2}"));
  CHECK(rules.proxy->origins.size() == 2);
  CHECK(world.Rules("Single", "gate").proxy->conf == Parsed("{appendX: [1], y: 1}"));
}

TEST_CASE("a policy on a route applies to the rules of the route") {
  const std::string route = R"(
type: MeshHTTPRoute
name: r
spec:
  targetRef: {kind: MeshService, name: web}
  to:
    - targetRef: {kind: MeshService, name: api}
      rules: [{matches: [{path: {type: PathPrefix, value: /}}], default: {}}]
---
)";
  const World world(std::string(kMesh) + route + R"(
type: ToOnly
name: on-route
spec: {targetRef: {kind: MeshHTTPRoute, name: r}, to: [{targetRef: {kind: Mesh}, default: {t: 1}}]}
---
type: ToOnly
name: lost
spec: {targetRef: {kind: MeshHTTPRoute, name: gone}, to: [{targetRef: {kind: Mesh}, default: {t: 2}}]}
)");
  const RuleSet rules = world.Rules("ToOnly", "web");
  REQUIRE(rules.to.size() == 1);
  CHECK(PartText(rules.to[0].subset) == "{__rule-matches-hash__=9Zuf5Tg79OuZcQITwBbQykxAk2u4fRKrwYn3//AL4Yo=,kuma.io/service=api}");
  CHECK(rules.to_resources.empty());
  CHECK(rules.warnings ==
        std::vector<std::string>{R"(unable to resolve TargetRef on policy: mesh:default name:lost error:"couldn't resolve MeshHTTPRoute targetRef with name 'gone'")"});
}

TEST_CASE("rules for a route resource and who gave each of its rules") {
  const World world(std::string(kMesh) + kServices + "type: MeshHTTPRoute\nname: a\n" + kZoneLabels + R"(
spec: {to: [{targetRef: {kind: MeshService, name: api}, rules: [{matches: [{path: {type: Exact, value: /a}}], default: {}}]}]}
---
type: MeshHTTPRoute
name: b
)" + kZoneLabels + R"(
spec: {to: [{targetRef: {kind: MeshService, name: api}, rules: [{matches: [{path: {type: Exact, value: /b}}], default: {}}]}]}
---
type: ToOnly
name: p
)" + kZoneLabels + R"(
spec: {to: [{targetRef: {kind: MeshHTTPRoute, name: a}, default: {t: 1}}, {targetRef: {kind: Mesh}, default: {t: 0, m: 1}}]}
)");
  CHECK(ResourceRules(world.Rules("ToOnly", "web")) == std::vector<std::string>{R"(Mesh/default {"m":1,"t":0} p:1)", R"(MeshHTTPRoute/a {"m":1,"t":1} p:1 p:0)"});
  CHECK(world.Rules("ToOnly", "web").to.empty());  // a policy that names routes has no rules by tags
  const RuleSet routes = world.Rules("MeshHTTPRoute", "web");
  const ResourceRule& rule = routes.to_resources.begin()->second;
  CHECK(rule.origins.size() == 2);
  for (const char* path : {"/a", "/b"}) {
    const Json matches = Json::array({{{"path", {{"type", "Exact"}, {"value", path}}}}});
    CHECK(rule.origin_by_matches.at(HashMatches(matches)).policy->meta.name() == std::string(path).substr(1));
  }
}

TEST_CASE("rules of an egress turn to entries round") {
  const World world(std::string(kMesh) + R"(
type: ToOnly
name: all
spec: {to: [{targetRef: {kind: Mesh}, default: {a: 1}}]}
---
type: ToOnly
name: for-web
spec: {targetRef: {kind: MeshService, name: web}, to: [{targetRef: {kind: MeshService, name: ext}, default: {b: 1}}, {targetRef: {kind: MeshService, name: other}, default: {c: 1}}]}
)");
  const RuleSet rules = BuildEgressRuleSet(*world.types.Find("ToOnly"), {{"kuma.io/service", "ext"}}, *world.snapshot);
  const std::vector<SubsetRule>& list = rules.from.at(InboundKey{});
  REQUIRE(list.size() == 2);
  CHECK(PartText(list[0].subset) == "{kuma.io/service=web}");
  CHECK(list[0].conf == Parsed("{a: 1, b: 1}"));
  CHECK(list[1].conf == Parsed("{a: 1}"));
}

TEST_CASE("an egress knows from entries, not rules") {
  const World world(std::string(kMesh) + R"(
type: Both
name: by-from
spec: {from: [{targetRef: {kind: Mesh}, default: {a: 1}}]}
---
type: Both
name: by-rules
spec: {rules: [{default: {b: 1}}]}
)");
  const RuleSet rules = BuildEgressRuleSet(*world.types.Find("Both"), {{"kuma.io/service", "ext"}}, *world.snapshot);
  REQUIRE(rules.inbound.at(InboundKey{}).size() == 1);
  CHECK(rules.inbound.at(InboundKey{}).front().conf == Parsed("{a: 1}"));
  CHECK(rules.matched.size() == 2);
}

TEST_CASE("with a cache the rules are those without, and what was read is recorded for every proxy") {
  const std::string policies = R"(
type: ToOnly
name: p
spec: {to: [{targetRef: {kind: MeshService, name: api_shop_svc_80}, default: {a: 1}}]}
)";
  const World world(std::string(kMesh) + kServices + policies);
  PolicyIndexCache cache;
  for (int round = 0; round < 2; ++round) {
    mesh::ReadSet reads;
    mesh::Snapshot recording = *world.snapshot;
    recording.reads = &reads;
    const RuleSet rules = BuildRuleSet(*world.types.Find("ToOnly"), world.Proxy("web"), recording, {false, &cache});
    CHECK(ResourceRules(rules) == ResourceRules(world.Rules("ToOnly", "web")));
    CHECK(reads.all_destinations);
  }
  // Other destinations, same list of policies: the remembered rules must not be used.
  mesh::Snapshot without = *world.snapshot;
  without.destinations = std::make_shared<const std::map<Kri, mesh::DestinationPtr>>();
  CHECK(BuildRuleSet(*world.types.Find("ToOnly"), world.Proxy("web"), without, {false, &cache}).to_resources.empty());
}

TEST_CASE("all types of a proxy, without those that do not match") {
  const World world(std::string(kMesh) + "type: Single\nname: s\nspec: {default: {a: 1}}\n---\ntype: Both\nname: b\nspec: {targetRef: {kind: MeshService, name: none}, to: []}\n");
  const RuleSets sets = BuildRuleSets(world.Proxy("web"), *world.snapshot, world.types);
  REQUIRE(sets.size() == 1);
  CHECK(sets.at("Single").proxy.has_value());
}

TEST_CASE("backend references resolve to destinations", "[resolve]") {
  const World world(std::string(kMesh) + kServices);
  const Kri origin{.type = "MeshHTTPRoute", .mesh = "default", .zone = "east", .ns = "shop", .name = "r", .section = {}};
  const auto resolve = [&](const char* yaml) { return ResolveBackendRef(origin, Parsed(yaml), *world.snapshot); };
  CHECK_FALSE(resolve("{kind: MeshService, name: api}")->real);
  CHECK_FALSE(resolve("{kind: MeshServiceSubset, name: api, tags: {a: b}, port: 80}")->real);
  CHECK(KriText(resolve("{kind: MeshService, name: api, port: 80}")->resource) == "MeshService/api/80");
  CHECK(KriText(resolve("{kind: MeshService, name: api, sectionName: http, port: 80}")->resource) == "MeshService/api/http");
  CHECK(resolve("{kind: MeshService, name: api, port: 80, weight: 0}")->weight == 0);
  CHECK(KriText(resolve("{kind: MeshService, labels: {tier: back}, port: 80}")->resource) == "MeshService/api/80");
  CHECK_FALSE(resolve("{kind: MeshService, labels: {tier: none}, port: 80}").has_value());
  CHECK(KriText(resolve("{kind: MeshExternalService, name: ext}")->resource) == "MeshExternalService/ext");
}

TEST_CASE("matching with a warm cache is cheap", "[.bench]") {
  std::string yaml = kMesh;
  for (int i = 0; i < 10; ++i) {
    yaml += "type: Both\nname: p" + std::to_string(i) + "\nspec: {targetRef: {kind: MeshSubset, tags: {version: v" + std::to_string(i) +
            "}}, to: [{targetRef: {kind: Mesh}, default: {a: 1}}], from: [{targetRef: {kind: Mesh}, default: {a: 1}}]}\n---\n";
  }
  const World world(yaml);
  PolicyIndexCache cache;
  const TypeDescriptor& type = *world.types.Find("Both");
  constexpr int kRounds = 10000;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kRounds; ++i) BuildRuleSet(type, world.Proxy("web"), *world.snapshot, {false, &cache});
  const auto each = std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count() / kRounds;
  WARN("one proxy, one type, 10 policies: " << each << " ns");
}

}  // namespace kuma::policy::testing
