#include "pkg/policy/mesh_trace/spec.h"

#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"
#include "pkg/resources/common_fields.h"

namespace kuma::policy {
namespace {

Fields ConfFields() {
  Fields zipkin = {
      Field::String("url", "Where spans are sent, such as http://zipkin:9411/api/v2/spans.").Required(),
      Field::Bool("traceId128bit", "Makes trace ids of 128 bits.").Default(false),
      Field::Enum("apiVersion", {"httpJson", "httpProto"}, "Format of the spans.").Default("httpJson"),
      Field::Bool("sharedSpanContext", "Client and server share a span.").Default(true),
  };
  Fields datadog = {
      Field::String("url", "The agent, such as http://datadog-agent:8126; only host and port.").Required(),
      Field::Bool("splitService", "Gives each direction of traffic, and each destination, a service name of its own.").Default(false),
  };
  Fields otel = {OtelEndpoint(), OtelBackendRef()};
  Fields backend = {
      Field::Enum("type", {"Zipkin", "Datadog", "OpenTelemetry"}, "Kind of the backend; the member of the same name configures it.")
          .Required(),
      Field::Object("zipkin", std::move(zipkin), "Sends spans to Zipkin."),
      Field::Object("datadog", std::move(datadog), "Sends spans to a Datadog agent."),
      Field::Object("openTelemetry", std::move(otel), "Sends spans to an OpenTelemetry collector."),
  };
  Fields sampling = {
      Field::IntOrString("overall", "Upper limit of traced requests, in percent; 100 when absent."),
      Field::IntOrString("client", "Share of requests that are traced because the client asks for it, in percent; 100 when absent."),
      Field::IntOrString("random", "Share of requests that are drawn, in percent; 100 when absent."),
  };
  Fields header = {
      Field::String("name", "Name of the header.").Required(),
      Field::String("default", "Value of the tag when the header is not there."),
  };
  Fields tag = {
      Field::String("name", "Name of the tag.").Required(),
      Field::String("literal", "Value of the tag."),
      Field::Object("header", std::move(header), "Takes the value from a header of the request."),
  };
  return {
      Field::List("backends", Field::Object("", std::move(backend), ""), "Where spans go; an empty list turns tracing off.").MaxItems(1),
      Field::Object("sampling", std::move(sampling), "Which requests are traced."),
      Field::List("tags", Field::Object("", std::move(tag), ""), "Tags of all spans."),
  };
}

}  // namespace

TypeDescriptor MakeMeshTraceType() {
  PolicyTraits traits;
  traits.order = 700;
  traits.single_default = true;
  traits.top_kinds = ProxyAndGatewayKinds();
  TypeDescriptor type = MakePolicyType({"MeshTrace", "meshtraces", "meshtrace", "mtr", "Mesh Trace", "Mesh Traces"}, std::move(traits),
                                       {TopTargetRef(), Field::Object("default", ConfFields(), "What applies to the selected proxies.")});
  type.has_status = true;
  type.status_schema.fields = {resources::Conditions("conditions")};
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) { ValidateMeshTrace(policy, out); };
  type.warnings = [](const Resource& policy) {
    std::vector<std::string> remarks = TopWarnings(policy.spec);
    if (HasInlineOtelEndpoint(Get(policy.spec, "default"))) remarks.insert(remarks.begin(), std::string(kInlineOtelEndpointRemark));
    return remarks;
  };
  return type;
}

}  // namespace kuma::policy
