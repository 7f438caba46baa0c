#include "cmd/roles.h"

#include "cmd/demo/command.h"
#include "cmd/kuma-cp/command.h"
#include "cmd/kuma-dp/command.h"
#include "cmd/xds/command.h"
#include "pkg/base/version.h"
#include "pkg/cli/complete.h"
#include "pkg/kumactl/command.h"

namespace kuma {
namespace {

// One row a role: the name of the program it answers to, the word under `kuma`, and its command tree.
struct Role {
  std::string_view program;
  std::string_view word;
  cli::Command (*make)();
};

cli::Command MakeInjectorCommand() {
  cli::Command run;
  run.name = "run";
  run.summary = "Inject sidecars into Pods (part of Kubernetes support)";
  run.run = [](const cli::Invocation& invocation) {
    invocation.err() << "Error: kuma-injector comes with Kubernetes support, which this release does not have yet; universal meshes work without it.\n";
    return 1;
  };
  cli::Command command;
  command.name = "kuma-injector";
  command.summary = "Kubernetes sidecar injection";
  command.children = {run};
  return command;
}

constexpr Role kRoles[] = {
    {"kuma-cp", "cp", cp::MakeCommand},
    {"kuma-dp", "dp", dp::MakeCommand},
    {"kumactl", "ctl", kumactl::MakeCommand},
    {"kuma-injector", "injector", MakeInjectorCommand},
};

std::string VersionText() {
  const BuildInfo& info = GetBuildInfo();
  return info.product + " " + info.version + " (commit " + info.git_commit + ", built " + info.build_date + ", for Envoy " + info.envoy_version + ")";
}

cli::Command MakeVersionCommand() {
  cli::Command command;
  command.name = "version";
  command.summary = "Print the version";
  command.flags = {{.name = "detailed", .shorthand = "a", .type = cli::FlagType::kBool, .help = "one line for each fact"}};
  command.run = [](const cli::Invocation& invocation) {
    const BuildInfo& info = GetBuildInfo();
    if (invocation.GetBool("detailed")) {
      invocation.out() << "Product:       " << info.product << "\nVersion:       " << info.version << "\nGit Tag:       " << info.git_tag
                       << "\nGit Commit:    " << info.git_commit << "\nBuild Date:    " << info.build_date << "\nEnvoy:         " << info.envoy_version << "\n";
    } else {
      invocation.out() << VersionText() << "\n";
    }
    return 0;
  };
  return command;
}

// Every role and `kuma` itself answer version, --version and completion.
void AddCommonCommands(cli::Command& command) {
  command.version = VersionText();
  if (cli::FindChild(command, "version") == nullptr) command.children.push_back(MakeVersionCommand());
  if (cli::FindChild(command, "completion") == nullptr) command.children.push_back(cli::MakeCompletionCommand(command.name));
}

}  // namespace

cli::Command MakeRootCommand() {
  cli::Command root;
  root.name = "kuma";
  root.summary = "A service mesh in one executable";
  root.help =
      "kuma is a whole service mesh in one file: the control plane (cp), the data plane proxy launcher (dp), the users' CLI (ctl) and the\n"
      "Kubernetes injector. Started under the name kuma-cp, kuma-dp, kumactl or kuma-injector it is that tool.";
  root.example =
      "# See a mesh at work: two services, two Envoys, mutual TLS, a permission\n"
      "kuma demo\n\n"
      "# Start a control plane, then a proxy beside your service\n"
      "kuma cp run\n"
      "kuma dp run --dataplane-file web.yaml";
  for (const Role& role : kRoles) {
    cli::Command command = role.make();
    command.name = role.word;
    command.aliases.emplace_back(role.program);
    command.group = "Roles";
    root.children.push_back(std::move(command));
  }
  root.children.push_back(demo::MakeCommand());
  root.children.push_back(xds::MakeCommand());
  AddCommonCommands(root);
  return root;
}

int RunRole(const std::string& program, const std::vector<std::string>& args, cli::Streams streams) {
  const size_t slash = program.rfind('/');
  const std::string base = slash == std::string::npos ? program : program.substr(slash + 1);
  for (const Role& role : kRoles) {
    if (base != role.program) continue;
    cli::Command command = role.make();
    command.name = role.program;
    AddCommonCommands(command);
    return cli::Run(command, args, streams);
  }
  return cli::Run(MakeRootCommand(), args, streams);
}

}  // namespace kuma
