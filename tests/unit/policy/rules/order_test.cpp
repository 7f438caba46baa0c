#include "pkg/policy/rules/order.h"

#include "tests/unit/policy/rules/fixture.h"

namespace kuma::policy::testing {

TEST_CASE("policies are ordered from the least to the most specific") {
  // Written in the expected order; each line differs from the one before in one criterion.
  const World world(std::string(kMesh) + R"(
type: Single
name: mesh-system-b
labels: {kuma.io/origin: global, kuma.io/display-name: b}
---
type: Single
name: mesh-system-a
labels: {kuma.io/origin: global, kuma.io/display-name: a}
---
type: Single
name: mesh-zone-z
labels: {kuma.io/origin: zone, kuma.io/zone: east, kuma.io/display-name: z}
---
type: Single
name: mesh-zone-producer
labels: {kuma.io/origin: zone, kuma.io/zone: east, kuma.io/policy-role: producer, kuma.io/display-name: z}
---
type: Single
name: mesh-zone-consumer
labels: {kuma.io/origin: zone, kuma.io/zone: east, kuma.io/policy-role: consumer, k8s.kuma.io/namespace: shop, kuma.io/display-name: z}
---
type: Single
name: mesh-zone-owner
labels: {kuma.io/origin: zone, kuma.io/zone: east, kuma.io/policy-role: workload-owner, k8s.kuma.io/namespace: shop, kuma.io/display-name: z}
---
type: Single
name: dataplane-all
labels: {kuma.io/origin: global}
spec: {targetRef: {kind: Dataplane}}
---
type: Single
name: dataplane-section
labels: {kuma.io/origin: global}
spec: {targetRef: {kind: Dataplane, sectionName: http}}
---
type: Single
name: subset
labels: {kuma.io/origin: global}
spec: {targetRef: {kind: MeshSubset, tags: {version: v1}}}
---
type: Single
name: service
labels: {kuma.io/origin: global}
spec: {targetRef: {kind: MeshService, name: web}}
---
type: Single
name: service-subset
labels: {kuma.io/origin: global}
spec: {targetRef: {kind: MeshServiceSubset, name: web, tags: {version: v1}}}
)");
  CHECK(world.Matched("Single", "web") ==
        std::vector<std::string>{"mesh-system-b", "mesh-system-a", "mesh-zone-z", "mesh-zone-producer", "mesh-zone-consumer", "mesh-zone-owner", "dataplane-all",
                                 "dataplane-section", "subset", "service", "service-subset"});
}

TEST_CASE("a dataplane by name is more specific than by labels, whatever their sections") {
  const auto ref = [](const char* yaml) { return ParseTargetRef(Parsed(yaml)); };
  const Rank rank;
  const TargetRef by_name = ref("{kind: Dataplane, name: web}");
  const TargetRef by_labels = ref("{kind: Dataplane, labels: {app: web}, sectionName: http}");
  CHECK(ComparePolicies(by_name, rank, by_labels, rank) > 0);
  CHECK(ComparePolicies(by_labels, rank, by_name, rank) < 0);
  CHECK(ComparePolicies(ref("{kind: Dataplane, name: web}"), rank, ref("{kind: Dataplane, name: web, sectionName: http}"), rank) < 0);
}

TEST_CASE("kinds of targets have a fixed precedence") {
  const std::vector<std::string> kinds = {"Mesh",        "Dataplane",           "MeshSubset",           "MeshGateway",      "MeshService",
                                          "MeshExternalService", "MeshMultiZoneService", "MeshServiceSubset", "MeshHTTPRoute"};
  for (size_t i = 0; i + 1 < kinds.size(); ++i) {
    const TargetRef lower = ParseTargetRef(Json{{"kind", kinds[i]}});
    const TargetRef higher = ParseTargetRef(Json{{"kind", kinds[i + 1]}});
    INFO(kinds[i]);
    CHECK(ComparePolicies(lower, {}, higher, {}) < 0);
    CHECK(CompareToTargets(lower, higher) < 0);
  }
  CHECK(CompareToTargets(ParseTargetRef(Parsed("{kind: MeshService, name: a}")), ParseTargetRef(Parsed("{kind: MeshService, name: a, sectionName: x}"))) < 0);
}

TEST_CASE("gateway policies with more tags are more specific, before roles and names") {
  const TargetRef few = ParseTargetRef(Parsed("{kind: MeshGateway, name: g}"));
  const TargetRef many = ParseTargetRef(Parsed("{kind: MeshGateway, name: g, tags: {a: b}}"));
  Rank owner;
  owner.role = 4;
  CHECK(ComparePolicies(few, owner, many, Rank{}) < 0);
}

TEST_CASE("inbound matches go from the most to the least specific") {
  const std::vector<Json> ordered = {Parsed("{spiffeID: {type: Exact, value: a}, sni: {type: Exact, value: s}}"), Parsed("{spiffeID: {type: Exact, value: a}}"),
                                     Parsed("{spiffeID: {type: Prefix, value: a}}"), Parsed("{sni: {type: Exact, value: s}}"), Json()};
  for (size_t i = 0; i + 1 < ordered.size(); ++i) {
    INFO(i);
    CHECK(CompareMatches(ordered[i], ordered[i + 1]) < 0);
    CHECK(CompareMatches(ordered[i + 1], ordered[i]) > 0);
    CHECK(CompareMatches(ordered[i], ordered[i]) == 0);
  }
}

}  // namespace kuma::policy::testing
