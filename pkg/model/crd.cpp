#include "pkg/model/crd.h"

#include <algorithm>
#include <array>

#include "pkg/base/strings.h"
#include "pkg/model/json_schema.h"

namespace kuma {
namespace {

constexpr const char* kGroup = "kuma.io";
constexpr const char* kVersion = "v1alpha1";

template <size_t N>
bool IsOneOf(const std::array<std::string_view, N>& names, const TypeDescriptor& type) {
  return std::find(names.begin(), names.end(), type.name) != names.end();
}

Json Column(std::string name, std::string path, std::string description = {}) {
  Json column = {{"name", std::move(name)}, {"type", "string"}, {"jsonPath", std::move(path)}};
  if (!description.empty()) column["description"] = std::move(description);
  return column;
}

Json Columns(const TypeDescriptor& type) {
  Json columns = Json::array();
  if (type.policy != nullptr) {
    columns.push_back(Column("TargetRef Kind", ".spec.targetRef.kind"));
    columns.push_back(Column("TargetRef Name", ".spec.targetRef.name"));
  } else if (type.is_destination) {
    columns.push_back(Column("Hostname", ".status.addresses[0].hostname"));
  } else if (type.name == "Dataplane") {
    constexpr std::array<std::string_view, 4> kNumbers = {"first", "second", "third", "fourth"};
    for (size_t i = 0; i < kNumbers.size(); ++i) {
      Json column = Column("kuma.io/service", ".spec.networking.inbound[" + std::to_string(i) + R"(].tags['kuma\.io/service'])",
                           "Service tag of the " + std::string(kNumbers[i]) + " inbound");
      if (i >= 2) column["priority"] = 1;  // only with -o wide
      columns.push_back(std::move(column));
    }
  } else if (type.name == "ZoneIngress" || type.name == "ZoneEgress") {
    columns.push_back(Column("zone", ".spec.zone", "Zone name"));
  }
  return columns;
}

// Older kinds carry protobuf JSON, whose forms (snake_case, numbers as texts) are read by the control plane alone.
Json OldSpec(const TypeDescriptor& type) {
  return {{"description", "Specification of the " + type.singular_display + "."}, {"x-kubernetes-preserve-unknown-fields", true}};
}

Json ObjectSchema(const TypeDescriptor& type) {
  Json properties = {{"apiVersion", {{"type", "string"}, {"description", "Version of this form of the object."}}},
                     {"kind", {{"type", "string"}, {"description", "Kind of the object."}}},
                     {"metadata", {{"type", "object"}}}};
  if (type.inlined_spec) {
    properties["mesh"] = {{"type", "string"}, {"description", "Mesh it belongs to; kinds without a mesh leave it empty."}};
    properties[type.name == "DataplaneInsight" ? "status" : "spec"] = OldSpec(type);
  } else {
    properties["spec"] = JsonSchemaOf(type.schema.fields, SchemaDialect::kKubernetes, type.schema.preserve_unknown);
    properties["spec"]["description"] = "Specification of the " + type.singular_display + ".";
    if (type.has_status) {
      properties["status"] = JsonSchemaOf(type.status_schema.fields, SchemaDialect::kKubernetes, type.status_schema.preserve_unknown);
      properties["status"]["description"] = "What the control plane found out; written by it alone.";
    }
  }
  return {{"type", "object"}, {"properties", std::move(properties)}};
}

}  // namespace

std::string KubernetesPlural(const TypeDescriptor& type) { return ReplaceAll(type.path, "-", ""); }

bool IsNamespacedKind(const TypeDescriptor& type) {
  if (!type.inlined_spec) return true;
  constexpr std::array<std::string_view, 6> kNamespaced = {"Dataplane", "DataplaneInsight", "ZoneIngress", "ZoneIngressInsight", "ZoneEgress", "ZoneEgressInsight"};
  return IsOneOf(kNamespaced, type);
}

std::optional<Json> CustomResourceDefinition(const TypeDescriptor& type) {
  if (type.admin_only || !type.stored || type.path.empty()) return std::nullopt;
  const std::string plural = KubernetesPlural(type);
  const std::string singular = ToLower(type.name);
  Json names = {{"kind", type.name}, {"listKind", type.name + "List"}, {"plural", plural}, {"singular", singular}, {"categories", {"kuma"}}};
  // Kinds that go with policies of the older form have none.
  constexpr std::array<std::string_view, 6> kShortNamed = {"Dataplane", "Mesh", "MeshGateway", "Zone", "ZoneIngress", "ZoneEgress"};
  if (!type.short_name.empty() && (!type.inlined_spec || IsOneOf(kShortNamed, type))) names["shortNames"] = {type.short_name};

  Json version = {{"name", kVersion}, {"served", true}, {"storage", true}, {"schema", {{"openAPIV3Schema", ObjectSchema(type)}}}};
  if (Json columns = Columns(type); !columns.empty()) {
    version["additionalPrinterColumns"] = std::move(columns);
    version["subresources"] = Json::object();
  }
  return Json{{"apiVersion", "apiextensions.k8s.io/v1"},
              {"kind", "CustomResourceDefinition"},
              {"metadata", {{"name", plural + "." + kGroup}}},
              {"spec", {{"group", kGroup}, {"names", std::move(names)}, {"scope", IsNamespacedKind(type) ? "Namespaced" : "Cluster"}, {"versions", Json::array({std::move(version)})}}}};
}

}  // namespace kuma
