#include "pkg/model/json_schema.h"

#include <cmath>

namespace kuma {
namespace {

constexpr std::string_view kPreserveUnknown = "x-kubernetes-preserve-unknown-fields";

Json Bound(double value) { return value == std::floor(value) && std::abs(value) < 1e15 ? Json(static_cast<int64_t>(value)) : Json(value); }

Json Typed(const char* type) { return {{"type", type}}; }

Json Integer(const char* format, bool is_unsigned) {
  Json schema = {{"type", "integer"}, {"format", format}};
  if (is_unsigned) schema["minimum"] = 0;
  return schema;
}

Json Anything(SchemaDialect dialect) {
  if (dialect == SchemaDialect::kKubernetes) return {{kPreserveUnknown, true}};
  return Json::object();
}

Json Shape(const Field& field, SchemaDialect dialect) {
  switch (field.kind) {
    case FieldKind::kBool: return Typed("boolean");
    case FieldKind::kInt32: return Integer("int32", false);
    case FieldKind::kInt64: return Integer("int64", false);
    case FieldKind::kUint32: return Integer("int32", true);
    case FieldKind::kUint64: return Integer("int64", true);
    case FieldKind::kDouble: return Typed("number");
    case FieldKind::kString: return Typed("string");
    case FieldKind::kBytes: return {{"type", "string"}, {"format", "byte"}};
    case FieldKind::kDuration: return Typed("string");
    case FieldKind::kIntOrString: {
      Json schema = {{"anyOf", Json::array({Typed("integer"), Typed("string")})}};
      if (dialect == SchemaDialect::kKubernetes) schema["x-kubernetes-int-or-string"] = true;
      return schema;
    }
    case FieldKind::kAny: return Anything(dialect);
    case FieldKind::kObject: return JsonSchemaOf(field.fields == nullptr ? Fields{} : *field.fields, dialect, field.preserve_unknown);
    case FieldKind::kList: return {{"type", "array"}, {"items", field.element == nullptr ? Anything(dialect) : JsonSchemaOf(*field.element, dialect)}};
    case FieldKind::kMap: {
      return {{"type", "object"}, {"additionalProperties", field.element == nullptr ? Anything(dialect) : JsonSchemaOf(*field.element, dialect)}};
    }
  }
  return Anything(dialect);
}

void AddLimits(const Field& field, SchemaDialect dialect, Json& schema) {
  if (field.minimum.has_value()) schema["minimum"] = Bound(*field.minimum);
  if (field.maximum.has_value()) schema["maximum"] = Bound(*field.maximum);
  if (field.min_length > 0) schema["minLength"] = field.min_length;
  if (field.max_length.has_value()) schema["maxLength"] = *field.max_length;
  if (!field.pattern.empty()) schema["pattern"] = field.pattern;
  if (field.min_items > 0) schema["minItems"] = field.min_items;
  if (field.max_items.has_value()) schema["maxItems"] = *field.max_items;
  if (!field.map_keys.empty() && dialect == SchemaDialect::kKubernetes) {
    schema["x-kubernetes-list-type"] = "map";
    schema["x-kubernetes-list-map-keys"] = field.map_keys;
  }
  if (!field.allowed.empty()) schema["enum"] = field.allowed;
  if (!field.allowed_numbers.empty()) schema["enum"] = field.allowed_numbers;
}

Json MetaProperties(const TypeDescriptor& type) {
  const auto text = [](const char* doc) { return Json{{"type", "string"}, {"description", doc}}; };
  const auto time = [](const char* doc) { return Json{{"type", "string"}, {"format", "date-time"}, {"readOnly", true}, {"description", doc}}; };
  Json properties = {{"type", {{"type", "string"}, {"enum", {type.name}}, {"description", "Type of the resource."}}},
                     {"name", {{"type", "string"}, {"description", "Name of the resource."}, {"example", "my-name"}}},
                     {"labels", {{"type", "object"}, {"additionalProperties", Typed("string")}, {"description", "Labels, the control plane's own among them."}}},
                     {"creationTime", time("When it was created.")},
                     {"modificationTime", time("When it was last changed.")},
                     {"kri", {{"type", "string"}, {"readOnly", true}, {"description", "Identifier that is the same in all zones."}}}};
  if (type.scope == Scope::kMesh) properties["mesh"] = text("Mesh it belongs to.");
  return properties;
}

}  // namespace

Json JsonSchemaOf(const Field& field, SchemaDialect dialect) {
  Json schema = Shape(field, dialect);
  AddLimits(field, dialect, schema);
  if (!field.doc.empty()) schema["description"] = field.doc;
  if (!field.default_value.is_null()) schema["default"] = field.default_value;
  if (field.deprecated && dialect == SchemaDialect::kOpenApi) schema["deprecated"] = true;
  return schema;
}

Json JsonSchemaOf(const Fields& fields, SchemaDialect dialect, bool preserve_unknown) {
  Json schema = Typed("object");
  Json properties = Json::object();
  Json required = Json::array();
  for (const Field& field : fields) {
    properties[field.name] = JsonSchemaOf(field, dialect);
    if (field.required) required.push_back(field.name);
  }
  if (!properties.empty()) schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  if (preserve_unknown && dialect == SchemaDialect::kKubernetes) schema[std::string(kPreserveUnknown)] = true;
  return schema;
}

Json DocumentSchemaOf(const TypeDescriptor& type) {
  Json properties = MetaProperties(type);
  Json required = {"type", "name"};
  if (type.inlined_spec) {
    Json spec = JsonSchemaOf(type.schema.fields, SchemaDialect::kOpenApi, type.schema.preserve_unknown);
    for (const auto& [name, schema] : Get(spec, "properties").items()) properties.emplace(name, schema);
  } else {
    required.push_back("spec");
    properties["spec"] = JsonSchemaOf(type.schema.fields, SchemaDialect::kOpenApi, type.schema.preserve_unknown);
    if (type.has_status) {
      properties["status"] = JsonSchemaOf(type.status_schema.fields, SchemaDialect::kOpenApi, type.status_schema.preserve_unknown);
      properties["status"]["readOnly"] = true;
    }
  }
  return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

}  // namespace kuma
