// kumactl delete: one resource by name, or those of files.
#include <algorithm>

#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/documents.h"
#include "pkg/kumactl/dry_run.h"
#include "pkg/kumactl/session.h"
#include "pkg/kumactl/type_names.h"

namespace kuma::kumactl {
namespace {

bool IsDryRun(const Session& session) { return session.invocation().GetString("dry-run") == "server"; }

Status DeleteOne(Session& session, const TypeDescriptor& type, const std::string& mesh, const std::string& name) {
  if (type.read_only) return Invalid("TYPE: " + type.name + " is readOnly, can't use it for write action");
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  const Result<io::HttpResponse> response = api->Call({.method = "DELETE", .path = ItemPath(type, mesh, name)});
  if (response) {
    session.out() << "deleted " << type.name << " \"" << name << "\"\n";
    return Ok();
  }
  Error error = response.error();
  if (error.code == ErrorCode::kNotFound) {
    return NotFound("there is no " + type.name + " with name \"" + name + "\"" +
                    (type.scope == Scope::kMesh ? " in mesh \"" + mesh + "\"" : std::string()));
  }
  if (error.code != ErrorCode::kUnavailable)
    error.message = "failed to delete " + type.name + " with the name \"" + name + "\": " + error.message;
  return error;
}

// In the reverse order of the files, so that what was created last goes first.
Result<int> DeleteFiles(Session& session) {
  const cli::Invocation& invocation = session.invocation();
  if (!invocation.args().empty()) return Invalid("use either TYPE NAME or --file, not both");
  KUMA_TRY_ASSIGN(std::vector<Document> documents,
                  ReadDocuments({invocation.GetList("file"), invocation.GetMap("var"), invocation.in(), session.transport()}));
  std::reverse(documents.begin(), documents.end());
  if (!IsDryRun(session)) KUMA_TRY(session.CheckServer());
  // No default here: deleting from a mesh that nobody named would surprise.
  const std::string mesh = invocation.GetString("mesh");
  size_t failed = 0;
  std::vector<Json> changes;
  for (const Document& document : documents) {
    Status status = Ok();
    if (!document.value) {
      status = document.value.error();
    } else if (const Result<Identity> identity = IdentityOf(*document.value, session.Types(), mesh); !identity) {
      status = identity.error();
    } else if (IsDryRun(session)) {
      changes.push_back(DeleteChange(identity->type->name, identity->mesh, identity->name));
    } else {
      status = DeleteOne(session, *identity->type, identity->mesh, identity->name);
    }
    if (status) continue;
    ++failed;
    if (status.error().code == ErrorCode::kUnavailable) return status.error();
    session.err() << "resource[" << document.index << "]: " << ViolationLines(status.error()) << "\n";
  }
  if (!changes.empty()) {
    KUMA_TRY_ASSIGN(const int code, DryRunOnServer(session, std::move(changes)));
    if (failed == 0) return code;
  }
  if (failed == 0) return 0;
  return Invalid(std::to_string(failed) + " of " + std::to_string(documents.size()) + " resources were not deleted");
}

Result<int> RunDelete(Session& session) {
  const cli::Invocation& invocation = session.invocation();
  KUMA_TRY(CheckDryRunFlags(invocation));
  if (invocation.IsSet("file")) return DeleteFiles(session);
  if (invocation.args().size() != 2)
    return Invalid("accepts 2 arg(s), received " + std::to_string(invocation.args().size()) + " (TYPE NAME), or --file");
  KUMA_TRY_ASSIGN(const TypeDescriptor* type, FindType(session.Types(), invocation.Arg(0)));
  KUMA_TRY_ASSIGN(const std::string mesh, session.Mesh());
  if (IsDryRun(session)) return DryRunOnServer(session, {DeleteChange(type->name, type->scope == Scope::kMesh ? mesh : std::string(), invocation.Arg(1))});
  KUMA_TRY(session.CheckServer());
  KUMA_TRY(DeleteOne(session, *type, mesh, invocation.Arg(1)));
  return 0;
}

}  // namespace

cli::Command MakeDeleteCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "delete";
  command.summary = "Delete Kuma resources";
  command.example =
      "kumactl delete meshtimeout web-timeouts --mesh=demo\n"
      "kumactl delete -f resources/\n\n"
      "# Which proxies would change, before anything is deleted\n"
      "kumactl delete meshtimeout web-timeouts --dry-run=server --diff";
  command.args = "TYPE NAME";
  command.max_args = 2;
  command.flags = {
      MeshFlag(environment),
      {.name = "file",
       .shorthand = "f",
       .type = cli::FlagType::kStringArray,
       .value_name = "PATH",
       .help = "delete the resources of this file, folder, URL or \"-\" for standard input; repeatable"},
      {.name = "var",
       .shorthand = "v",
       .type = cli::FlagType::kStringMap,
       .value_name = "KEY=VALUE",
       .help = "variable to replace in the files"},
  };
  for (cli::Flag& flag : DryRunFlags(false)) command.flags.push_back(std::move(flag));
  command.complete = TypesAndNames(environment);
  command.run = Runs(environment, RunDelete);
  return command;
}

}  // namespace kuma::kumactl
