// kumactl explain and api-resources: what the schemas say, without a control plane.
#include "pkg/base/strings.h"
#include "pkg/cli/table.h"
#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/session.h"
#include "pkg/kumactl/type_names.h"

namespace kuma::kumactl {
namespace {

std::string KindText(const Field& field) {
  switch (field.kind) {
    case FieldKind::kBool:
      return "boolean";
    case FieldKind::kInt32:
    case FieldKind::kInt64:
    case FieldKind::kUint32:
    case FieldKind::kUint64:
      return "integer";
    case FieldKind::kDouble:
      return "number";
    case FieldKind::kString:
      return "string";
    case FieldKind::kBytes:
      return "base64";
    case FieldKind::kDuration:
      return "duration";
    case FieldKind::kIntOrString:
      return "integer or string";
    case FieldKind::kAny:
      return "any";
    case FieldKind::kObject:
      return "object";
    case FieldKind::kList:
      return field.element ? "list of " + KindText(*field.element) : "list";
    case FieldKind::kMap:
      return field.element ? "map to " + KindText(*field.element) : "map";
  }
  return "any";
}

// The fields below a field: of an object, of the elements of a list or map.
const Fields* Below(const Field& field) {
  if (field.fields) return field.fields.get();
  return field.element ? Below(*field.element) : nullptr;
}

std::string Traits(const Field& field) {
  std::string text;
  if (field.required) text += " (required)";
  if (field.deprecated) text += " (deprecated)";
  if (!field.default_value.is_null())
    text +=
        " (default " + (field.default_value.is_string() ? field.default_value.get<std::string>() : ToJsonText(field.default_value)) + ")";
  if (!field.allowed.empty()) text += " (one of " + Join(field.allowed, ", ") + ")";
  return text;
}

void PrintFields(std::ostream& out, const Fields& fields) {
  out << "\nFIELDS:\n";
  for (const Field& field : fields) {
    out << "  " << field.name << "  <" << KindText(field) << ">" << Traits(field) << "\n";
    if (!field.doc.empty()) out << "    " << field.doc << "\n";
  }
}

Result<const Field*> Step(const Fields* fields, const std::string& name, const std::string& path) {
  std::vector<std::string> names;
  if (fields != nullptr) {
    for (const Field& field : *fields) {
      if (field.name == name) return &field;
      names.push_back(field.name);
    }
  }
  if (names.empty()) return NotFound(path + " has no fields of its own");
  const std::string near = NearestName(name, names);
  return NotFound("there is no field \"" + name + "\" in " + path +
                  (near.empty() ? "; it has " + Join(names, ", ") : ". Did you mean \"" + near + "\"?"));
}

Result<int> RunExplain(Session& session) {
  std::vector<std::string> parts = Split(session.invocation().Arg(0), '.');
  if (parts.empty()) return Invalid("TYPE is empty");
  KUMA_TRY_ASSIGN(const TypeDescriptor* type, FindType(session.Types(), parts[0]));
  std::ostream& out = session.out();
  // Documents of some types have their fields at the top, others below spec and status.
  Fields top;
  if (type->inlined_spec) {
    top = type->schema.fields;
  } else {
    top.push_back(Field::Object("spec", type->schema.fields, "What is wanted."));
    if (type->has_status)
      top.push_back(Field::Object("status", type->status_schema.fields, "What the control plane found; it writes this."));
  }
  const Fields* fields = &top;
  const Field* field = nullptr;
  std::string path = type->name;
  for (size_t i = 1; i < parts.size(); ++i) {
    KUMA_TRY_ASSIGN(field, Step(fields, parts[i], path));
    fields = Below(*field);
    path += "." + parts[i];
  }
  out << "TYPE:   " << type->name << " (" << (type->scope == Scope::kMesh ? "belongs to a mesh" : "global") << ", short name "
      << type->short_name << ")\n";
  if (field != nullptr) {
    out << "FIELD:  " << path << " <" << KindText(*field) << ">" << Traits(*field) << "\n";
    if (!field->doc.empty()) out << "\n" << field->doc << "\n";
  }
  if (fields != nullptr && !fields->empty()) PrintFields(out, *fields);
  return 0;
}

Result<int> RunApiResources(Session& session) {
  cli::Table table({"NAME", "SHORTNAME", "TYPE", "SCOPE", "POLICY", "READONLY"});
  for (const TypeDescriptor* type : session.Types().All()) {
    if (type->path.empty()) continue;
    table.AddRow({PluralOf(*type), type->short_name, type->name, type->scope == Scope::kMesh ? "Mesh" : "Global",
                  type->is_policy ? "true" : "false", type->read_only ? "true" : "false"});
  }
  table.Print(session.out());
  return 0;
}

}  // namespace

cli::Command MakeExplainCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "explain";
  command.summary = "Show the fields of a resource type and what they mean";
  command.example = "kumactl explain meshtimeout\nkumactl explain meshtimeout.spec.to.default.http";
  command.args = "TYPE[.FIELD]...";
  command.min_args = command.max_args = 1;
  command.complete = [environment](const cli::Invocation& invocation) {
    return invocation.args().empty() ? TypeWords(*environment->types()) : std::vector<std::string>();
  };
  command.run = Runs(environment, RunExplain);
  return command;
}

cli::Command MakeApiResourcesCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "api-resources";
  command.summary = "List the resource types";
  command.example = "kumactl api-resources";
  command.run = Runs(environment, RunApiResources);
  return command;
}

}  // namespace kuma::kumactl
