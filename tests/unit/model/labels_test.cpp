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
  CHECK(ComputePolicyRole({{"to", {producer, consumer}}}, "shop", false).error().message ==
        "it's not allowed to mix producer and consumer items in the same policy");
  CHECK(ComputePolicyRole({{"to", {producer}}, {"from", {consumer}}}, "shop", false).error().message ==
        "it's not allowed to mix 'to' and 'from' arrays in the same policy");
}

TEST_CASE("label rules") {
  const std::string name_part =
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  "
      "or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
  const std::string value =
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
      "character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
  const std::string subdomain =
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
      "character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
  const LabelRules zone{.zone = "east"};
  const LabelRules global{.is_global = true};
  const LabelRules federated{.is_federated_zone = true, .zone = "east"};
  struct Case {
    Labels labels;
    LabelRules rules;
    TypeDescriptor type;
    std::vector<Violation> violations;
  };
  const std::vector<Case> cases = {
      {{{"kuma.io/zone", "west"}, {"kuma.io/mesh", "other"}},
       zone,
       Policy(),
       {{"labels[\"kuma.io/zone\"]", "kuma.io/zone label should have east value"},
        {"labels[\"kuma.io/mesh\"]", "kuma.io/mesh label must not differ from mesh set on resource"}}},
      {{{"kuma.io/zone", "west"}, {"kuma.io/origin", "global"}}, zone, Policy(), {}},
      {{{"kuma.io/origin", "mars"}}, zone, Policy(), {{"labels[\"kuma.io/origin\"]", "unknown resource origin \"mars\""}}},
      {{{"kuma.io/origin", "zone"}}, global, Policy(), {{"labels[\"kuma.io/origin\"]", "the origin label must be set to 'global'"}}},
      {{}, federated, Policy(), {{"labels[\"kuma.io/origin\"]", "the origin label must be set to 'zone'"}}},
      {{}, federated, Dataplane(), {}},
      {{}, {.is_federated_zone = true, .check_origin = false, .zone = "east"}, Policy(), {}},
      {{{"", ""}}, zone, Policy(), {{"labels[\"\"]", "name part must be non-empty"}, {"labels[\"\"]", name_part}}},
      {{{"a/", ""}}, zone, Policy(), {{"labels[\"a/\"]", "name part must be non-empty"}, {"labels[\"a/\"]", name_part}}},
      {{{"/a", ""}}, zone, Policy(), {{"labels[\"/a\"]", "prefix part must be non-empty"}}},
      {{{"A_/a", ""}}, zone, Policy(), {{"labels[\"A_/a\"]", "prefix part " + subdomain}}},
      {{{"a b", ""}}, zone, Policy(), {{"labels[\"a b\"]", name_part}}},
      {{{"a/b/c", ""}},
       zone,
       Policy(),
       {{"labels[\"a/b/c\"]", "a valid label key" + name_part.substr(9) + " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"}}},
      {{{std::string(64, 'a'), ""}}, zone, Policy(), {{"labels[\"" + std::string(64, 'a') + "\"]", "name part must be no more than 63 bytes"}}},
      {{{std::string(254, 'a') + "/b", ""}}, zone, Policy(), {{"labels[\"" + std::string(254, 'a') + "/b\"]", "prefix part must be no more than 253 bytes"}}},
      {{{"a", "b c"}}, zone, Policy(), {{"labels[\"a\"]", value}}},
      {{{"a", std::string(64, 'b')}}, zone, Policy(), {{"labels[\"a\"]", "must be no more than 63 bytes"}}},
  };
  for (const Case& c : cases) {
    ResourceMeta meta;
    meta.key = {"MeshTimeout", "demo", "a"};
    meta.labels = c.labels;
    std::vector<Violation> violations;
    ValidateLabels(meta, c.type, c.rules, violations);
    INFO((c.labels.empty() ? std::string("none") : c.labels.begin()->first));
    REQUIRE(violations.size() == c.violations.size());
    for (size_t i = 0; i < violations.size(); ++i) {
      CHECK(violations[i].field == c.violations[i].field);
      CHECK(violations[i].message == c.violations[i].message);
    }
  }

  std::vector<Violation> violations;
  ValidateImmutableLabels({{"kuma.io/zone", "a"}, {"kuma.io/origin", "zone"}, {"kuma.io/display-name", "x"}, {"other", "y"}},
                          {{"kuma.io/zone", "b"}, {"kuma.io/origin", "zone"}}, violations);
  CHECK(violations == std::vector<Violation>{{"labels[\"kuma.io/zone\"]", "is immutable, cannot be changed from \"a\" to \"b\""},
                                             {"labels[\"kuma.io/display-name\"]", "is immutable, cannot be removed (was \"x\")"}});
}

TEST_CASE("names") {
  const std::string identifier =
      "invalid characters. A lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
      "with an alphanumeric character";
  for (const char* good : {"a", "a-b", "a.b", "0a"}) CHECK(CheckName(good).empty());
  for (const char* bad : {"A", "-a", "a-", "a..b", ".a", "a b", "a_b"}) CHECK(CheckName(bad) == identifier);
  CHECK(CheckName("") == "cannot be empty");
  CHECK(CheckName(std::string(253, 'a')).empty());
  CHECK(CheckName(std::string(254, 'a')) == "value length must less or equal 253");

  const std::string label_1035 =
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric "
      "character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
  const std::string label_1123 =
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character "
      "(e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
  using Texts = std::vector<std::string>;
  CHECK(CheckDns1035Label("a1").empty());
  CHECK(CheckDns1035Label("1a") == Texts{label_1035});
  CHECK(CheckDns1035Label(std::string(64, 'a')) == Texts{"must be no more than 63 characters"});
  CHECK(CheckDns1123Label("a.b") == Texts{"must not contain dots"});
  CHECK(CheckDns1123Label("A") == Texts{label_1123});
  CHECK(CheckDns1123Label(std::string(64, 'a')) == Texts{"must be no more than 63 characters"});
  CHECK(CheckDns1123Subdomain(std::string(254, 'a')) == Texts{"must be no more than 253 characters"});
  CHECK(CheckQualifiedName("kuma.io/service").empty());
}

TEST_CASE("names and meshes of resources") {
  const std::string mesh_text = "invalid characters. Valid characters are numbers, lowercase latin letters and '-', '_', '.' symbols.";
  struct Case {
    std::string mesh;
    std::string name;
    Scope scope;
    std::vector<Violation> violations;
  };
  const std::vector<Case> cases = {
      {"a_b.c", "a", Scope::kMesh, {}},
      {"", "", Scope::kMesh, {{"name", "cannot be empty"}, {"mesh", "cannot be empty"}}},
      {"", "a", Scope::kGlobal, {}},
      {"A", "a", Scope::kMesh, {{"mesh", mesh_text}}},
      {std::string(254, 'm'), std::string(254, 'n'), Scope::kMesh, {{"name", "value length must less or equal 253"}, {"mesh", "value length must less or equal 253"}}},
  };
  for (const Case& c : cases) {
    INFO(c.mesh << "/" << c.name);
    ResourceMeta meta;
    meta.key = {"MeshTimeout", c.mesh, c.name};
    std::vector<Violation> violations;
    ValidateMeta(meta, c.scope, violations);
    CHECK(violations == c.violations);
  }
}

}  // namespace kuma
