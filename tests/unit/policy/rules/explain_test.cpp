#include "pkg/policy/rules/explain.h"

#include "tests/unit/policy/rules/fixture.h"

namespace kuma::policy::testing {
namespace {

std::vector<std::string> Text(const std::vector<FieldOrigin>& fields) {
  std::vector<std::string> out;
  for (const FieldOrigin& field : fields) out.push_back(field.path + ' ' + field.origin.policy->meta.name());
  return out;
}

}  // namespace

TEST_CASE("every field of a merged conf has the policy that set it last") {
  const World world(std::string(kMesh) + R"(
type: ToOnly
name: a
spec: {to: [{targetRef: {kind: Mesh}, default: {x: 1, h: {p: 1, q: 1}, l: [1], appendX: [1]}}]}
---
type: ToOnly
name: b
spec: {targetRef: {kind: Dataplane}, to: [{targetRef: {kind: MeshService, name: api}, default: {h: {q: 2}, appendX: [2]}}]}
)");
  const PolicyTraits& traits = *world.types.Find("ToOnly")->policy;
  const RuleSet rules = world.Rules("ToOnly", "web");
  CHECK(Text(ExplainConf(LayersOf(rules.to_resources.begin()->second, traits), traits)) == std::vector<std::string>{"appendX[0] a", "h.p a", "h.q a", "l a", "x a"});
  CHECK(Text(ExplainConf(LayersOf(rules.to.front(), "to", traits), traits)) ==
        std::vector<std::string>{"appendX[0] a", "appendX[1] b", "h.p a", "h.q b", "l a", "x a"});
}

TEST_CASE("keyed items are explained by their place in the merged conf") {
  const World world(std::string(kMesh) + R"(
type: MeshHTTPRoute
name: a
spec: {to: [{targetRef: {kind: MeshService, name: api}, rules: [{matches: [{path: /x}], default: {filters: [1], backendRefs: [1]}}]}]}
---
type: MeshHTTPRoute
name: b
spec: {targetRef: {kind: Dataplane}, to: [{targetRef: {kind: MeshService, name: api}, rules: [{matches: [{path: /x}], default: {backendRefs: [2]}}]}]}
)");
  const PolicyTraits& traits = *world.types.Find("MeshHTTPRoute")->policy;
  const RuleSet rules = world.Rules("MeshHTTPRoute", "web");
  CHECK(Text(ExplainConf(LayersOf(rules.to.front(), "to", traits), traits)) ==
        std::vector<std::string>{"rules[0].default.backendRefs b", "rules[0].default.filters a", "rules[0].matches b"});
}

}  // namespace kuma::policy::testing
