// The command table of kumactl, one function a row. Each makes the command and its children.
#pragma once

#include "pkg/cli/command.h"
#include "pkg/kumactl/environment.h"

namespace kuma::kumactl {

cli::Command MakeApplyCommand(const EnvironmentPtr& environment);
cli::Command MakeGetCommand(const EnvironmentPtr& environment);
cli::Command MakeDeleteCommand(const EnvironmentPtr& environment);
cli::Command MakeDiffCommand(const EnvironmentPtr& environment);
cli::Command MakeExportCommand(const EnvironmentPtr& environment);
cli::Command MakeInspectCommand(const EnvironmentPtr& environment);
cli::Command MakeInspectDataplaneCommand(const EnvironmentPtr& environment);
cli::Command MakeInspectDataplanesCommand(const EnvironmentPtr& environment);
cli::Command MakeInspectZonesCommand(const EnvironmentPtr& environment);
cli::Command MakeInspectZoneProxiesCommand(const EnvironmentPtr& environment, const std::string& name, const std::string& insight);
cli::Command MakeInspectZoneProxyCommand(const EnvironmentPtr& environment, const std::string& name);
cli::Command MakeInspectMeshesCommand(const EnvironmentPtr& environment);
cli::Command MakeInspectServicesCommand(const EnvironmentPtr& environment);
cli::Command MakeGenerateCommand(const EnvironmentPtr& environment);
cli::Command MakeSigningKeyCommand(const EnvironmentPtr& environment);
cli::Command MakePublicKeyCommand(const EnvironmentPtr& environment);
cli::Command MakeTlsCertificateCommand(const EnvironmentPtr& environment);
cli::Command MakeOpenApiCommand(const EnvironmentPtr& environment);
cli::Command MakeDocsCommand(const EnvironmentPtr& environment);
cli::Command MakeInstallCommand(const EnvironmentPtr& environment);
cli::Command MakeConfigCommand(const EnvironmentPtr& environment);
cli::Command MakeExplainCommand(const EnvironmentPtr& environment);
cli::Command MakeApiResourcesCommand(const EnvironmentPtr& environment);
cli::Command MakeLintCommand(const EnvironmentPtr& environment);
cli::Command MakeAnalyzeCommand(const EnvironmentPtr& environment);
cli::Command MakeVersionCommand(const EnvironmentPtr& environment);

// Completions: the words of types for the first positional, the server's names of that type for the second.
cli::Candidates TypesAndNames(const EnvironmentPtr& environment);
// Names of one type, for commands such as `inspect dataplane`.
cli::Candidates NamesOf(const EnvironmentPtr& environment, const std::string& type);

// The document is written under its own name; both are "type" and "name" of the document.
struct Identity {
  const TypeDescriptor* type = nullptr;
  std::string mesh;
  std::string name;
};
// `mesh` is used by mesh-scoped documents that name none; empty makes that an error.
Result<Identity> IdentityOf(const Json& document, const TypeRegistry& types, const std::string& mesh);

}  // namespace kuma::kumactl
