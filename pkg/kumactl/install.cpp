// kumactl install: what has to be installed elsewhere. The custom resource definitions of Kubernetes are made from the resource types.
#include <algorithm>
#include <set>

#include "pkg/k8s/api_server.h"
#include "pkg/k8s/kubernetes_types.h"
#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/session.h"
#include "pkg/model/crd.h"

namespace kuma::kumactl {
namespace {

std::string NameOf(const Json& definition) { return GetString(kuma::Get(definition, "metadata"), "name"); }

std::vector<Json> AllDefinitions(Session& session) {
  std::vector<Json> all = k8s::KubernetesOnlyDefinitions();
  for (const TypeDescriptor* type : session.Types().All()) {
    if (std::optional<Json> definition = CustomResourceDefinition(*type); definition.has_value()) all.push_back(*std::move(definition));
  }
  std::sort(all.begin(), all.end(), [](const Json& a, const Json& b) { return NameOf(a) < NameOf(b); });
  return all;
}

// Names of the definitions that the cluster has.
Result<std::set<std::string>> InstalledDefinitions(Session& session) {
  Result<k8s::ClientConfig> config = session.environment().kubernetes();
  if (!config) return MakeError(config.error().code, "Could not detect Kubernetes configuration: " + config.error().ToString());
  if (config->tls.skip_verify) session.err() << "WARNING: the certificate of " << config->server << " is not verified (insecure-skip-tls-verify).\n";
  const k8s::ApiServer server(
      *std::move(config), [&session](const io::HttpClientRequest& request) { return session.transport().Send(request); }, session.ApiTimeout());
  const Result<std::vector<Json>> found = server.ListMetadata("/apis/apiextensions.k8s.io/v1/customresourcedefinitions");
  if (!found) return MakeError(found.error().code, "Failed obtaining CRDs from Kubernetes cluster: " + found.error().ToString());
  std::set<std::string> names;
  for (const Json& metadata : *found) names.insert(GetString(metadata, "name"));
  return names;
}

Result<int> RunCrds(Session& session) {
  std::set<std::string> installed;
  if (session.invocation().GetBool("only-missing")) {
    KUMA_TRY_ASSIGN(installed, InstalledDefinitions(session));
  }
  for (const Json& definition : AllDefinitions(session)) {
    if (!installed.contains(NameOf(definition))) session.out() << "---\n" << ToYaml(definition);
  }
  session.out() << std::flush;
  return 0;
}

}  // namespace

cli::Command MakeInstallCommand(const EnvironmentPtr& environment) {
  cli::Command crds;
  crds.name = "crds";
  crds.summary = "Print the custom resource definitions of Kuma for Kubernetes";
  crds.example = "kumactl install crds | kubectl apply -f -\nkumactl install crds --only-missing | kubectl apply -f -";
  crds.flags = {{.name = "only-missing",
                 .type = cli::FlagType::kBool,
                 .help = "leave out what the cluster has: the one of $KUBECONFIG, ~/.kube/config or, in a pod, its own"}};
  crds.run = Runs(environment, RunCrds);

  cli::Command command;
  command.name = "install";
  command.summary = "Print what has to be installed elsewhere";
  command.example = "kumactl install crds | kubectl apply -f -";
  command.children = {std::move(crds)};
  return command;
}

}  // namespace kuma::kumactl
