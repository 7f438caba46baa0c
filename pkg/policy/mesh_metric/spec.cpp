#include "pkg/policy/mesh_metric/spec.h"

#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"
#include "pkg/resources/common_fields.h"

namespace kuma::policy {
namespace {

Field Selectors(std::string name, std::string doc) {
  Fields selector = {
      Field::Enum("type", {"Prefix", "Regex", "Exact", "Contains"}, "How names are compared.").Required(),
      Field::String("match", "What names are compared with.").Required(),
  };
  return Field::List(std::move(name), Field::Object("", std::move(selector), ""), std::move(doc));
}

Field Sidecar() {
  Fields profile = {Field::Enum("name", {"All", "Basic", "None"}, "Name of a built-in set of metrics.").Required()};
  Fields profiles = {
      Field::List("appendProfiles", Field::Object("", std::move(profile), ""), "Built-in sets that are given out; All when absent.")
          .Append(),
      Selectors("exclude", "Metrics that are left out of the sets."),
      Selectors("include", "Metrics that are given out in any case; goes before exclude."),
  };
  Fields members = {
      Field::Object("profiles", std::move(profiles), "Which of Envoy's metrics are given out."),
      Field::Bool("includeUnused", "Gives out metrics that never changed as well."),
  };
  return Field::Object("sidecar", std::move(members), "Metrics of the proxy itself.");
}

Fields ConfFields() {
  Fields application = {
      Field::String("name", "Name of the application, told apart by it in OpenTelemetry."),
      Field::String("path", "Path of its metrics.").Default("/metrics"),
      Field::String("address", "Address of it; that of the inbound when absent."),
      Uint("port", "Port of its metrics.").Required(),
  };
  Fields tls = {Field::Enum("mode", {"Disabled", "ProvidedTLS", "ActiveMTLSBackend"}, "Which certificate the endpoint shows, if any.")
                    .Default("Disabled")};
  Fields prometheus = {
      Field::String("clientId", "Serves only scrapers that know the proxy by this client; all when absent."),
      Uint("port", "Port of the endpoint.").Default(5670),
      Field::String("path", "Path of the endpoint.").Default("/metrics"),
      Field::Object("tls", std::move(tls), "TLS of the endpoint."),
  };
  Fields otel = {
      OtelEndpoint(),
      OtelBackendRef(),
      Field::Duration("refreshInterval", "Pause between two exports; 60s when absent."),
  };
  Fields backend = {
      Field::Enum("type", {"Prometheus", "OpenTelemetry"}, "Kind of the backend; the member of the same name configures it.").Required(),
      Field::Object("prometheus", std::move(prometheus), "An endpoint that Prometheus scrapes."),
      Field::Object("openTelemetry", std::move(otel), "Exports to an OpenTelemetry collector."),
  };
  return {
      Sidecar(),
      Field::List("applications", Field::Object("", std::move(application), ""),
                  "Applications whose metrics are given out with the proxy's."),
      Field::List("backends", Field::Object("", std::move(backend), ""), "Where metrics go."),
  };
}

}  // namespace

TypeDescriptor MakeMeshMetricType() {
  PolicyTraits traits;
  traits.order = 1500;
  traits.single_default = true;
  traits.top_kinds = ProxyAndGatewayKinds();
  TypeDescriptor type = MakePolicyType({"MeshMetric", "meshmetrics", "meshmetric", "mm", "Mesh Metric", "Mesh Metrics"}, std::move(traits),
                                       {TopTargetRef(), Field::Object("default", ConfFields(), "What applies to the selected proxies.")});
  type.has_status = true;
  type.status_schema.fields = {resources::Conditions("conditions")};
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) { ValidateMeshMetric(policy, out); };
  type.warnings = [](const Resource& policy) {
    std::vector<std::string> remarks = TopWarnings(policy.spec);
    if (HasInlineOtelEndpoint(Get(policy.spec, "default"))) remarks.insert(remarks.begin(), std::string(kInlineOtelEndpointRemark));
    return remarks;
  };
  return type;
}

}  // namespace kuma::policy
