#include "pkg/kumactl/explain_proxy.h"

#include "pkg/kumactl/output.h"
#include "pkg/policy/explain/text.h"

namespace kuma::kumactl {

std::vector<cli::Flag> ExplainProxyFlags() {
  return {
      {.name = "outbound",
       .value_name = "SERVICE",
       .help = "dataplane: only this outbound: a service, the name of a destination or its KRI"},
      {.name = "inbound", .value_name = "PORT", .help = "dataplane: only this inbound: a port or a section's name"},
      {.name = "policy", .value_name = "TYPE", .help = "dataplane: only policies of this type"},
      {.name = "all", .type = cli::FlagType::kBool, .help = "dataplane: all policies that do not select the proxy, not only the nearest"},
      {.name = "output",
       .shorthand = "o",
       .value_name = "FORMAT",
       .default_value = "table",
       .help = "dataplane: output format",
       .choices = {"table", "yaml", "json"}}};
}

Result<int> RunExplainProxy(Session& session, const std::string& name) {
  const cli::Invocation& invocation = session.invocation();
  KUMA_TRY_ASSIGN(const std::string mesh, session.Mesh());
  KUMA_TRY(session.CheckServer());
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  Query query;
  for (const char* filter : {"outbound", "inbound", "policy"}) {
    if (invocation.IsSet(filter)) query.emplace_back(filter, invocation.GetString(filter));
  }
  KUMA_TRY_ASSIGN(const Json explanation, api->GetJson(ApiPath({"meshes", mesh, "dataplanes", name, "_explain"}), query));
  const std::string format = invocation.GetString("output");
  if (format == "table") {
    policy::PrintExplanation(session.out(), explanation, invocation.GetBool("all") || invocation.IsSet("policy"));
  } else {
    session.out() << (format == "yaml" ? ToYaml(explanation) : DocumentJson(explanation));
  }
  return 0;
}

}  // namespace kuma::kumactl
