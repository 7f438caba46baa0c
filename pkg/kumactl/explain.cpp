// kumactl explain and api-resources: what the schemas say, without a control plane; and where the settings of one proxy come from.
#include "pkg/base/strings.h"
#include "pkg/cli/table.h"
#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/explain_proxy.h"
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
  const cli::Invocation& invocation = session.invocation();
  if (invocation.args().size() == 2) {
    KUMA_TRY_ASSIGN(const TypeDescriptor* kind, FindType(session.Types(), invocation.Arg(0)));
    if (kind->name != "Dataplane") return Invalid("only proxies are explained by name (kumactl explain dataplane NAME); for fields of " + kind->name + " use kumactl explain " + kind->kumactl_arg);
    return RunExplainProxy(session, invocation.Arg(1));
  }
  for (const char* flag : {"outbound", "inbound", "policy", "all", "output"}) {
    if (invocation.IsSet(flag)) return Invalid(std::string("flag '--") + flag + "' is for kumactl explain dataplane NAME");
  }
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
  command.summary = "Show what the fields of a resource type mean, or where the settings of a proxy come from";
  command.help =
      "With a type: its fields and what they mean; no control plane is needed.\n\n"
      "With `dataplane NAME`: every setting that policies give the proxy, on each inbound and outbound: its value, the policy that set\n"
      "it, the policies that lost and why, and what is built in where no policy says anything. Then the policies that do not select the\n"
      "proxy and what is nearest to a match: the label that differs, the section that is missing. It also tells whether Envoy rejected\n"
      "its last configuration, and which pieces had to be left out of it.";
  command.example =
      "kumactl explain meshtimeout\nkumactl explain meshtimeout.spec.to.default.http\n\n"
      "# Where do the settings of web-1 come from\nkumactl explain dataplane web-1\n\n"
      "# Only timeouts towards one service\nkumactl explain dataplane web-1 --outbound backend --policy MeshTimeout\n\n"
      "# Who may call its port 8080\nkumactl explain dataplane web-1 --inbound 8080 --policy MeshTrafficPermission -o yaml";
  command.args = "TYPE[.FIELD]... | dataplane NAME";
  command.min_args = 1;
  command.max_args = 2;
  command.flags = ExplainProxyFlags();
  command.flags.push_back(MeshFlag(environment));
  command.complete = [environment](const cli::Invocation& invocation) {
    if (invocation.args().empty()) return TypeWords(*environment->types());
    return invocation.Arg(0) == "dataplane" ? NamesOf(environment, "dataplane")(invocation) : std::vector<std::string>();
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
