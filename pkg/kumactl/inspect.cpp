// kumactl inspect: which proxies a policy reaches; the parent of the other inspections.
#include "pkg/base/strings.h"
#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/output.h"
#include "pkg/kumactl/session.h"
#include "pkg/kumactl/type_names.h"

namespace kuma::kumactl {
namespace {

std::string AttachmentText(const Json& attachment) {
  const std::string type = GetString(attachment, "type");
  if (type == "dataplane") return type;
  if (type == "service") return type + " " + GetString(attachment, "name");
  return type + " " + GetString(attachment, "name") + "(" + GetString(attachment, "service") + ")";
}

// Policies from before targetRef answer with the places of each proxy to which they are attached.
void PrintAttachments(std::ostream& out, const ApiList& list) {
  out << "Affected data plane proxies:\n\n";
  for (const Json& item : list.items) {
    const std::string gateway = GetString(Get(item, "gateway"), "name");
    out << "  " << (gateway.empty() ? GetString(Get(item, "dataplane"), "name") : gateway);
    const Json& attachments = Get(item, "attachments");
    const bool whole = attachments.is_array() && attachments.size() == 1 && GetString(attachments[0], "type") == "dataplane";
    if (gateway.empty() && !whole) {
      out << ":\n";
      for (const Json& attachment : attachments) out << "    " << AttachmentText(attachment) << "\n";
    }
    out << "\n";
  }
}

Result<int> RunInspectPolicy(Session& session) {
  const cli::Invocation& invocation = session.invocation();
  Result<const TypeDescriptor*> found = FindType(session.Types(), invocation.Arg(0));
  if (!found) {
    std::vector<std::string> names;
    for (const cli::Command& child : invocation.command().children) names.push_back(child.name);
    const std::string near = NearestName(invocation.Arg(0), names);
    return NotFound(near.empty() ? found.error().message : "unknown command \"" + invocation.Arg(0) + "\". Did you mean \"" + near + "\"?");
  }
  const TypeDescriptor& type = **found;
  if (!type.is_policy && !type.is_destination) {
    return Invalid(type.name + " is no policy; `kumactl get " + PluralOf(type) +
                   "` shows it, and `kumactl inspect --help` what else can be inspected");
  }
  if (invocation.args().size() != 2)
    return Invalid("accepts 1 arg(s), received " + std::to_string(invocation.args().size() - 1) + " (" + invocation.Arg(0) + " NAME)");
  KUMA_TRY_ASSIGN(const std::string mesh, session.Mesh());
  KUMA_TRY(session.CheckServer());
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  Query query;
  if (invocation.GetInt("size") > 0) query.emplace_back("size", std::to_string(invocation.GetInt("size")));
  if (invocation.IsSet("offset")) query.emplace_back("offset", invocation.GetString("offset"));
  const std::string path = ItemPath(type, mesh, invocation.Arg(1));
  if (type.policy == nullptr && type.is_policy && !invocation.GetBool("new-api")) {
    KUMA_TRY_ASSIGN(const ApiList list, api->ListPage(path + "/dataplanes", query));
    PrintAttachments(session.out(), list);
    return 0;
  }
  KUMA_TRY_ASSIGN(const ApiList list, api->ListPage(path + "/_resources/dataplanes", query));
  cli::Table table({"Type", "Mesh", "Name"});
  for (const Json& item : list.items) table.AddRow({GetString(item, "type"), GetString(item, "mesh"), GetString(item, "name")});
  const std::string format = invocation.GetString("output");
  PrintList(session.out(), format, list, table);
  if (format == "table") session.out() << "\nTotal: " << list.total << "\n";
  return 0;
}

}  // namespace

cli::Command MakeInspectCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "inspect";
  command.summary = "Inspect Kuma resources";
  command.help =
      "Inspect Kuma resources: the state of proxies, zones, meshes and services, what one proxy is configured with, and with\n"
      "`inspect POLICY NAME` the proxies that a policy reaches.";
  command.example =
      "kumactl inspect dataplanes --mesh=demo\n"
      "kumactl inspect dataplane web-1 --type=config-dump\n"
      "kumactl inspect meshtimeout web-timeouts";
  command.args = "POLICY NAME";
  command.min_args = 1;
  command.max_args = 2;
  command.flags = {
      OutputFlag({"table", "yaml", "json"}),
      MeshFlag(environment),
      {.name = "new-api",
       .type = cli::FlagType::kBool,
       .help = "use the newer version of the inspect api, also for policies without targetRef"},
      {.name = "size",
       .type = cli::FlagType::kInt,
       .default_value = "0",
       .help = "maximum number of elements to return; 0 leaves it to the server"},
      {.name = "offset", .value_name = "OFFSET", .help = "the offset for pagination"},
  };
  command.complete = [environment, names = TypesAndNames(environment)](const cli::Invocation& invocation) {
    if (!invocation.args().empty()) return names(invocation);
    std::vector<std::string> words;
    const std::shared_ptr<const TypeRegistry> types = environment->types();
    for (const TypeDescriptor* type : types->All()) {
      if (type->is_policy && !type->kumactl_arg.empty()) words.push_back(type->kumactl_arg);
    }
    return words;
  };
  command.run = Runs(environment, RunInspectPolicy);
  command.children = {MakeInspectDataplanesCommand(environment),
                      MakeInspectDataplaneCommand(environment),
                      MakeInspectMeshesCommand(environment),
                      MakeInspectServicesCommand(environment),
                      MakeInspectZonesCommand(environment),
                      MakeInspectZoneProxiesCommand(environment, "zoneingresses", "zoneIngressInsight"),
                      MakeInspectZoneProxyCommand(environment, "zoneingress"),
                      MakeInspectZoneProxiesCommand(environment, "zoneegresses", "zoneEgressInsight"),
                      MakeInspectZoneProxyCommand(environment, "zoneegress")};
  return command;
}

}  // namespace kuma::kumactl
