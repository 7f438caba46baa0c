#include "cmd/xds/command.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "cmd/xds/explain.h"
#include "cmd/xds/offline.h"
#include "cmd/xds/validate.h"
#include "pkg/base/log.h"
#include "pkg/dp/envoy_binary.h"
#include "pkg/envoy/draft.h"
#include "pkg/model/kri.h"
#include "pkg/policy/all.h"
#include "pkg/resources/all.h"
#include "pkg/xds/render.h"

namespace kuma::xds {
namespace {

// Which proxy is meant: one of the three flags names it.
Result<ProxyNode> NodeOf(const cli::Invocation& invocation) {
  std::optional<ProxyNode> node;
  for (const auto& [flag, type] : {std::pair{"dataplane", "dataplane"}, {"zone-ingress", "ingress"}, {"zone-egress", "egress"}}) {
    if (!invocation.IsSet(flag)) continue;
    if (node) return Invalid("only one of --dataplane, --zone-ingress and --zone-egress can be given");
    node = OfflineNode(invocation.GetString("mesh"), invocation.GetString(flag), invocation.GetList("feature"), type);
  }
  if (!node) return Invalid("name the proxy with --dataplane, --zone-ingress or --zone-egress");
  return *std::move(node);
}

Result<std::string> EnvoyOf(const cli::Invocation& invocation) {
  std::error_code ignored;
  const std::string own = std::filesystem::read_symlink("/proc/self/exe", ignored).string();
  const char* path = std::getenv("PATH");
  return dp::FindEnvoy(invocation.GetString("envoy"), own, path == nullptr ? "" : path);
}

// Prints what Envoy refuses; 1 when there is something.
Result<int> RunValidate(const cli::Invocation& invocation, RenderRequest request, const TypeRegistry& types) {
  ValidationRequest validation;
  KUMA_TRY_ASSIGN(validation.envoy, EnvoyOf(invocation));
  std::vector<ResourcePtr> policies;
  for (const ResourcePtr& resource : request.resources) {
    const TypeDescriptor* type = types.Find(resource->meta.type());
    if (type == nullptr || !type->is_policy || resource->meta.mesh() != request.node.mesh) continue;
    policies.push_back(resource);
    validation.policies.push_back(type->name + " " + resource->meta.name());
  }
  validation.render_without = [&](size_t index) -> Result<ViewPtr> {
    RenderRequest less = request;
    std::erase(less.resources, policies[index]);
    return Render(less, types);
  };
  KUMA_TRY_ASSIGN(validation.view, Render(request, types));
  KUMA_TRY_ASSIGN(std::vector<EnvoyRefusal> refusals, ValidateWithEnvoy(validation));
  const auto lacks_kafka = [](const EnvoyRefusal& refusal) { return LacksExtension(refusal.message, envoy::kKafkaBroker); };
  if (std::any_of(refusals.begin(), refusals.end(), lacks_kafka)) {
    // What the control plane does when such an Envoy connects and says what it has.
    request.node.extensions = {envoy::kTcpProxy};
    invocation.err() << "warning: this Envoy lacks " << envoy::kKafkaBroker << "; it is validated without, as it would be configured\n";
    KUMA_TRY_ASSIGN(validation.view, Render(request, types));
    KUMA_TRY_ASSIGN(refusals, ValidateWithEnvoy(validation));
  }
  for (const EnvoyRefusal& refusal : refusals) {
    invocation.err() << "Error: Envoy refuses " << (refusal.section.empty() ? "the configuration" : refusal.section + " " + refusal.resource) << ": " << refusal.message;
    if (!refusal.policy.empty()) invocation.err() << "\n  because of " << refusal.policy;
    invocation.err() << "\n";
  }
  if (!refusals.empty()) return 1;
  size_t count = 0;
  for (const ResourceType type : {ResourceType::kCluster, ResourceType::kEndpoint, ResourceType::kListener, ResourceType::kRoute}) {
    count += validation.view->list(type).size();
  }
  invocation.err() << "Envoy accepts the configuration (" << count << " resources)\n";
  return 0;
}

int RunRender(const cli::Invocation& invocation) {
  SetComponentLevel("defaults", LogLevel::kWarn);  // nobody waits for what a control plane says at its first start
  TypeRegistry types;
  resources::RegisterCoreTypes(types);
  policy::RegisterPolicyTypes(types);
  const auto fail = [&](const Error& error) {
    invocation.err() << "Error: " << error.ToString() << "\n";
    return 1;
  };
  std::vector<Json> documents;
  for (const std::string& path : invocation.GetList("file")) {
    Result<std::vector<Json>> more = ReadDocuments(path, invocation.in());
    if (!more.ok()) return fail(more.error());
    std::move(more->begin(), more->end(), std::back_inserter(documents));
  }
  OfflineOptions options;
  options.zone = invocation.GetString("zone");
  options.warn = [&](const std::string& text) { invocation.err() << "warning: " << text << "\n"; };
  Result<std::vector<ResourcePtr>> resources = LoadOffline(std::move(documents), types, options);
  if (!resources.ok()) return fail(resources.error());
  RenderRequest request;
  request.resources = *std::move(resources);
  Result<ProxyNode> node = NodeOf(invocation);
  if (!node.ok()) return fail(node.error());
  request.node = *std::move(node);
  request.zone = invocation.GetString("zone");
  const Result<ViewPtr> view = Render(request, types);
  if (!view.ok()) return fail(view.error());
  for (const Warning& warning : Warnings(**view)) {
    invocation.err() << "warning: " << warning.resource << (warning.path.empty() ? "" : " " + warning.path) << ": " << warning.message << "\n";
  }
  if (invocation.GetBool("validate")) {
    const Result<int> code = RunValidate(invocation, std::move(request), types);
    return code.ok() ? *code : fail(code.error());
  }
  const Result<Json> document = ViewDocument(**view);
  if (!document.ok()) return fail(document.error());
  invocation.out() << (invocation.GetString("output") == "json" ? ToPrettyJson(*document, 2) + "\n" : ToYaml(*document));
  return 0;
}

}  // namespace

cli::Command MakeCommand() {
  cli::Command render;
  render.name = "render";
  render.summary = "Print the Envoy configuration of a proxy, from files alone";
  render.help =
      "Reads resources (YAML or JSON, several documents in a file), adds what a control plane would compute (default policies,\n"
      "MeshServices, addresses) and prints what the proxy would get. No server is needed, so it fits a CI pipeline. Certificates are\n"
      "placeholders, since only a control plane can issue them. Pieces that would be left out are told on standard error.\n"
      "With --validate nothing is printed: real Envoy reads the configuration and what it refuses is told, with the policy whose doing it is.";
  render.example = "kuma xds render -f mesh.yaml -f policies/ --dataplane web-1\ncat all.yaml | kuma xds render -f - --mesh prod --dataplane web-1 -o json\nkuma xds render -f all.yaml --dataplane web-1 --validate\nkuma xds render -f all.yaml --zone-egress egress-1";
  render.flags = {{.name = "file", .shorthand = "f", .type = cli::FlagType::kStringArray, .value_name = "FILE", .help = "file, folder or - for standard input; repeatable", .required = true},
                  {.name = "dataplane", .value_name = "NAME", .help = "name of the Dataplane"},
                  {.name = "zone-ingress", .value_name = "NAME", .help = "name of a ZoneIngress, instead"},
                  {.name = "zone-egress", .value_name = "NAME", .help = "name of a ZoneEgress, instead"},
                  {.name = "validate", .type = cli::FlagType::kBool, .help = "let Envoy read the configuration instead of printing it"},
                  {.name = "envoy", .value_name = "PROGRAM", .default_value = "envoy", .help = "Envoy for --validate: a path, or a name that is found as kuma-dp does"},
                  {.name = "mesh", .shorthand = "m", .default_value = "default", .help = "mesh of the Dataplane"},
                  {.name = "zone", .default_value = "default", .help = "zone the control plane would stand for"},
                  {.name = "feature", .type = cli::FlagType::kStringList, .help = "features the proxy would announce"},
                  {.name = "output", .shorthand = "o", .default_value = "yaml", .help = "output format", .choices = {"yaml", "json"}}};
  render.run = RunRender;
  cli::Command command;
  command.name = "xds";
  command.summary = "Look at the configuration of proxies without a server";
  command.group = "Tools";
  command.children = {render, MakeExplainCommand()};
  return command;
}

}  // namespace kuma::xds
