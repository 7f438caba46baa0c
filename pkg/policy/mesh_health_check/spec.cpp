#include "pkg/policy/mesh_health_check/spec.h"

#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"

namespace kuma::policy {
namespace {

Fields ConfFields() {
  Fields tcp = {
      Field::Bool("disabled", "Turns this check off."),
      Field::String("send", "Bytes to send, in base64; only a connection is made when absent."),
      Field::List("receive", Field::String("", ""), "Byte blocks, in base64, that the answer has to hold."),
  };
  Fields http = {
      Field::Bool("disabled", "Turns this check off."),
      Field::String("path", "Path of the request; / when absent."),
      HeaderModifierField("requestHeadersToAdd", false, "Headers of the request."),
      Field::List("expectedStatuses", Field::Int("", ""), "Statuses of healthy endpoints; only 200 when absent."),
  };
  Fields grpc = {
      Field::Bool("disabled", "Turns this check off."),
      Field::String("serviceName", "Service that the check asks for."),
      Field::String("authority", "The :authority header of the call; the cluster's name when absent."),
  };
  return {
      Field::Duration("interval", "Pause between two checks; 1m when absent."),
      Field::Duration("timeout", "Time for an answer; 15s when absent."),
      Field::Int("unhealthyThreshold", "Failures in a row that make an endpoint unhealthy; 5 when absent."),
      Field::Int("healthyThreshold", "Successes in a row that make an endpoint healthy; 1 when absent."),
      Field::Duration("initialJitter", "Random time before the first check, at most this long."),
      Field::Duration("intervalJitter", "Random time added to each pause, at most this long."),
      Field::Int("intervalJitterPercent", "Random time added to each pause, at most this share of it."),
      Field::IntOrString("healthyPanicThreshold",
                         "Percentage of healthy endpoints below which health is ignored. Moved to MeshCircuitBreaker.")
          .Deprecated(),
      Field::Bool("failTrafficOnPanic", "Fails requests, instead of ignoring health, when too few endpoints are healthy."),
      Field::String("eventLogPath", "File to which changes of health are written."),
      Field::Bool("alwaysLogHealthCheckFailures", "Writes every failure, not just the first of a row."),
      Field::Duration("noTrafficInterval", "Pause between checks of a destination that never had traffic; 1m when absent."),
      Field::Object("tcp", std::move(tcp), "Checks that connect."),
      Field::Object("http", std::move(http), "Checks that send an HTTP request."),
      Field::Object("grpc", std::move(grpc), "Checks that call grpc.health.v1.Health."),
      Field::Bool("reuseConnection", "Keeps the connection between checks; true when absent."),
  };
}

}  // namespace

TypeDescriptor MakeMeshHealthCheckType() {
  PolicyTraits traits;
  traits.order = 1200;
  traits.has_to = true;
  traits.top_kinds = ProxyAndGatewayKinds();
  traits.to_kinds = {"Mesh", "MeshService", "MeshExternalService", "MeshMultiZoneService"};
  TypeDescriptor type =
      MakePolicyType({"MeshHealthCheck", "meshhealthchecks", "meshhealthcheck", "mhc", "Mesh Health Check", "Mesh Health Checks"},
                     std::move(traits), {TopTargetRef(), ToList(ConfFields())});
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) {
    ValidateMeshHealthCheck(policy, out);
  };
  type.warnings = [](const Resource& policy) {
    std::vector<std::string> remarks = TopWarnings(policy.spec);
    for (const Json& entry : ListOf(policy.spec, "to")) {
      if (Get(Get(entry, "default"), "healthyPanicThreshold").is_null()) continue;
      remarks.emplace_back(
          "healthyPanicThreshold for 'to[].default' is deprecated. The setting has been moved to MeshCircuitBreaker policy, please use "
          "MeshCircuitBreaker policy instead.");
    }
    return remarks;
  };
  return type;
}

}  // namespace kuma::policy
