#include "cmd/xds/command.h"

#include <algorithm>
#include <iterator>

#include "cmd/xds/offline.h"
#include "pkg/base/log.h"
#include "pkg/policy/all.h"
#include "pkg/resources/all.h"
#include "pkg/xds/render.h"

namespace kuma::xds {
namespace {

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
  request.node = OfflineNode(invocation.GetString("mesh"), invocation.GetString("dataplane"), invocation.GetList("feature"));
  request.zone = invocation.GetString("zone");
  const Result<ViewPtr> view = Render(request, types);
  if (!view.ok()) return fail(view.error());
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
      "placeholders, since only a control plane can issue them.";
  render.example = "kuma xds render -f mesh.yaml -f policies/ --dataplane web-1\ncat all.yaml | kuma xds render -f - --mesh prod --dataplane web-1 -o json";
  render.flags = {{.name = "file", .shorthand = "f", .type = cli::FlagType::kStringArray, .value_name = "FILE", .help = "file, folder or - for standard input; repeatable", .required = true},
                  {.name = "dataplane", .value_name = "NAME", .help = "name of the Dataplane", .required = true},
                  {.name = "mesh", .shorthand = "m", .default_value = "default", .help = "mesh of the Dataplane"},
                  {.name = "zone", .default_value = "default", .help = "zone the control plane would stand for"},
                  {.name = "feature", .type = cli::FlagType::kStringList, .help = "features the proxy would announce"},
                  {.name = "output", .shorthand = "o", .default_value = "yaml", .help = "output format", .choices = {"yaml", "json"}}};
  render.run = RunRender;
  cli::Command command;
  command.name = "xds";
  command.summary = "Look at the configuration of proxies without a server";
  command.group = "Tools";
  command.children = {render};
  return command;
}

}  // namespace kuma::xds
