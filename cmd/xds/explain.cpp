#include "cmd/xds/explain.h"

#include <iterator>

#include "cmd/xds/offline.h"
#include "pkg/base/log.h"
#include "pkg/policy/all.h"
#include "pkg/policy/explain/text.h"
#include "pkg/resources/all.h"
#include "pkg/xds/explain_proxy.h"

namespace kuma::xds {
namespace {

Result<int> Explain(const cli::Invocation& invocation) {
  SetComponentLevel("defaults", LogLevel::kWarn);  // nobody waits for what a control plane says at its first start
  TypeRegistry types;
  resources::RegisterCoreTypes(types);
  policy::RegisterPolicyTypes(types);
  std::vector<Json> documents;
  for (const std::string& path : invocation.GetList("file")) {
    KUMA_TRY_ASSIGN(std::vector<Json> more, ReadDocuments(path, invocation.in()));
    std::move(more.begin(), more.end(), std::back_inserter(documents));
  }
  OfflineOptions options;
  options.zone = invocation.GetString("zone");
  RenderRequest request;
  KUMA_TRY_ASSIGN(request.resources, LoadOffline(std::move(documents), types, options));
  request.node = OfflineNode(invocation.GetString("mesh"), invocation.GetString("dataplane"), invocation.GetList("feature"));
  request.zone = options.zone;
  const policy::ExplainFilter filter{invocation.GetString("policy"), invocation.GetString("outbound"), invocation.GetString("inbound")};
  KUMA_TRY_ASSIGN(const Json explanation, ExplainResources(request, filter, types));
  const std::string format = invocation.GetString("output");
  if (format == "table") {
    policy::PrintExplanation(invocation.out(), explanation, invocation.GetBool("all") || !filter.policy.empty());
  } else {
    invocation.out() << (format == "json" ? ToPrettyJson(explanation, 2) + "\n" : ToYaml(explanation));
  }
  return 0;
}

}  // namespace

cli::Command MakeExplainCommand() {
  cli::Command command;
  command.name = "explain";
  command.summary = "Tell where the settings of a proxy come from, from files alone";
  command.help =
      "As `kumactl explain dataplane`, without a control plane: reads resources, adds what a control plane would compute, and tells for\n"
      "every setting which policy set it, which lost and why, and which policies nearly select the proxy.";
  command.example =
      "kuma xds explain -f mesh/ --dataplane web-1\nkuma xds explain -f mesh/ --dataplane web-1 --outbound backend --policy MeshTimeout";
  command.flags = {
      {.name = "file",
       .shorthand = "f",
       .type = cli::FlagType::kStringArray,
       .value_name = "FILE",
       .help = "file, folder or - for standard input; repeatable",
       .required = true},
      {.name = "dataplane", .value_name = "NAME", .help = "name of the Dataplane", .required = true},
      {.name = "mesh", .shorthand = "m", .default_value = "default", .help = "mesh of the Dataplane"},
      {.name = "zone", .default_value = "default", .help = "zone the control plane would stand for"},
      {.name = "feature", .type = cli::FlagType::kStringList, .help = "features the proxy would announce"},
      {.name = "outbound", .value_name = "SERVICE", .help = "only this outbound: a service, the name of a destination or its KRI"},
      {.name = "inbound", .value_name = "PORT", .help = "only this inbound: a port or a section's name"},
      {.name = "policy", .value_name = "TYPE", .help = "only policies of this type"},
      {.name = "all", .type = cli::FlagType::kBool, .help = "all policies that do not select the proxy, not only the nearest"},
      {.name = "output", .shorthand = "o", .default_value = "table", .help = "output format", .choices = {"table", "yaml", "json"}}};
  command.run = [](const cli::Invocation& invocation) {
    const Result<int> code = Explain(invocation);
    if (code.ok()) return *code;
    invocation.err() << "Error: " << code.error().ToString() << "\n";
    return 1;
  };
  return command;
}

}  // namespace kuma::xds
