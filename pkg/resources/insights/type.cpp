#include "pkg/resources/insights/type.h"

#include "pkg/resources/common_fields.h"

namespace kuma::resources {
namespace {

Field Count(std::string name, std::string doc = {}) { return Field::Int(std::move(name), std::move(doc), FieldKind::kUint32); }

TypeDescriptor Insight(std::string name, std::string path, std::string singular, std::string plural, Scope scope) {
  TypeDescriptor type;
  type.name = std::move(name);
  type.path = std::move(path);
  type.singular_display = std::move(singular);
  type.plural_display = std::move(plural);
  type.scope = scope;
  type.read_only = true;
  type.inlined_spec = true;
  type.is_insight = true;
  return type;
}

Field DataplaneStat(std::string name) {
  return Field::Object(std::move(name), {Count("total"), Count("online"), Count("offline"), Count("partiallyDegraded")}, "Counts of proxies.");
}

Field TotalsByType(std::string name, std::string doc) { return Field::Map(std::move(name), Field::Object("", {Count("total")}, ""), std::move(doc)); }

Field WarningList() {
  return Field::List("warnings", Field::Object("", {Field::String("resource", ""), Field::String("path", ""), Field::String("message", "")}, ""),
                     "Pieces of the proxy's configuration that were left out or rejected, and why.");
}

}  // namespace

TypeDescriptor MakeDataplaneInsightType() {
  TypeDescriptor type = Insight("DataplaneInsight", "dataplane-insights", "Dataplane Insight", "Dataplane Insights", Scope::kMesh);
  type.kds.zone_to_global = true;
  const auto signal = [](std::string name) {
    return Field::Object(std::move(name),
                         {Field::Bool("enabled", ""), Field::Bool("envAllowed", ""), Field::Bool("envInputPresent", ""), Field::String("state", ""),
                          StringList("overrideKinds", ""), StringList("missingFields", ""), StringList("blockedReasons", "")},
                         "One signal.");
  };
  type.schema = ProtoSchema(
      {Subscriptions(),
       Field::Object("mTLS",
                     {Field::String("certificateExpirationTime", ""), Field::String("lastCertificateRegeneration", ""), Count("certificateRegenerations"),
                      Field::String("issuedBackend", ""), StringList("supportedBackends", "")},
                     "The certificate of the proxy."),
       ProtoStruct("metadata", "What the proxy said about itself."), WarningList(),
       Field::Object("openTelemetry",
                     {Field::List("backends", Field::Object("", {Field::String("name", ""), signal("traces"), signal("logs"), signal("metrics")}, ""), "")},
                     "Export of telemetry.")});
  return type;
}

TypeDescriptor MakeZoneIngressInsightType() {
  TypeDescriptor type = Insight("ZoneIngressInsight", "zone-ingress-insights", "Zone Ingress Insight", "Zone Ingress Insights", Scope::kGlobal);
  type.kds.zone_to_global = true;
  type.schema = ProtoSchema({Subscriptions(), ProtoStruct("metadata", "What the proxy said about itself."), WarningList()});
  return type;
}

TypeDescriptor MakeZoneEgressInsightType() {
  TypeDescriptor type = Insight("ZoneEgressInsight", "zoneegressinsights", "Zone Egress Insight", "Zone Egress Insights", Scope::kGlobal);
  type.kds.zone_to_global = true;
  type.schema = ProtoSchema({Subscriptions(), ProtoStruct("metadata", "What the proxy said about itself."), WarningList()});
  return type;
}

TypeDescriptor MakeMeshInsightType() {
  TypeDescriptor type = Insight("MeshInsight", "mesh-insights", "Mesh Insight", "Mesh Insights", Scope::kGlobal);
  type.kds.writable_on_global = true;
  type.schema = ProtoSchema(
      {DataplaneStat("dataplanes"), TotalsByType("policies", "Counts of policies by type."),
       Field::Object("dpVersions", {Field::Map("kumaDp", DataplaneStat(""), ""), Field::Map("envoy", DataplaneStat(""), "")}, "Proxies by version."),
       Field::Object("mTLS", {Field::Map("issuedBackends", DataplaneStat(""), ""), Field::Map("supportedBackends", DataplaneStat(""), "")},
                     "Proxies by CA."),
       Field::Object("services", {Count("total"), Count("internal"), Count("external")}, "Counts of services."),
       Field::Object("dataplanesByType",
                     {DataplaneStat("standard"), DataplaneStat("gateway"), DataplaneStat("gatewayBuiltin"), DataplaneStat("gatewayDelegated")},
                     "Proxies by kind."),
       TotalsByType("resources", "Counts of resources by type.")});
  return type;
}

TypeDescriptor MakeServiceInsightType() {
  TypeDescriptor type = Insight("ServiceInsight", "service-insights", "Service Insight", "Service Insights", Scope::kMesh);
  type.kds.global_to_zone = true;
  type.schema = ProtoSchema({Field::Map(
      "services",
      Field::Object("",
                    {Field::Enum("status", {"none", "offline", "partially_degraded", "online", "not_available"}, "")
                         .ProtoEnum("kuma.mesh.v1alpha1.ServiceInsight.Service.Status"),
                     Field::Object("dataplanes", {Count("total"), Count("online"), Count("offline")}, ""),
                     Field::Map("issuedBackends", Count(""), ""),
                     Field::Enum("serviceType", {"internal", "external", "gateway_delegated", "gateway_builtin"}, "")
                         .ProtoEnum("kuma.mesh.v1alpha1.ServiceInsight.Service.Type"),
                     Field::String("addressPort", ""), StringList("zones", "")},
                    ""),
      "By kuma.io/service.")});
  return type;
}

TypeDescriptor MakeZoneInsightType() {
  TypeDescriptor type = Insight("ZoneInsight", "zone-insights", "Zone Insight", "Zone Insights", Scope::kGlobal);
  type.kds.writable_on_global = true;
  type.kds.writable_on_zone = true;
  const auto stats = [](std::string name) {
    return Field::Object(std::move(name),
                         {Field::Int("responsesSent", "", FieldKind::kUint64), Field::Int("responsesAcknowledged", "", FieldKind::kUint64),
                          Field::Int("responsesRejected", "", FieldKind::kUint64)},
                         "");
  };
  const auto stream = [](std::string name) {
    return Field::Object(std::move(name), {Field::String("globalInstanceId", ""), Field::String("connectTime", "")}, "");
  };
  type.schema = ProtoSchema(
      {Field::List(
           "subscriptions",
           Field::Object("",
                         {Field::String("id", ""), Field::String("globalInstanceId", ""), Field::String("connectTime", ""),
                          Field::String("disconnectTime", ""),
                          Field::Object("status", {Field::String("lastUpdateTime", ""), stats("total"), Field::Map("stat", stats(""), "")}, ""),
                          Field::Object("version",
                                        {Field::Object("kumaCp",
                                                       {Field::String("version", ""), Field::String("gitTag", ""), Field::String("gitCommit", ""),
                                                        Field::String("buildDate", ""), Field::Bool("kumaCpGlobalCompatible", "")},
                                                       "")},
                                        ""),
                          Count("generation"), Field::String("config", ""), Field::Bool("authTokenProvided", ""), Field::String("zoneInstanceId", "")},
                         ""),
           "Streams of the zone, newest last."),
       Field::Object("envoyAdminStreams",
                     {Field::String("configDumpGlobalInstanceId", ""), Field::String("statsGlobalInstanceId", ""),
                      Field::String("clustersGlobalInstanceId", "")},
                     ""),
       Field::Object("healthCheck", {Field::String("time", "")}, ""),
       Field::Object("kdsStreams", {stream("clusters"), stream("configDump"), stream("stats"), stream("globalToZone"), stream("zoneToGlobal")}, "")});
  return type;
}

}  // namespace kuma::resources
