// Bad input of every kind ends in a value or in violations: every node of an example of every type is dropped and replaced.
#include <catch2/catch.hpp>

#include <set>

#include "pkg/model/document.h"
#include "pkg/model/labels.h"
#include "pkg/model/names.h"
#include "pkg/policy/all.h"
#include "pkg/resources/all.h"

namespace kuma {
namespace {

constexpr const char* kExamples =
#include "tests/unit/policy/examples.inc"
    ;

void Register(TypeRegistry& types) {
  resources::RegisterCoreTypes(types);
  policy::RegisterPolicyTypes(types);
}

std::vector<Json> Examples() {
  std::vector<Json> examples;
  for (Json example : ParseYaml(kExamples).value()) {
    example.emplace("name", "a");
    example.emplace("mesh", "demo");
    examples.push_back(std::move(example));
  }
  return examples;
}

// All that happens to a document until it would be stored. Empty: accepted.
std::vector<Violation> Process(const Json& document, const TypeRegistry& types, Json* normal = nullptr) {
  std::vector<Violation> unknown;
  const Result<Resource> read = FromDocument(document, types, &unknown);
  if (!read.ok()) {
    CHECK(read.error().code == ErrorCode::kInvalid);
    CHECK_FALSE(read.error().message.empty());
    return read.error().violations.empty() ? std::vector<Violation>{{"", read.error().message}} : read.error().violations;
  }
  Resource resource = read.value();
  const TypeDescriptor& type = *types.Find(resource.meta.type());
  std::vector<Violation> violations = Validate(resource, type, {&types, "east", false, "kuma-system"});
  ValidateLabels(resource.meta, type, {.zone = "east"}, violations);
  ValidateMeta(resource.meta, type.scope, violations);
  if (!violations.empty()) return violations;
  if (normal != nullptr) *normal = ToDocument(resource, types);
  Resource mesh;
  mesh.meta.key = {"Mesh", "", "demo"};
  mesh.spec = {{"constraints", {{"dataplaneProxy", {{"restrictions", {{{"tags", {{"never", "there"}}}}}}}}}}};
  WriteContext context;
  context.zone = "east";
  context.mesh = &mesh;
  if (type.prepare) type.prepare(resource, context);
  if (type.proxy_type) (void)type.proxy_type(resource.spec);
  if (type.warnings) (void)type.warnings(resource);
  if (type.admit) type.admit(resource, context, violations);
  return violations;
}

void Visit(const Json& node, const Json::json_pointer& at, std::vector<Json::json_pointer>& all) {
  if (!at.empty()) all.push_back(at);
  if (node.is_object()) {
    for (const auto& [key, value] : node.items()) Visit(value, at / key, all);
  } else if (node.is_array()) {
    for (size_t i = 0; i < node.size(); ++i) Visit(node[i], at / i, all);
  }
}

Json Nested(size_t depth) {
  Json value = 1;
  for (size_t i = 0; i < depth; ++i) value = i % 2 == 0 ? Json::array({std::move(value)}) : Json{{"a", std::move(value)}};
  return value;
}

}  // namespace

TEST_CASE("there are valid examples of every type") {
  TypeRegistry types;
  Register(types);
  std::set<std::string> seen;
  for (const Json& example : Examples()) {
    INFO(example.dump());
    CHECK(Process(example, types) == std::vector<Violation>{});
    seen.insert(GetString(example, "type"));
  }
  for (const TypeDescriptor* type : types.All()) {
    INFO(type->name);
    CHECK(seen.count(type->name) == 1);
  }
}

TEST_CASE("any node of any document may be anything") {
  TypeRegistry types;
  Register(types);
  const std::vector<Json> values = {nullptr,
                                    "",
                                    "x y",
                                    "-1s",
                                    "\xc3\x9c{{(",
                                    0,
                                    -1,
                                    1.5,
                                    70000,
                                    99999999999,
                                    1e300,
                                    UINT64_MAX,
                                    true,
                                    Json::array(),
                                    Json::object(),
                                    Json::array({nullptr}),
                                    Json::array({1}),
                                    {{"a", 1}},
                                    {{"", ""}},
                                    std::string(70000, 'a'),
                                    Nested(60)};
  size_t accepted = 0;
  size_t refused = 0;
  const auto check = [&](const Json& document) {
    Json normal;
    const std::vector<Violation> violations = Process(document, types, &normal);
    if (violations.empty()) {
      ++accepted;
      // What is accepted is accepted as it is shown, and shown the same again.
      Json again;
      const std::vector<Violation> late = Process(normal, types, &again);
      if (!late.empty() || again != normal) {
        INFO(document.dump().substr(0, 2000));
        CHECK(late == std::vector<Violation>{});
        CHECK(again == normal);
      }
    } else {
      ++refused;
    }
    for (const Violation& violation : violations) {
      if (violation.message.empty()) FAIL_CHECK("no message: " << document.dump().substr(0, 2000));
      (void)Json({violation.field, violation.message}).dump();  // throws unless it is UTF-8
    }
  };
  for (const Json& example : Examples()) {
    std::vector<Json::json_pointer> nodes;
    Visit(example, Json::json_pointer(), nodes);
    for (const Json::json_pointer& at : nodes) {
      if (at == Json::json_pointer("/type")) continue;
      Json document = example;
      for (const Json& value : values) {
        document[at] = value;
        check(document);
      }
      document = example;
      Json& parent = document[at.parent_pointer()];
      if (parent.is_object()) {
        parent.erase(at.back());
      } else {
        parent.erase(std::stoul(at.back()));
      }
      check(document);
    }
  }
  INFO(accepted << " accepted, " << refused << " refused");
  CHECK(accepted > 1000);
  CHECK(refused > 10000);
}

}  // namespace kuma
