// kumactl version: of this tool and of the control plane.
#include "pkg/base/version.h"

#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/output.h"
#include "pkg/kumactl/session.h"

namespace kuma::kumactl {
namespace {

Result<Json> ServerIndex(Session& session) {
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  return api->GetJson("/");
}

Result<int> RunVersion(Session& session) {
  const bool detailed = session.invocation().GetBool("detailed");
  const BuildInfo& build = GetBuildInfo();
  if (detailed) {
    session.out() << "Product:       " << build.product << "\nVersion:       " << build.version << "\nGit Tag:       " << build.git_tag
                  << "\nGit Commit:    " << build.git_commit << "\nBuild Date:    " << build.build_date << "\n";
  } else {
    session.out() << "Client: " << build.product << " " << build.version << "\n";
  }
  const Result<Json> index = ServerIndex(session);
  if (!index) {
    session.err() << "Unable to connect to control plane: " << index.error().ToString() << "\n";
  } else if (detailed) {
    session.out() << "Server: " << DocumentJson(*index);
  } else {
    session.out() << "Server: " << GetString(*index, "product") << " " << GetString(*index, "version") << "\n";
  }
  return 0;
}

}  // namespace

cli::Command MakeVersionCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "version";
  command.summary = "Print the version of kumactl and of the control plane";
  command.example = "kumactl version -a";
  command.flags = {{.name = "detailed", .shorthand = "a", .type = cli::FlagType::kBool, .help = "print detailed version"}};
  command.run = Runs(environment, RunVersion);
  return command;
}

}  // namespace kuma::kumactl
