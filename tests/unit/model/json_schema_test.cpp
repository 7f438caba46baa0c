// What is made from the schemas of types: JSON Schema, custom resource definitions, reference pages.
#include "pkg/model/json_schema.h"

#include <catch2/catch.hpp>

#include "pkg/model/crd.h"
#include "pkg/model/reference_docs.h"

namespace kuma {
namespace {

TypeDescriptor Sample() {
  Field pattern = Field::String("code", "A code.").MinLength(2).MaxLength(4);
  pattern.pattern = "^[a-z]+$";
  pattern.matches_pattern = [](std::string_view) { return true; };
  Field numbers = Field::Int("status", "A status.");
  numbers.allowed_numbers = {301, 302};
  TypeDescriptor type;
  type.name = "Sample";
  type.path = "some-samples";
  type.short_name = "smp";
  type.singular_display = "Sample";
  type.schema.fields = {
      Field::Enum("mode", {"A", "B"}, "A mode | of two.").Default("A"),
      std::move(pattern),
      std::move(numbers),
      Field::Int("port", "A port.", FieldKind::kUint32).Min(1).Max(65535),
      Field::IntOrString("share", "A share."),
      Field::Any("raw", "Anything."),
      Field::List("items", Field::Object("", {Field::String("name", "Its name.").MaxLength(63)}, ""), "Items.").MinItems(1).MaxItems(3).MapKeys({"name"}),
      Field::Map("tags", Field::String("", ""), "Tags.").Deprecated(),
  };
  type.schema.fields[1].required = true;
  return type;
}

}  // namespace

TEST_CASE("every limit of a field is told") {
  const Json schema = JsonSchemaOf(Sample().schema.fields, SchemaDialect::kOpenApi);
  const Json& properties = schema["properties"];
  CHECK(schema["required"] == Json::array({"code"}));
  CHECK(properties["mode"] == Json{{"type", "string"}, {"enum", {"A", "B"}}, {"default", "A"}, {"description", "A mode | of two."}});
  CHECK(properties["code"] == Json{{"type", "string"}, {"minLength", 2}, {"maxLength", 4}, {"pattern", "^[a-z]+$"}, {"description", "A code."}});
  CHECK(properties["status"]["enum"] == Json::array({301, 302}));
  CHECK(properties["port"] == Json{{"type", "integer"}, {"format", "int32"}, {"minimum", 1}, {"maximum", 65535}, {"description", "A port."}});
  CHECK(properties["items"]["minItems"] == 1);
  CHECK(properties["items"]["maxItems"] == 3);
  CHECK(properties["items"]["items"]["properties"]["name"]["maxLength"] == 63);
  CHECK(properties["tags"]["deprecated"] == true);
}

TEST_CASE("schemas for Kubernetes are structural") {
  const Json properties = JsonSchemaOf(Sample().schema.fields, SchemaDialect::kKubernetes)["properties"];
  CHECK(properties["share"]["x-kubernetes-int-or-string"] == true);
  CHECK_FALSE(properties["share"].contains("type"));
  CHECK(properties["raw"]["x-kubernetes-preserve-unknown-fields"] == true);
  CHECK_FALSE(properties["tags"].contains("deprecated"));
  CHECK(properties["items"]["x-kubernetes-list-type"] == "map");
  CHECK(properties["items"]["x-kubernetes-list-map-keys"] == Json::array({"name"}));
  CHECK_FALSE(JsonSchemaOf(Sample().schema.fields, SchemaDialect::kOpenApi)["properties"]["items"].contains("x-kubernetes-list-type"));
}

TEST_CASE("a custom resource definition names the kind as clusters know it") {
  TypeDescriptor type = Sample();
  type.policy = std::make_shared<PolicyTraits>();
  const Json definition = CustomResourceDefinition(type).value();
  CHECK(definition["metadata"]["name"] == "somesamples.kuma.io");
  const Json& spec = definition["spec"];
  CHECK(spec["scope"] == "Namespaced");
  CHECK(spec["names"] == Json{{"kind", "Sample"}, {"listKind", "SampleList"}, {"plural", "somesamples"}, {"singular", "sample"}, {"shortNames", {"smp"}}, {"categories", {"kuma"}}});
  CHECK(spec["versions"][0]["additionalPrinterColumns"][0]["jsonPath"] == ".spec.targetRef.kind");
  CHECK_FALSE(spec["versions"][0]["schema"]["openAPIV3Schema"]["properties"].contains("mesh"));

  type.inlined_spec = true;
  type.policy = nullptr;
  const Json old = CustomResourceDefinition(type).value();
  CHECK(old["spec"]["scope"] == "Cluster");
  CHECK_FALSE(old["spec"]["names"].contains("shortNames"));
  CHECK(old["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["x-kubernetes-preserve-unknown-fields"] == true);

  type.admin_only = true;
  CHECK_FALSE(CustomResourceDefinition(type).has_value());
}

TEST_CASE("a reference page has a row for every field") {
  const std::string page = ReferencePage(Sample());
  for (const char* row : {"| `spec.mode` | string | A mode \\| of two. Default: `\"A\"`. One of `A`, `B`. |", "| `spec.code` | string | A code. **Required.** At least 2 characters. At most 4 characters. Matches `^[a-z]+$`. |",
                          "| `spec.items[].name` | string | Its name. At most 63 characters. |", "| `spec.tags` | map of string | Tags. **Deprecated.** |"}) {
    INFO(page);
    CHECK(page.find(row) != std::string::npos);
  }
}

}  // namespace kuma
