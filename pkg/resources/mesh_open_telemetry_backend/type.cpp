#include "pkg/resources/mesh_open_telemetry_backend/type.h"

#include "pkg/resources/common_fields.h"
#include "pkg/resources/validate.h"

namespace kuma::resources {
namespace {

void ValidateBackend(const Resource& backend, const ValidationContext&, std::vector<Violation>& violations) {
  Checker checker(violations);
  const Json& endpoint = Get(backend.spec, "endpoint");
  if (endpoint.is_null()) return;
  const Path path = Path("spec").Field("endpoint");
  if (const Json& address = Get(endpoint, "address"); address.is_string()) {
    const std::string text = address.get<std::string>();
    if (text.empty()) {
      checker.Add(path.Field("address"), std::string(kMustNotBeEmpty));
    } else if (!IsIp(text) && !IsDnsName(text)) {
      checker.Add(path.Field("address"), "address has to be a valid IP or hostname");
    }
  }
  if (endpoint.contains("port")) CheckPort(checker, path.Field("port"), GetInt(endpoint, "port"));
  if (const std::string text = GetString(endpoint, "path"); !text.empty()) {
    if (GetString(backend.spec, "protocol", "grpc") != "http") {
      checker.Add(path.Field("path"), "must not be set when protocol is grpc");
    } else {
      if (text.front() != '/') checker.Add(path.Field("path"), "must start with /");
      if (text.find_first_of("?#") != std::string::npos) checker.Add(path.Field("path"), "must not contain query or fragment");
    }
  }
}

}  // namespace

TypeDescriptor MakeMeshOpenTelemetryBackendType() {
  TypeDescriptor type;
  type.name = "MeshOpenTelemetryBackend";
  type.path = "meshopentelemetrybackends";
  type.short_name = "motb";
  type.singular_display = "Mesh OpenTelemetry Backend";
  type.plural_display = "Mesh OpenTelemetry Backends";
  type.kumactl_arg = "meshopentelemetrybackend";
  type.has_status = true;
  type.system_namespace_only = true;
  type.kds.global_to_zone = true;
  type.kds.zone_to_global = true;
  type.schema = Schema{{Field::Object("endpoint",
                                      {Field::String("address", "Host name or IP address; absent: the proxy finds it."),
                                       Field::Int("port", "Port; absent: 4317."), Field::String("path", "Base path, HTTP only.")},
                                      "The collector."),
                        Field::Enum("protocol", {"grpc", "http"}, "Transport; absent: grpc."),
                        Field::Object("env",
                                      {Field::Enum("mode", {"Disabled", "Optional", "Required"}, "Use of OTEL_* variables.").Default("Optional"),
                                       Field::Enum("precedence", {"ExplicitFirst", "EnvFirst"}, "Which wins.").Default("EnvFirst"),
                                       Field::Bool("allowSignalOverrides", "Whether variables of one signal count; absent: yes.")},
                                      "Environment variables of the proxy.")}};
  type.status_schema = Schema{{Conditions("conditions")}};
  type.validate = ValidateBackend;
  return type;
}

}  // namespace kuma::resources
