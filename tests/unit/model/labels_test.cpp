#include "pkg/model/labels.h"

#include <catch2/catch.hpp>

#include "pkg/model/names.h"

namespace kuma {
namespace {

TypeDescriptor Policy() {
  TypeDescriptor type;
  type.name = "MeshTimeout";
  type.is_policy = true;
  type.kds = {true, true, true};
  return type;
}

TypeDescriptor Dataplane() {
  TypeDescriptor type;
  type.name = "Dataplane";
  type.is_proxy = true;
  type.inlined_spec = true;
  type.kds.zone_to_global = true;
  type.proxy_type = [](const Json&) { return "sidecar"; };
  return type;
}

TypeDescriptor Mesh() {
  TypeDescriptor type;
  type.name = "Mesh";
  type.scope = Scope::kGlobal;
  type.inlined_spec = true;
  type.kds.global_to_zone = true;
  return type;
}

}  // namespace

TEST_CASE("labels are computed by type, place and what is given") {
  struct Case {
    std::string name;
    TypeDescriptor type;
    Json spec;
    Labels given;
    LabelOptions options;
    Labels expected;
  };
  const LabelOptions zone{.zone = "east"};
  const LabelOptions global{.is_global = true};
  const LabelOptions k8s{.is_k8s = true, .zone = "east", .ns = "shop"};
  const std::vector<Case> cases = {
      {"policy in a zone", Policy(), {}, {}, zone, {{"kuma.io/env", "universal"}, {"kuma.io/mesh", "demo"}, {"kuma.io/origin", "zone"}, {"kuma.io/zone", "east"}}},
      {"policy on global", Policy(), {}, {{"a", "b"}}, global, {{"a", "b"}, {"kuma.io/mesh", "demo"}}},
      {"synced from global", Policy(), {}, {{"kuma.io/origin", "global"}}, zone, {{"kuma.io/mesh", "demo"}, {"kuma.io/origin", "global"}}},
      {"proxy",
       Dataplane(),
       {{"networking", {{"listeners", {{{"type", "ZoneIngress"}}}}}}},
       {{"kuma.io/proxy-type", "gateway"}, {"kuma.io/listener-zoneegress", "enabled"}},
       zone,
       {{"kuma.io/env", "universal"},
        {"kuma.io/mesh", "demo"},
        {"kuma.io/origin", "zone"},
        {"kuma.io/zone", "east"},
        {"kuma.io/proxy-type", "sidecar"},
        {"kuma.io/listener-zoneingress", "enabled"}}},
      {"a zone does not provide meshes", Mesh(), {}, {}, zone, {}},
      {"producer policy on Kubernetes",
       Policy(),
       {{"to", {{{"targetRef", {{"kind", "MeshService"}, {"name", "web"}}}}}}},
       {},
       k8s,
       {{"kuma.io/env", "kubernetes"},
        {"kuma.io/mesh", "demo"},
        {"kuma.io/origin", "zone"},
        {"kuma.io/zone", "east"},
        {"k8s.kuma.io/namespace", "shop"},
        {"kuma.io/policy-role", "producer"}}},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(ComputeLabels(c.type, c.spec, c.given, "demo", c.options).value() == c.expected);
  }
}

TEST_CASE("policy roles") {
  const Json producer = {{"targetRef", {{"kind", "MeshService"}, {"name", "web"}, {"namespace", "shop"}}}};
  const Json consumer = {{"targetRef", {{"kind", "MeshService"}, {"name", "web"}, {"namespace", "other"}}}};
  CHECK(ComputePolicyRole({{"to", {consumer}}}, "", false).value() == "system");
  CHECK(ComputePolicyRole({{"to", {consumer}}}, "kuma-system", true).value() == "system");
  CHECK(ComputePolicyRole({{"to", {producer, producer}}}, "shop", false).value() == "producer");
  CHECK(ComputePolicyRole({{"to", {consumer}}}, "shop", false).value() == "consumer");
  CHECK(ComputePolicyRole({{"from", {consumer}}}, "shop", false).value() == "workload-owner");
  CHECK(ComputePolicyRole(Json::object(), "shop", false).value() == "workload-owner");
  CHECK_FALSE(ComputePolicyRole({{"to", {producer, consumer}}}, "shop", false).ok());
  CHECK_FALSE(ComputePolicyRole({{"to", {producer}}, {"from", {consumer}}}, "shop", false).ok());
}

TEST_CASE("label rules") {
  ResourceMeta meta;
  meta.key = {"MeshTimeout", "demo", "a"};
  meta.labels = {{"kuma.io/zone", "west"}, {"kuma.io/mesh", "other"}, {"bad key", "x"}, {"k", "bad value"}};
  std::vector<Violation> violations;
  ValidateLabels(meta, Policy(), {.zone = "east"}, violations);
  REQUIRE(violations.size() == 4);
  CHECK(violations[0] == Violation{"labels[\"kuma.io/zone\"]", "kuma.io/zone label should have east value"});
  CHECK(violations[1] == Violation{"labels[\"kuma.io/mesh\"]", "kuma.io/mesh label must not differ from mesh set on resource"});
  CHECK(violations[2].field == "labels[\"bad key\"]");
  CHECK(violations[3].message ==
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
        "character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')");

  violations.clear();
  meta.labels = {{"kuma.io/origin", "zone"}};
  ValidateLabels(meta, Policy(), {.is_global = true}, violations);
  REQUIRE(violations.size() == 1);
  CHECK(violations[0] == Violation{"labels[\"kuma.io/origin\"]", "the origin label must be set to 'global'"});

  violations.clear();
  meta.labels = {};
  ValidateLabels(meta, Policy(), {.is_federated_zone = true, .zone = "east"}, violations);
  CHECK(violations.size() == 1);

  violations.clear();
  ValidateImmutableLabels({{"kuma.io/zone", "a"}, {"kuma.io/display-name", "x"}}, {{"kuma.io/zone", "b"}}, violations);
  REQUIRE(violations.size() == 2);
  CHECK(violations[0].message == "is immutable, cannot be changed from \"a\" to \"b\"");
  CHECK(violations[1].message == "is immutable, cannot be removed (was \"x\")");
}

TEST_CASE("names") {
  for (const char* good : {"a", "a-b", "a.b", "0a"}) CHECK(CheckName(good).empty());
  for (const char* bad : {"", "A", "-a", "a-", "a..b", ".a", "a b", "a_b"}) CHECK_FALSE(CheckName(bad).empty());
  CHECK(CheckName(std::string(253, 'a')).empty());
  CHECK(CheckName(std::string(254, 'a')) == "value length must less or equal 253");
  CHECK(CheckDns1035Label("1a").size() == 1);
  CHECK(CheckDns1035Label("a1").empty());
  CHECK(CheckDns1123Label("a.b") == std::vector<std::string>{"must not contain dots"});
  CHECK(CheckQualifiedName("kuma.io/service").empty());
  CHECK_FALSE(CheckQualifiedName("/x").empty());
  CHECK_FALSE(CheckQualifiedName("a/b/c").empty());
}

}  // namespace kuma
