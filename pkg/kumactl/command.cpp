#include "pkg/kumactl/command.h"

#include "pkg/kumactl/commands.h"

namespace kuma::kumactl {

cli::Command MakeCommand() { return MakeCommand(RealEnvironment()); }

cli::Command MakeCommand(const EnvironmentPtr& environment) {
  cli::Command root;
  root.name = "kumactl";
  root.summary = "Management tool for Kuma";
  root.help =
      "Management tool for Kuma: creates, reads and inspects the resources of a control plane through its API.\n"
      "Without any configuration it talks to http://localhost:5681.";
  root.example =
      "# Write resources, read them back\n"
      "kumactl apply -f mesh.yaml\n"
      "kumactl get meshes\n\n"
      "# See which proxies are connected\n"
      "kumactl inspect dataplanes\n\n"
      "# Use a control plane elsewhere\n"
      "kumactl config control-planes add --name=prod --address=https://kuma.example.com:5682 --ca-cert-file=ca.pem";
  root.flags = {
      {.name = "config-file",
       .value_name = "FILE",
       .help = "path to the configuration file to use (default: ~/.kumactl/config)",
       .persistent = true},
      {.name = "context", .value_name = "NAME", .help = "control plane to use instead of the active one", .persistent = true},
      {.name = "log-level",
       .value_name = "LEVEL",
       .default_value = "off",
       .help = "debug shows every request to the control plane",
       .persistent = true,
       .choices = {"off", "info", "debug"}},
      {.name = "no-config",
       .type = cli::FlagType::kBool,
       .help = "do not read the configuration file, use http://localhost:5681",
       .persistent = true},
      {.name = "api-timeout",
       .type = cli::FlagType::kDuration,
       .default_value = "1m",
       .help = "the timeout for api calls. It includes connection time and reading the response body. A timeout of zero means no timeout",
       .persistent = true},
  };
  root.children = {
      MakeApplyCommand(environment),        MakeGetCommand(environment),     MakeDeleteCommand(environment),
      MakeDiffCommand(environment),         MakeExportCommand(environment),  MakeExplainCommand(environment),
      MakeApiResourcesCommand(environment), MakeInspectCommand(environment), MakeGenerateCommand(environment),
      MakeLintCommand(environment),         MakeAnalyzeCommand(environment), MakeConfigCommand(environment),
      MakeInstallCommand(environment),      MakeVersionCommand(environment),
  };
  for (cli::Command& child : root.children) {
    const std::string& name = child.name;
    if (name == "inspect" || name == "generate") {
      child.group = "Proxies and identities";
    } else if (name == "config" || name == "version" || name == "install") {
      child.group = "This tool";
    } else {
      child.group = "Resources";
    }
  }
  return root;
}

}  // namespace kuma::kumactl
