#include "pkg/policy/mesh_fault_injection/spec.h"

#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"

namespace kuma::policy {
namespace {

Field Percentage(std::string doc) { return Field::IntOrString("percentage", std::move(doc)).Required(); }

Fields ConfFields() {
  Fields abort = {
      Field::Int("httpStatus", "Status of the answer.").Required(),
      Percentage("Share of requests that are answered with it, 0 to 100."),
  };
  Fields delay = {
      Field::Duration("value", "How long requests are held back.").Required(),
      Percentage("Share of requests that are held back, 0 to 100."),
  };
  Fields bandwidth = {
      Field::String("limit", "Largest rate, such as 50kbps, 10Mbps or 1Gbps.").Required(),
      Percentage("Share of responses that are slowed down, 0 to 100."),
  };
  Fields fault = {
      Field::Object("abort", std::move(abort), "Answers in place of the service."),
      Field::Object("delay", std::move(delay), "Holds requests back."),
      Field::Object("responseBandwidth", std::move(bandwidth), "Slows responses down."),
  };
  return {Field::List("http", Field::Object("", std::move(fault), ""), "Faults of HTTP traffic; each is drawn on its own.")};
}

}  // namespace

TypeDescriptor MakeMeshFaultInjectionType() {
  PolicyTraits traits;
  traits.order = 800;
  traits.has_to = true;
  traits.has_from = true;
  traits.has_rules = true;
  traits.top_kinds = ProxyAndGatewayKinds();
  traits.to_kinds = {"Mesh"};
  traits.from_kinds = {"Mesh", "MeshSubset", "MeshServiceSubset", "MeshService"};
  TypeDescriptor type = MakePolicyType(
      {"MeshFaultInjection", "meshfaultinjections", "meshfaultinjection", "mfi", "Mesh Fault Injection", "Mesh Fault Injections"},
      std::move(traits), {TopTargetRef(), FromList(ConfFields()), ToList(ConfFields()), RuleList(ConfFields(), true, true)});
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) {
    ValidateMeshFaultInjection(policy, out);
  };
  type.warnings = [](const Resource& policy) { return FromAndTopWarnings(policy.spec, "use 'rules' with SPIFFE-based 'matches' instead"); };
  return type;
}

}  // namespace kuma::policy
