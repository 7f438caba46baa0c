#include "pkg/model/document.h"

#include <algorithm>

namespace kuma {
namespace {

constexpr std::string_view kMetaFields[] = {"type", "mesh", "name", "creationTime", "modificationTime", "labels", "kri", "snis"};

bool IsMetaField(std::string_view key) {
  return std::find(std::begin(kMetaFields), std::end(kMetaFields), key) != std::end(kMetaFields);
}

Error InvalidObject(const TypeDescriptor& type, std::string_view text) { return Invalid("invalid " + type.name + " object: " + QuoteGo(text)); }

std::string_view GoTypeOf(const Json& value) { return value.is_number() ? "number" : value.is_boolean() ? "bool" : value.type_name(); }

Status ReadTime(const Json& document, const char* key, const TypeDescriptor& type, SystemTime& out) {
  const Json& text = Get(document, key);
  if (text.is_null()) return Ok();
  if (!text.is_string()) return InvalidObject(type, "Time.UnmarshalJSON: input is not a JSON string");
  const Result<SystemTime> parsed = ParseRfc3339(text.get<std::string>());
  if (!parsed.ok()) return InvalidObject(type, parsed.error().message);
  out = parsed.value();
  return Ok();
}

Status ReadText(const Json& document, const char* key, const TypeDescriptor& type, std::string& out) {
  const Json& text = Get(document, key);
  if (text.is_null()) return Ok();
  if (!text.is_string()) {
    return InvalidObject(type, "json: cannot unmarshal " + std::string(GoTypeOf(text)) + " into Go struct field ResourceMeta." + key + " of type string");
  }
  out = text.get<std::string>();
  return Ok();
}

Status ReadMeta(const Json& document, const TypeDescriptor& type, ResourceMeta& meta) {
  KUMA_TRY(ReadText(document, "type", type, meta.key.type));
  KUMA_TRY(ReadText(document, "mesh", type, meta.key.mesh));
  KUMA_TRY(ReadText(document, "name", type, meta.key.name));
  KUMA_TRY(ReadTime(document, "creationTime", type, meta.creation_time));
  KUMA_TRY(ReadTime(document, "modificationTime", type, meta.modification_time));
  const Json& labels = Get(document, "labels");
  if (labels.is_null()) return Ok();
  if (!labels.is_object()) return InvalidObject(type, "json: cannot unmarshal " + std::string(GoTypeOf(labels)) + " into Go struct field ResourceMeta.labels of type map[string]string");
  for (const auto& [key, value] : labels.items()) {
    if (value.is_null()) {
      meta.labels[key] = "";
    } else if (value.is_string()) {
      meta.labels[key] = value.get<std::string>();
    } else {
      return InvalidObject(type, "json: cannot unmarshal " + std::string(GoTypeOf(value)) + " into Go struct field ResourceMeta.labels of type string");
    }
  }
  return Ok();
}

// Answers name a field only below "spec."; the place of other violations is part of their text.
Violation Placed(Violation violation) {
  std::string text = violation.field.empty() ? violation.message : violation.field + " " + violation.message;
  const size_t space = text.find(' ');
  if (!text.starts_with("spec.") || space == std::string::npos) return {"", std::move(text)};
  return {text.substr(0, space), text.substr(space + 1)};
}

std::string_view SchemaTypeOf(const Json& value) { return value.is_number() ? "number" : value.is_boolean() ? "boolean" : value.type_name(); }

// What the schema says about the members that every resource has.
void CheckRoot(const Json& document, const TypeDescriptor& type, std::vector<Violation>& violations) {
  const auto wrong = [&](const std::string& place, const char* wanted, const Json& value) {
    violations.push_back({place, std::string("in body must be of type ") + wanted + ": \"" + std::string(SchemaTypeOf(value)) + "\""});
  };
  for (const char* key : {"type", "name", "spec"}) {
    if (!document.contains(key)) violations.push_back({std::string(".") + key, "in body is required"});
  }
  for (const char* key : {"type", "mesh", "name", "kri"}) {
    const auto found = document.find(key);
    if (found == document.end() || found->is_string()) continue;
    if (found->is_null() && std::string_view(key) == "mesh") continue;  // the default takes its place
    wrong(key, "string", *found);
  }
  if (const auto found = document.find("type"); found != document.end() && *found != type.name) {
    violations.push_back({"type", "in body should be one of [" + type.name + "]"});
  }
  for (const char* key : {"creationTime", "modificationTime"}) {
    const auto found = document.find(key);
    if (found == document.end() || (found->is_string() && ParseRfc3339(found->get<std::string>()).ok())) continue;
    const std::string got = found->is_string() ? found->get<std::string>() : found->is_number() ? "float64" : "";
    if (found->is_null()) {
      wrong(key, "string", *found);
    } else {
      violations.push_back({key, "in body must be of type date-time: \"" + got + "\""});
    }
  }
  const auto labels = document.find("labels");
  if (labels == document.end()) return;
  if (!labels->is_object()) {
    wrong("labels", "object", *labels);
    return;
  }
  for (const auto& [key, value] : labels->items()) {
    if (!value.is_string()) wrong("labels." + key, "string", value);
  }
}

Status TakeDecoded(DecodeResult decoded, const TypeDescriptor& type, std::vector<Violation>* unknown, Json& out) {
  // Told beside violations: what is misspelt is often what is missing.
  if (unknown != nullptr) unknown->insert(unknown->end(), decoded.unknown.begin(), decoded.unknown.end());
  if (!decoded.violations.empty()) return ViolationsError(std::move(decoded.violations));
  if (!decoded.fatal.empty()) return InvalidObject(type, decoded.fatal);
  out = std::move(decoded.value);
  return Ok();
}

// Sections of a destination, in order of their ports.
Json SnisOf(const Resource& resource, const TypeRegistry& types) {
  std::vector<std::pair<int64_t, std::string>> sections;
  const auto add = [&](const Json& port) {
    const int64_t number = GetInt(port, "port");
    std::string name = GetString(port, "name");
    sections.emplace_back(number, name.empty() ? std::to_string(number) : std::move(name));
  };
  for (const Json& port : Get(resource.spec, "ports")) add(port);
  if (const Json& match = Get(resource.spec, "match"); match.is_object()) add(match);
  std::stable_sort(sections.begin(), sections.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Json list = Json::array();
  const Kri kri = KriOf(resource.meta);
  for (auto& [port, section] : sections) list.push_back({{"port", port}, {"sni", SniOf(kri.WithSection(std::move(section)), types)}});
  return list;
}

}  // namespace

Error ViolationsError(std::vector<Violation> violations) {
  Error error = Invalid("");
  for (const Violation& violation : violations) {
    if (!error.message.empty()) error.message += "; ";
    error.message += violation.field + ": " + violation.message;
  }
  error.violations = std::move(violations);
  return error;
}

Result<Resource> FromDocument(const Json& document, const TypeRegistry& types, std::vector<Violation>* unknown) {
  if (!document.is_object()) return Invalid("a resource must be an object");
  const Json& name = Get(document, "type");
  if (!name.is_string() || name.get_ref<const std::string&>().empty()) return Invalid("the resource has no type");
  const TypeDescriptor* type = types.Find(name.get<std::string>());
  if (type == nullptr) return Invalid("invalid type " + QuoteGo(name.get<std::string>()));
  return FromDocument(document, *type, unknown);
}

Result<Resource> FromDocument(const Json& document, const TypeDescriptor& type, std::vector<Violation>* unknown) {
  if (!document.is_object()) return InvalidObject(type, "json: cannot unmarshal " + std::string(GoTypeOf(document)) + " into Go value of type " +
                                                                  (type.inlined_spec ? "v1alpha1.ResourceMeta" : "map[string]interface {}"));
  Resource resource;
  if (type.inlined_spec) {
    KUMA_TRY(ReadMeta(document, type, resource.meta));
    Json spec = document;
    for (const std::string_view key : kMetaFields) spec.erase(std::string(key));
    KUMA_TRY(TakeDecoded(Decode(type.schema, spec, ""), type, unknown, resource.spec));
  } else {
    std::vector<Violation> violations;
    CheckRoot(document, type, violations);
    Json spec = Get(document, "spec");
    ApplyDefaults(type.schema, spec);
    DecodeResult decoded;
    if (!spec.is_null()) {
      decoded = Decode(type.schema, spec, "spec");
      violations.insert(violations.end(), decoded.violations.begin(), decoded.violations.end());
    } else if (document.contains("spec")) {
      violations.push_back({"spec", R"(in body must be of type object: "null")"});
    }
    DecodeResult status;
    if (type.has_status && document.contains("status") && document["status"].is_null()) {
      violations.push_back({"status", R"(in body must be of type object: "null")"});
    } else if (type.has_status && document.contains("status")) {
      status = Decode(type.status_schema, document["status"], "status");
      violations.insert(violations.end(), status.violations.begin(), status.violations.end());
    }
    for (Violation& violation : violations) violation = Placed(std::move(violation));
    decoded.violations = std::move(violations);
    status.violations.clear();
    KUMA_TRY(TakeDecoded(std::move(decoded), type, unknown, resource.spec));
    KUMA_TRY(TakeDecoded(std::move(status), type, nullptr, resource.status));
    if (unknown != nullptr) {
      for (const auto& [key, value] : document.items()) {
        if (!IsMetaField(key) && key != "spec" && key != "status") unknown->push_back({key, "unknown field"});
      }
    }
    KUMA_TRY(ReadMeta(document, type, resource.meta));
    if (Get(document, "mesh").is_null()) resource.meta.key.mesh = "default";
  }
  if (type.scope == Scope::kGlobal) resource.meta.key.mesh.clear();
  if (type.normalize) type.normalize(resource.spec);
  return resource;
}

std::string SniOf(const Kri& kri, const TypeRegistry& types) {
  const TypeDescriptor* type = types.Find(kri.type);
  if (type == nullptr || !type->is_destination) return {};
  std::string sni = "sni." + type->short_name + "." + kri.mesh;
  // A namespace without a zone says nothing: what the global control plane made is unique by name.
  if (!kri.zone.empty()) {
    sni += "." + kri.zone;
    if (!kri.ns.empty()) sni += "." + kri.ns;
  }
  return sni + "." + kri.name + "." + kri.section;
}

Json MetaDocument(const ResourceMeta& meta, const TypeRegistry& types) {
  Json document = {{"type", meta.type()},
                   {"name", meta.name()},
                   {"creationTime", FormatRfc3339(meta.creation_time)},
                   {"modificationTime", FormatRfc3339(meta.modification_time)}};
  if (!meta.mesh().empty()) document["mesh"] = meta.mesh();
  if (!meta.labels.empty()) document["labels"] = meta.labels;
  if (std::string kri = ToString(KriOf(meta), types); !kri.empty()) document["kri"] = std::move(kri);
  return document;
}

Json ToDocument(const Resource& resource, const TypeRegistry& types) {
  Json document = MetaDocument(resource.meta, types);
  const TypeDescriptor* type = types.Find(resource.meta.type());
  if (type != nullptr && type->inlined_spec) {
    if (resource.spec.is_object()) {
      for (const auto& [key, value] : resource.spec.items()) {
        if (!IsMetaField(key)) document[key] = value;
      }
    }
    return document;
  }
  document["spec"] = resource.spec.is_null() ? Json::object() : resource.spec;
  if (type != nullptr && type->has_status) document["status"] = resource.status.is_null() ? Json::object() : resource.status;
  if (type != nullptr && type->is_destination) {
    if (Json snis = SnisOf(resource, types); !snis.empty()) document["snis"] = std::move(snis);
  }
  return document;
}

std::vector<Violation> Validate(const Resource& resource, const TypeDescriptor& type, const ValidationContext& context) {
  std::vector<Violation> violations;
  if (type.validate) type.validate(resource, context, violations);
  return violations;
}

}  // namespace kuma
