#include "pkg/policy/rules/reason.h"

#include "pkg/policy/rules/explain.h"
#include "tests/unit/policy/rules/fixture.h"

namespace kuma::policy::testing {
namespace {

// The two policies that set `x`, in a mesh: "loser < winner: why".
std::string Verdict(const std::string& first, const std::string& second) {
  const World world(std::string(kMesh) + first + "\n---\n" + second);
  const PolicyTraits& traits = *world.types.Find("ToOnly")->policy;
  const RuleSet rules = world.Rules("ToOnly", "web");
  REQUIRE(rules.to_resources.contains(MeshKri("default")));
  const std::vector<Layer> layers = LayersOf(rules.to_resources.at(MeshKri("default")), traits);
  for (const FieldHistory& field : HistoryOf(layers, traits)) {
    if (field.path != "x") continue;
    REQUIRE(field.losers.size() == 1);
    const Origin& winner = layers[field.winner.layer].origin;
    const Origin& loser = layers[field.losers.front().layer].origin;
    return loser.policy->meta.name() + " < " + winner.policy->meta.name() + ": " + WhyLost(loser, winner, EntryList::kTo);
  }
  return "nothing set x";
}

std::string Policy(const std::string& name, const std::string& labels, const std::string& target, const std::string& value) {
  return "type: ToOnly\nname: " + name + "\nlabels: " + labels + "\nspec: {targetRef: " + target + ", to: [{targetRef: {kind: Mesh}, default: {x: " + value + "}}]}";
}

}  // namespace

TEST_CASE("why one policy overrides another") {
  struct Row {
    std::string first, second, expected;
  };
  const std::string mesh = "{kind: Mesh}";
  const std::string by_label = "{kind: Dataplane, labels: {app: web}}";
  const std::vector<Row> rows = {
      {Policy("a", "{}", mesh, "1"), Policy("b", "{}", by_label, "2"), "a < b: its targetRef is less specific (Mesh, not Dataplane)"},
      {Policy("b", "{}", mesh, "1"), Policy("a", "{}", by_label, "2"), "b < a: its targetRef is less specific (Mesh, not Dataplane)"},
      {Policy("a", "{kuma.io/origin: global}", mesh, "1"), Policy("b", "{kuma.io/origin: zone}", mesh, "2"), "a < b: it comes from global, the other was made in a zone"},
      {Policy("a", "{}", mesh, "1"), Policy("b", "{kuma.io/policy-role: producer}", mesh, "2"), "a < b: its role is system, the other's producer"},
      {Policy("a", "{}", mesh, "1"), Policy("b", "{}", mesh, "2"), "b < a: of equals the first name wins (a before b)"},
      {Policy("a", "{}", by_label, "1"), Policy("b", "{}", "{kind: Dataplane, labels: {app: web}, sectionName: http}", "2"), "a < b: its targetRef names no section, the other's does"},
  };
  for (const Row& row : rows) CHECK(Verdict(row.first, row.second) == row.expected);
}

TEST_CASE("of one policy the more specific, else the later entry wins") {
  const World world(std::string(kMesh) + R"(
type: MeshService
name: api
labels: {kuma.io/origin: zone, kuma.io/zone: east}
spec: {ports: [{port: 80, name: main}]}
---
type: ToOnly
name: a
labels: {kuma.io/origin: zone, kuma.io/zone: east}
spec:
  to:
    - {targetRef: {kind: MeshService, name: api}, default: {x: 1, y: 1}}
    - {targetRef: {kind: Mesh}, default: {x: 2, z: 1}}
    - {targetRef: {kind: Mesh}, default: {z: 2}}
)");
  const PolicyTraits& traits = *world.types.Find("ToOnly")->policy;
  const RuleSet rules = world.Rules("ToOnly", "web");
  std::vector<std::string> text;
  for (const auto& [kri, rule] : rules.to_resources) {
    const std::vector<Layer> layers = LayersOf(rule, traits);
    for (const FieldHistory& field : HistoryOf(layers, traits)) {
      for (const Setting& loser : field.losers) {
        text.push_back(kri.type + " " + field.path + ": " + WhyLost(layers[loser.layer].origin, layers[field.winner.layer].origin, EntryList::kTo));
      }
    }
  }
  CHECK(text == std::vector<std::string>{"Mesh z: a later entry of the same policy (to[2]) has the last word", "MeshService x: to[0] of the same policy is more specific",
                                         "MeshService z: a later entry of the same policy (to[2]) has the last word"});
}

TEST_CASE("what a later layer replaces is in the history of the field") {
  const World world(std::string(kMesh) + R"(
type: Single
name: b
spec: {default: {h: {p: 1, q: 1}, l: [1], appendX: [1]}}
---
type: Single
name: a
spec: {targetRef: {kind: Dataplane}, default: {h: 5, l: [2], appendX: [2]}}
)");
  const PolicyTraits& traits = *world.types.Find("Single")->policy;
  std::vector<std::string> text;
  const std::vector<Layer> layers = LayersOf(*world.Rules("Single", "web").proxy, traits);
  for (const FieldHistory& field : HistoryOf(layers, traits)) {
    std::string line = field.path + "=" + ToJsonText(field.winner.value);
    for (const Setting& loser : field.losers) line += " over " + loser.path + "=" + ToJsonText(loser.value);
    text.push_back(line);
  }
  CHECK(text == std::vector<std::string>{"appendX[0]=1", "appendX[1]=2", "h=5 over h.q=1 over h.p=1", "l=[2] over l=[1]"});
}

}  // namespace kuma::policy::testing
