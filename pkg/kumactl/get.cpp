// kumactl get: lists and single resources of every type.
#include "pkg/base/strings.h"
#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/output.h"
#include "pkg/kumactl/session.h"
#include "pkg/kumactl/type_names.h"

namespace kuma::kumactl {
namespace {

std::vector<std::string> ServerNames(const EnvironmentPtr& environment, const cli::Invocation& invocation, const std::string& word) {
  std::vector<std::string> names;
  Session session(invocation, environment);
  const Result<const TypeDescriptor*> type = FindType(session.Types(), word);
  if (!type) return names;
  const Result<std::string> mesh = session.Mesh();
  const Result<ApiClient*> api = session.Api();
  if (!mesh || !api) return names;
  const Result<ApiList> list = (*api)->ListAll(ListPath(**type, *mesh));
  if (!list) return names;
  for (const Json& item : list->items) names.push_back(GetString(item, "name"));
  return names;
}

Result<int> GetOne(Session& session, const TypeDescriptor& type, const std::string& mesh, const std::string& name) {
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  const Result<Json> document = api->GetJson(ItemPath(type, mesh, name));
  if (!document) {
    if (document.error().code != ErrorCode::kNotFound) return document.error();
    const std::string where = type.scope == Scope::kGlobal ? std::string() : " in " + mesh + " mesh";
    return NotFound("No resources found" + where + ": there is no " + type.name + " with name \"" + name + "\". `kumactl get " +
                    PluralOf(type) + "` lists them.");
  }
  const std::string format = session.invocation().GetString("output");
  if (format == "yaml") {
    session.out() << DocumentYaml(*document);
  } else if (format == "json") {
    session.out() << DocumentJson(*document);
  } else if (format == "name") {
    session.out() << GetString(*document, "name") << "\n";
  } else {
    ResourceTable(type, {*document}, format == "wide", session.environment().clock.Now()).Print(session.out());
  }
  return 0;
}

Result<ApiList> ListOf(Session& session, const TypeDescriptor& type, const std::string& mesh) {
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  const cli::Invocation& invocation = session.invocation();
  Query query;
  if (invocation.GetInt("size") > 0) query.emplace_back("size", std::to_string(invocation.GetInt("size")));
  if (invocation.IsSet("offset")) query.emplace_back("offset", invocation.GetString("offset"));
  Result<ApiList> list = api->ListPage(ListPath(type, mesh), query);
  if (!list && list.error().code == ErrorCode::kNotFound && type.scope == Scope::kMesh) {
    return NotFound("failed to list " + type.name + " of mesh \"" + mesh + "\": " + list.error().message +
                    ". `kumactl get meshes` lists the meshes.");
  }
  return list;
}

Result<int> GetMany(Session& session, const std::vector<const TypeDescriptor*>& types, const std::string& mesh) {
  const std::string format = session.invocation().GetString("output");
  ApiList joined;
  for (const TypeDescriptor* type : types) {
    KUMA_TRY_ASSIGN(ApiList list, ListOf(session, *type, mesh));
    if (format == "table" || format == "wide" || types.size() == 1) {
      if (type != types.front()) session.out() << "\n";
      PrintList(session.out(), format, list, ResourceTable(*type, list.items, format == "wide", session.environment().clock.Now()));
      continue;
    }
    joined.total += list.total;
    for (Json& item : list.items) joined.items.push_back(std::move(item));
  }
  if (!joined.items.empty()) PrintList(session.out(), format, joined, cli::Table({}));
  return 0;
}

Result<int> RunGet(Session& session) {
  const cli::Invocation& invocation = session.invocation();
  std::vector<const TypeDescriptor*> types;
  for (const std::string& word : Split(invocation.Arg(0), ',')) {
    KUMA_TRY_ASSIGN(const TypeDescriptor* type, FindType(session.Types(), word));
    types.push_back(type);
  }
  if (types.empty()) return Invalid("TYPE is empty");
  if (types.size() > 1 && invocation.args().size() > 1) return Invalid("a NAME can be given with one TYPE only");
  KUMA_TRY_ASSIGN(std::string mesh, session.Mesh());
  if (invocation.GetBool("all-meshes")) mesh.clear();
  if (mesh.empty() && invocation.args().size() > 1) return Invalid("--all-meshes can not be used with a NAME");
  KUMA_TRY(session.CheckServer());
  if (invocation.args().size() > 1) return GetOne(session, *types[0], mesh, invocation.Arg(1));
  return GetMany(session, types, mesh);
}

}  // namespace

cli::Candidates TypesAndNames(const EnvironmentPtr& environment) {
  return [environment](const cli::Invocation& invocation) {
    if (invocation.args().empty()) return TypeWords(*environment->types());
    return ServerNames(environment, invocation, invocation.Arg(0));
  };
}

cli::Candidates NamesOf(const EnvironmentPtr& environment, const std::string& type) {
  return [environment, type](const cli::Invocation& invocation) { return ServerNames(environment, invocation, type); };
}

cli::Command MakeGetCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "get";
  command.summary = "Show Kuma resources";
  command.help =
      "Show Kuma resources: all of a type, or the one of a name. TYPE is a singular, plural or short name (meshtimeout, meshtimeouts, "
      "mt);\n"
      "`kumactl api-resources` lists them. Several types are separated by commas.";
  command.example =
      "kumactl get meshes\n"
      "kumactl get dataplanes --mesh=demo -o wide\n"
      "kumactl get meshtimeout mesh-timeout-all-default -o yaml\n"
      "kumactl get meshtimeouts,meshretries -o json";
  command.args = "TYPE[,TYPE] [NAME]";
  command.min_args = 1;
  command.max_args = 2;
  command.flags = {
      OutputFlag({"table", "wide", "yaml", "json", "name"}),
      MeshFlag(environment),
      {.name = "all-meshes", .shorthand = "A", .type = cli::FlagType::kBool, .help = "list resources of every mesh"},
      {.name = "size",
       .type = cli::FlagType::kInt,
       .default_value = "0",
       .help = "maximum number of elements to return; 0 leaves it to the server"},
      {.name = "offset", .value_name = "OFFSET", .help = "the offset that indicates starting element of the resources list to retrieve"},
  };
  command.complete = TypesAndNames(environment);
  command.run = Runs(environment, RunGet);
  return command;
}

}  // namespace kuma::kumactl
