#include "pkg/policy/mesh_circuit_breaker/spec.h"

#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"

namespace kuma::policy {
namespace {

Field Detector(std::string name, std::string doc, std::string consecutive_doc) {
  return Field::Object(std::move(name), {Uint("consecutive", std::move(consecutive_doc))}, std::move(doc));
}

Field Detectors() {
  Fields success_rate = {
      Uint("minimumHosts", "Endpoints with enough traffic that there have to be before any is ejected."),
      Uint("requestVolume", "Requests within an interval that an endpoint needs to be looked at."),
      Field::IntOrString("standardDeviationFactor",
                         "Ejects below mean - factor * standard deviation of all success rates. A whole number or a decimal as text."),
  };
  Fields failure_percentage = {
      Uint("minimumHosts", "Endpoints with enough traffic that there have to be before any is ejected."),
      Uint("requestVolume", "Requests within an interval that an endpoint needs to be looked at."),
      Uint("threshold", "Percentage of failures from which an endpoint is ejected."),
  };
  Fields detectors = {
      Detector("totalFailures", "Looks at all errors in a row; with splitExternalAndLocalErrors only at those of the server.",
               "Errors in a row before an endpoint is ejected."),
      Detector("gatewayFailures", "Looks at 502, 503 and 504 in a row, and at failed connections unless splitExternalAndLocalErrors.",
               "Gateway errors in a row before an endpoint is ejected."),
      Detector("localOriginFailures", "Looks at errors on this side, such as timeouts and resets; needs splitExternalAndLocalErrors.",
               "Local errors in a row before an endpoint is ejected."),
      Field::Object("successRate", std::move(success_rate), "Compares the success rate of each endpoint with that of all."),
      Field::Object("failurePercentage", std::move(failure_percentage), "Compares the failures of each endpoint with a fixed limit."),
  };
  return Field::Object("detectors", std::move(detectors), "What counts as failing.");
}

Fields ConfFields() {
  Fields limits = {
      Uint("maxConnections", "Connections to the destination."),
      Uint("maxConnectionPools", "Connection pools of the destination."),
      Uint("maxPendingRequests", "Requests that wait for a connection; limits connections of traffic that is not HTTP."),
      Uint("maxRetries", "Retries at the same time."),
      Uint("maxRequests", "HTTP requests at the same time."),
  };
  Fields outliers = {
      Field::Bool("disabled", "Turns outlier detection off."),
      Field::Duration("interval", "Pause between two rounds, which eject endpoints and take them back."),
      Field::Duration("baseEjectionTime", "Time of a first ejection; multiplied by the number of ejections."),
      Uint("maxEjectionPercent", "Largest share of endpoints that may be ejected; at least one may. 10 when absent."),
      Field::Bool("splitExternalAndLocalErrors", "Counts errors of the server and errors on this side separately."),
      Detectors(),
      Field::IntOrString("healthyPanicThreshold",
                         "Percentage of healthy endpoints below which health is ignored; 50 when absent, 0 disables this."),
  };
  return {
      Field::Object("connectionLimits", std::move(limits), "Limits; what exceeds them fails at once."),
      Field::Object("outlierDetection", std::move(outliers), "Takes endpoints that fail out of load balancing for a while."),
  };
}

}  // namespace

TypeDescriptor MakeMeshCircuitBreakerType() {
  PolicyTraits traits;
  traits.order = 1300;
  traits.has_to = true;
  traits.has_from = true;
  traits.has_rules = true;
  traits.from_as_rules = true;
  traits.top_kinds = ProxyAndGatewayKinds();
  traits.to_kinds = {"Mesh", "MeshService", "MeshExternalService", "MeshMultiZoneService"};
  traits.from_kinds = {"Mesh"};
  TypeDescriptor type = MakePolicyType(
      {"MeshCircuitBreaker", "meshcircuitbreakers", "meshcircuitbreaker", "mcb", "Mesh Circuit Breaker", "Mesh Circuit Breakers"},
      std::move(traits), {TopTargetRef(), ToList(ConfFields()), FromList(ConfFields()), RuleList(ConfFields(), false)});
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) {
    ValidateMeshCircuitBreaker(policy, out);
  };
  type.warnings = [](const Resource& policy) { return FromAndTopWarnings(policy.spec); };
  return type;
}

}  // namespace kuma::policy
