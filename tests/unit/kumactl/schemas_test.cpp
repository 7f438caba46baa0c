// Custom resource definitions and pages of all types that exist.
#include <catch2/catch.hpp>

#include <set>

#include "pkg/model/crd.h"
#include "pkg/model/reference_docs.h"
#include "pkg/policy/all.h"
#include "pkg/resources/all.h"

namespace kuma::kumactl {
namespace {

// What Kubernetes asks of "structural" schemas: every value has a type, is int-or-string, or may be anything.
void CheckStructural(const Json& schema, const std::string& path) {
  INFO(path << ": " << ToJsonText(schema).substr(0, 300));
  const bool is_open = GetBool(schema, "x-kubernetes-preserve-unknown-fields");
  const bool is_mixed = GetBool(schema, "x-kubernetes-int-or-string");
  const std::string type = GetString(schema, "type");
  CHECK((!type.empty() || is_open || is_mixed));
  CHECK_FALSE((is_mixed && !type.empty()));
  CHECK(schema.contains("items") == (type == "array"));
  CHECK_FALSE((schema.contains("properties") && schema.contains("additionalProperties")));
  if (schema.contains("properties")) {
    CHECK(type == "object");
    for (const auto& [name, member] : schema["properties"].items()) CheckStructural(member, path + "." + name);
    for (const Json& required : kuma::Get(schema, "required")) CHECK(schema["properties"].contains(required.get<std::string>()));
  }
  // Entries of such a list are told apart by members that are always there: required ones or ones with a default.
  for (const Json& key : kuma::Get(schema, "x-kubernetes-list-map-keys")) {
    const Json& entry = schema["items"];
    const Json& required = kuma::Get(entry, "required");
    const bool is_required = std::find(required.begin(), required.end(), key) != required.end();
    CHECK((is_required || entry["properties"][key.get<std::string>()].contains("default")));
  }
  if (schema.contains("items")) CheckStructural(schema["items"], path + "[]");
  if (schema.contains("additionalProperties")) CheckStructural(schema["additionalProperties"], path + "{}");
}

}  // namespace

TEST_CASE("all definitions fit Kubernetes") {
  TypeRegistry types;
  resources::RegisterCoreTypes(types);
  policy::RegisterPolicyTypes(types);
  std::set<std::string> names;
  for (const TypeDescriptor* type : types.All()) {
    INFO(type->name);
    const std::optional<Json> definition = CustomResourceDefinition(*type);
    CHECK(definition.has_value() == (type->stored && !type->admin_only && !type->path.empty()));
    if (!definition.has_value()) continue;
    const Json& version = (*definition)["spec"]["versions"][0];
    CheckStructural(version["schema"]["openAPIV3Schema"], type->name);
    CHECK(names.insert((*definition)["metadata"]["name"].get<std::string>()).second);
    if (type->policy != nullptr) CHECK(version["additionalPrinterColumns"].size() == 2);
    CHECK(ReferencePage(*type).starts_with("# " + type->name + "\n"));
  }
  CHECK(names.contains("meshes.kuma.io"));
  CHECK(names.contains("circuitbreakers.kuma.io"));
  CHECK(names.contains("meshtimeouts.kuma.io"));
}

}  // namespace kuma::kumactl
