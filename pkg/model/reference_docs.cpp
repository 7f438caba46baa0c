#include "pkg/model/reference_docs.h"

#include "pkg/base/strings.h"

namespace kuma {
namespace {

const char* KindText(FieldKind kind) {
  switch (kind) {
    case FieldKind::kBool: return "boolean";
    case FieldKind::kInt32:
    case FieldKind::kInt64: return "integer";
    case FieldKind::kUint32:
    case FieldKind::kUint64: return "integer, not negative";
    case FieldKind::kDouble: return "number";
    case FieldKind::kString: return "string";
    case FieldKind::kBytes: return "base64 string";
    case FieldKind::kDuration: return "duration";
    case FieldKind::kIntOrString: return "integer or string";
    case FieldKind::kAny: return "anything";
    case FieldKind::kObject: return "object";
    case FieldKind::kList: return "list";
    case FieldKind::kMap: return "map";
  }
  return "";
}

std::string TypeText(const Field& field) {
  if (field.kind == FieldKind::kList && field.element != nullptr) return "list of " + TypeText(*field.element);
  if (field.kind == FieldKind::kMap && field.element != nullptr) return "map of " + TypeText(*field.element);
  if (!field.proto_duration.empty()) return "duration";
  return KindText(field.kind);
}

std::string Code(const std::string& text) { return "`" + text + "`"; }

// Texts of a table cell may not end it.
std::string Cell(const std::string& text) { return ReplaceAll(ReplaceAll(text, "|", "\\|"), "\n", " "); }

std::string Remarks(const Field& field) {
  std::vector<std::string> parts;
  if (!field.doc.empty()) parts.push_back(field.doc);
  if (field.required) parts.emplace_back("**Required.**");
  if (field.deprecated) parts.emplace_back("**Deprecated.**");
  if (!field.default_value.is_null()) parts.push_back("Default: " + Code(ToJsonText(field.default_value)) + ".");
  std::vector<std::string> allowed;
  for (const std::string& value : field.allowed) allowed.push_back(Code(value));
  for (const int64_t value : field.allowed_numbers) allowed.push_back(Code(std::to_string(value)));
  if (!allowed.empty()) parts.push_back("One of " + Join(allowed, ", ") + ".");
  if (field.minimum.has_value()) parts.push_back("At least " + FormatGoFloat(*field.minimum) + ".");
  if (field.maximum.has_value()) parts.push_back("At most " + FormatGoFloat(*field.maximum) + ".");
  if (field.min_length > 0) parts.push_back("At least " + std::to_string(field.min_length) + " characters.");
  if (field.max_length.has_value()) parts.push_back("At most " + std::to_string(*field.max_length) + " characters.");
  if (field.min_items > 0) parts.push_back("At least " + std::to_string(field.min_items) + " items.");
  if (field.max_items.has_value()) parts.push_back("At most " + std::to_string(*field.max_items) + " items.");
  if (!field.pattern.empty()) parts.push_back("Matches " + Code(field.pattern) + ".");
  return Join(parts, " ");
}

void AddRows(const Fields& fields, const std::string& prefix, std::string& out);

void AddInner(const Field& field, const std::string& path, std::string& out) {
  if (field.kind == FieldKind::kObject && field.fields != nullptr) AddRows(*field.fields, path + ".", out);
  if (field.kind == FieldKind::kList && field.element != nullptr) AddInner(*field.element, path + "[]", out);
  if (field.kind == FieldKind::kMap && field.element != nullptr) AddInner(*field.element, path + "{}", out);
}

void AddRows(const Fields& fields, const std::string& prefix, std::string& out) {
  for (const Field& field : fields) {
    const std::string path = prefix + field.name;
    out += "| " + Code(path) + " | " + TypeText(field) + " | " + Cell(Remarks(field)) + " |\n";
    AddInner(field, path, out);
  }
}

void AddTable(const char* title, const Fields& fields, const std::string& prefix, std::string& out) {
  out += std::string("\n## ") + title + "\n\n";
  if (fields.empty()) {
    out += "No fields.\n";
    return;
  }
  out += "| Field | Type | Meaning |\n|---|---|---|\n";
  AddRows(fields, prefix, out);
}

std::string Kinds(const std::vector<std::string>& kinds) {
  std::vector<std::string> texts;
  for (const std::string& kind : kinds) texts.push_back(Code(kind));
  return Join(texts, ", ");
}

}  // namespace

std::string ReferencePage(const TypeDescriptor& type) {
  const bool is_global = type.scope == Scope::kGlobal;
  std::string out = "# " + type.name + "\n\n| | |\n|---|---|\n";
  out += std::string("| Scope | ") + (is_global ? "global" : "mesh") + " |\n";
  if (!type.path.empty()) out += "| REST | " + Code((is_global ? "/" : "/meshes/{mesh}/") + type.path + "/{name}") + " |\n";
  if (!type.kumactl_arg.empty()) out += "| kumactl | " + Code("kumactl get " + type.kumactl_arg) + " |\n";
  if (!type.short_name.empty()) out += "| Short name | " + Code(type.short_name) + " |\n";
  if (type.read_only) out += "| Written by | the control plane alone |\n";
  if (type.admin_only) out += "| Access | administrators |\n";
  if (type.policy != nullptr) {
    if (!type.policy->top_kinds.empty()) out += "| targetRef | " + Kinds(type.policy->top_kinds) + " |\n";
    if (!type.policy->to_kinds.empty()) out += "| to | " + Kinds(type.policy->to_kinds) + " |\n";
    if (!type.policy->from_kinds.empty()) out += "| from | " + Kinds(type.policy->from_kinds) + " |\n";
  }
  AddTable("Fields", type.schema.fields, type.inlined_spec ? "" : "spec.", out);
  if (type.has_status) AddTable("Status", type.status_schema.fields, "status.", out);
  return out;
}

}  // namespace kuma
