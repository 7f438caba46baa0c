#include "pkg/policy/mesh_timeout/spec.h"

#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"

namespace kuma::policy {
namespace {

Fields ConfFields() {
  Fields http = {
      Field::Duration("requestTimeout", "Time for a whole request, until its response begins. 0 disables it; 15s without a policy."),
      Field::Duration("streamIdleTimeout", "Time that a stream may be silent. 0 disables it; 30m without a policy."),
      Field::Duration("maxStreamDuration", "Longest life of a stream. 0, and no value, disable it."),
      Field::Duration("maxConnectionDuration", "Age at which a connection is drained. 0, and no value, disable it."),
      Field::Duration("requestHeadersTimeout", "Time for all headers of a request to arrive. 0, and no value, disable it."),
  };
  return {
      Field::Duration("connectionTimeout", "Time for a TCP connection to be set up, more than 0; 5s without a policy."),
      Field::Duration("idleTimeout",
                      "Time that a connection may be silent. 0 disables it, which may leak connections; 1h without a policy."),
      Field::Object("http", std::move(http), "Timeouts of HTTP traffic."),
  };
}

}  // namespace

TypeDescriptor MakeMeshTimeoutType() {
  PolicyTraits traits;
  traits.order = 1000;
  traits.has_to = true;
  traits.has_from = true;
  traits.has_rules = true;
  traits.from_as_rules = true;
  traits.top_kinds = ProxyAndGatewayKinds();
  traits.top_kinds.emplace_back("MeshHTTPRoute");
  traits.to_kinds = {"Mesh", "MeshService", "MeshExternalService", "MeshMultiZoneService", "MeshHTTPRoute"};
  traits.from_kinds = {"Mesh"};
  TypeDescriptor type =
      MakePolicyType({"MeshTimeout", "meshtimeouts", "meshtimeout", "mt", "Mesh Timeout", "Mesh Timeouts"}, std::move(traits),
                     {TopTargetRef(), ToList(ConfFields()), FromList(ConfFields()), RuleList(ConfFields(), true)});
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) { ValidateMeshTimeout(policy, out); };
  type.warnings = [](const Resource& policy) { return FromAndTopWarnings(policy.spec); };
  return type;
}

}  // namespace kuma::policy
