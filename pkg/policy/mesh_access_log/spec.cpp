#include "pkg/policy/mesh_access_log/spec.h"

#include <algorithm>

#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"
#include "pkg/resources/common_fields.h"

namespace kuma::policy {
namespace {

Field Format() {
  Fields item = {
      Field::String("key", "Name of the member.").Required(),
      Field::String("value", "Its value; may hold placeholders.").Required(),
  };
  Fields members = {
      Field::Enum("type", {"Plain", "Json"}, "Shape of a log line.").Required(),
      Field::String("plain", "The line; may hold placeholders, such as %START_TIME% and %KUMA_MESH%."),
      Field::List("json", Field::Object("", std::move(item), ""), "Members of the JSON object that a line is."),
      Field::Bool("omitEmptyValues", "Leaves out members, or writes nothing, where a placeholder has no value.").Default(false),
  };
  return Field::Object("format", std::move(members), "How lines look; a format of Kuma's own when absent.");
}

Fields ConfFields() {
  Fields tcp = {Format(), Field::String("address", "Address of the log server, host:port.").Required().MinLength(1)};
  Fields file = {Format(), Field::String("path", "Path of the file on the proxy's machine.").Required().MinLength(1)};
  Fields attribute = {
      WithPattern(Field::String("key", "Name of the attribute."), "^[a-z]([a-z0-9]|[._][a-z0-9])*$").Required(),
      Field::String("value", "Its value; may hold placeholders.").Required(),
  };
  Fields otel = {
      Field::List("attributes", Field::Object("", std::move(attribute), ""), "Attributes of each log record."),
      Field::Any("body", "Body of each log record, an OpenTelemetry AnyValue; may hold placeholders."),
      OtelEndpoint(),
      OtelBackendRef(),
  };
  Fields backend = {
      Field::Enum("type", {"Tcp", "File", "OpenTelemetry"}, "Kind of the backend; the member of the same name configures it.").Required(),
      Field::Object("tcp", std::move(tcp), "Sends lines to a server."),
      Field::Object("file", std::move(file), "Writes lines to a file."),
      Field::Object("openTelemetry", std::move(otel), "Sends records to an OpenTelemetry collector."),
  };
  return {Field::List("backends", Field::Object("", std::move(backend), ""), "Where logs go; an empty list turns logs off.")};
}

std::vector<std::string> Warnings(const Resource& policy) {
  std::vector<std::string> remarks = FromAndTopWarnings(policy.spec);
  for (const std::string_view list : {"to", "from", "rules"}) {
    const Json& entries = ListOf(policy.spec, list);
    if (std::none_of(entries.begin(), entries.end(), [](const Json& entry) { return HasInlineOtelEndpoint(Get(entry, "default")); }))
      continue;
    // After the remark on `from`, before those on the target.
    const bool has_from = !ListOf(policy.spec, "from").empty();
    remarks.insert(remarks.begin() + (has_from ? 1 : 0), std::string(kInlineOtelEndpointRemark));
    break;
  }
  return remarks;
}

}  // namespace

TypeDescriptor MakeMeshAccessLogType() {
  PolicyTraits traits;
  traits.order = 600;
  traits.has_to = true;
  traits.has_from = true;
  traits.has_rules = true;
  traits.from_as_rules = true;
  traits.top_kinds = ProxyAndGatewayKinds();
  traits.to_kinds = {"Mesh", "MeshService", "MeshExternalService", "MeshMultiZoneService", "MeshHTTPRoute"};
  traits.from_kinds = {"Mesh"};
  TypeDescriptor type =
      MakePolicyType({"MeshAccessLog", "meshaccesslogs", "meshaccesslog", "mal", "Mesh Access Log", "Mesh Access Logs"}, std::move(traits),
                     {TopTargetRef(), ToList(ConfFields(), true), FromList(ConfFields(), true), RuleList(ConfFields(), true, true)});
  type.has_status = true;
  type.status_schema.fields = {resources::Conditions("conditions")};
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) { ValidateMeshAccessLog(policy, out); };
  type.warnings = Warnings;
  return type;
}

}  // namespace kuma::policy
