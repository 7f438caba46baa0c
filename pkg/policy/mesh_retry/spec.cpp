#include "pkg/policy/mesh_retry/spec.h"

#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"

namespace kuma::policy {
namespace {

Field BackOff() {
  Fields members = {
      Field::Duration("baseInterval", "Shortest pause between tries; 25ms when absent."),
      Field::Duration("maxInterval", "Longest pause between tries; ten times the shortest when absent."),
  };
  return Field::Object("backOff", std::move(members), "Pauses between tries; they grow exponentially and are jittered.");
}

Field RateLimitedBackOff() {
  Fields header = {
      HeaderName("Name of the header.").Required(),
      Field::Enum("format", {"Seconds", "UnixTimestamp"}, "What the header's number means.").Required(),
  };
  Fields members = {
      Field::List("resetHeaders", Field::Object("", std::move(header), ""),
                  "Headers of the response that tell when to try again; the first that is there counts."),
      Field::Duration("maxInterval", "Longest pause that such a header may ask for; 5m when absent."),
  };
  return Field::Object("rateLimitedBackOff", std::move(members), "Pauses that the server asks for when it limits rates.");
}

Fields HttpFields() {
  Fields predicate = {
      Field::Enum("predicate", {"OmitPreviousHosts", "OmitHostsWithTags", "OmitPreviousPriorities"}, "Which endpoints a retry avoids.")
          .Required(),
      Field::Map("tags", Field::String("", ""), "Tags of endpoints to avoid; of OmitHostsWithTags."),
      Field::Int("updateFrequency", "After how many tries the priorities are computed anew; of OmitPreviousPriorities.").Default(2),
  };
  return {
      Uint("numRetries", "How often a request is tried again; once when absent."),
      Field::Duration("perTryTimeout", "Time for one try; the request's own timeout when absent. 0 disables it."),
      BackOff(),
      RateLimitedBackOff(),
      Field::List("retryOn", Field::String("", ""),
                  "What causes a retry: 5xx, GatewayError, Reset, Retriable4xx, ConnectFailure, EnvoyRatelimited, RefusedStream, "
                  "Http3PostConnectFailure, a status code, or HttpMethodGet and the like to retry only these methods."),
      HeaderMatchList("retriableResponseHeaders", "Responses with one of these headers are tried again."),
      HeaderMatchList("retriableRequestHeaders", "Only requests with all these headers are tried again."),
      Field::List("hostSelection", Field::Object("", std::move(predicate), ""), "Which endpoints retries go to."),
      Field::Int("hostSelectionMaxAttempts", "How often another endpoint is looked for, if the found one is to be avoided.",
                 FieldKind::kInt64),
  };
}

Fields ConfFields() {
  Fields tcp = {Uint("maxConnectAttempt", "How often connecting is tried, in all.")};
  Fields grpc = {
      Uint("numRetries", "How often a call is tried again; once when absent."),
      Field::Duration("perTryTimeout", "Time for one try; the call's own timeout when absent. 0 disables it."),
      BackOff(),
      RateLimitedBackOff(),
      Field::List("retryOn", Field::Enum("", {"Canceled", "DeadlineExceeded", "Internal", "ResourceExhausted", "Unavailable"}, ""),
                  "Statuses of gRPC that cause a retry."),
  };
  return {
      Field::Object("tcp", std::move(tcp), "Retries of TCP connections."),
      Field::Object("http", HttpFields(), "Retries of HTTP requests."),
      Field::Object("grpc", std::move(grpc), "Retries of gRPC calls."),
  };
}

}  // namespace

TypeDescriptor MakeMeshRetryType() {
  PolicyTraits traits;
  traits.order = 1400;
  traits.has_to = true;
  traits.top_kinds = ProxyAndGatewayKinds();
  traits.top_kinds.emplace_back("MeshHTTPRoute");
  traits.to_kinds = {"Mesh", "MeshService", "MeshExternalService", "MeshMultiZoneService", "MeshHTTPRoute"};
  TypeDescriptor type = MakePolicyType({"MeshRetry", "meshretries", "meshretry", "mr", "Mesh Retry", "Mesh Retries"}, std::move(traits),
                                       {TopTargetRef(), ToList(ConfFields())});
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) { ValidateMeshRetry(policy, out); };
  type.warnings = [](const Resource& policy) { return TopWarnings(policy.spec); };
  return type;
}

}  // namespace kuma::policy
