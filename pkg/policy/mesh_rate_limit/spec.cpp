#include "pkg/policy/mesh_rate_limit/spec.h"

#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"

namespace kuma::policy {
namespace {

Field Rate(std::string name, std::string what, std::string doc) {
  Fields members = {
      Uint("num", "How many " + what + " pass within the interval.").Required(),
      Field::Duration("interval", "Length of the interval, more than 50ms.").Required(),
  };
  return Field::Object(std::move(name), std::move(members), std::move(doc));
}

Fields ConfFields() {
  Fields answer = {
      Uint("status", "Status of the answer, 400 or higher; 429 when absent."),
      HeaderModifierField("headers", false, "Headers of the answer."),
  };
  Fields http = {
      Field::Bool("disabled", "Turns the limit off."),
      Rate("requestRate", "requests", "The limit."),
      Field::Object("onRateLimit", std::move(answer), "How requests above the limit are answered."),
  };
  Fields tcp = {
      Field::Bool("disabled", "Turns the limit off."),
      Rate("connectionRate", "connections", "The limit."),
  };
  Fields local = {
      Field::Object("http", std::move(http), "Limits of HTTP requests."),
      Field::Object("tcp", std::move(tcp), "Limits of connections; what exceeds them is closed."),
  };
  return {Field::Object("local", std::move(local), "Limits that each proxy counts on its own.")};
}

std::vector<std::string> Warnings(const Resource& policy) {
  std::vector<std::string> remarks;
  for (const std::string list : {"from", "rules", "to"}) {
    const Json& entries = ListOf(policy.spec, list);
    if (list == "from" && !entries.empty()) remarks.emplace_back("'from' field is deprecated, use 'rules' instead");
    for (size_t i = 0; i < entries.size(); ++i) {
      const Json& status = GetPath(entries[i], {"default", "local", "http", "onRateLimit", "status"});
      if (!status.is_number() || status.get<int64_t>() >= 400) continue;
      remarks.push_back("'spec." + list + "[" + std::to_string(i) +
                        "].default.local.http.requestRate.status' must be 400 or higher. Please update your configuration.");
    }
  }
  for (std::string& remark : TopWarnings(policy.spec)) remarks.push_back(std::move(remark));
  return remarks;
}

}  // namespace

TypeDescriptor MakeMeshRateLimitType() {
  PolicyTraits traits;
  traits.order = 900;
  traits.has_to = true;
  traits.has_from = true;
  traits.has_rules = true;
  traits.from_as_rules = true;
  traits.top_kinds = ProxyAndGatewayKinds();
  traits.top_kinds.emplace_back("MeshHTTPRoute");
  traits.to_kinds = {"Mesh"};
  traits.from_kinds = {"Mesh"};
  TypeDescriptor type =
      MakePolicyType({"MeshRateLimit", "meshratelimits", "meshratelimit", "mrl", "Mesh Rate Limit", "Mesh Rate Limits"}, std::move(traits),
                     {TopTargetRef(), FromList(ConfFields()), ToList(ConfFields()), RuleList(ConfFields(), true)});
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) { ValidateMeshRateLimit(policy, out); };
  type.warnings = Warnings;
  return type;
}

}  // namespace kuma::policy
