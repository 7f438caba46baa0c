#include "cmd/xds/command.h"


#include <algorithm>
#include <filesystem>
#include <iterator>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/model/document.h"
#include "pkg/policy/all.h"
#include "pkg/reconcile/defaults.h"
#include "pkg/reconcile/destinations.h"
#include "pkg/resources/all.h"
#include "pkg/store/admission.h"
#include "pkg/store/memory/memory_store.h"
#include "pkg/xds/render.h"

namespace kuma::xds {
namespace {

Result<std::vector<Json>> ReadDocuments(const std::string& path, std::istream& in) {
  if (path == "-") {
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    return ParseYamlStream(text);
  }
  std::error_code code;
  std::vector<std::string> files;
  if (std::filesystem::is_directory(path, code)) {
    KUMA_TRY_ASSIGN(const std::vector<std::string> names, ListFolder(path));
    for (const std::string& name : names) {
      if (name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json")) files.push_back(JoinPath(path, name));
    }
  } else {
    files.push_back(path);
  }
  std::vector<Json> documents;
  for (const std::string& file : files) {
    KUMA_TRY_ASSIGN(const std::string text, ReadFile(file));
    Result<std::vector<Json>> parsed = ParseYamlStream(text);
    if (!parsed.ok()) return Invalid(parsed.error().message, file);
    std::move(parsed->begin(), parsed->end(), std::back_inserter(documents));
  }
  return documents;
}

// Order of writing: meshes first, since the rest belongs to them.
int Rank(const Json& document) {
  const std::string type = GetString(document, "type");
  return type == "Mesh" ? 0 : type == "Zone" ? 1 : type == "Dataplane" ? 3 : 2;
}

Result<std::vector<ResourcePtr>> Load(const cli::Invocation& invocation, const TypeRegistry& types) {
  store::MemoryStore store(RealClock());
  store::AdmissionOptions admission_options;
  admission_options.zone = invocation.GetString("zone");
  store::Admission admission(types, store, admission_options);
  reconcile::Defaults defaults(admission, {});
  defaults.Install();

  std::vector<Json> documents;
  for (const std::string& path : invocation.GetList("file")) {
    KUMA_TRY_ASSIGN(std::vector<Json> more, ReadDocuments(path, invocation.in()));
    std::move(more.begin(), more.end(), std::back_inserter(documents));
  }
  std::stable_sort(documents.begin(), documents.end(), [](const Json& a, const Json& b) { return Rank(a) < Rank(b); });
  bool have_default = false;
  for (const Json& document : documents) have_default = have_default || (GetString(document, "type") == "Mesh" && GetString(document, "name") == "default");
  if (!have_default) KUMA_TRY(defaults.EnsureAtStart());
  for (const Json& document : documents) {
    const std::string where = GetString(document, "type") + " " + GetString(document, "name");
    Result<Resource> resource = FromDocument(document, types);
    if (!resource.ok()) return Invalid(resource.error().message, where);
    const TypeDescriptor* type = types.Find(resource->meta.type());
    if (type->scope == Scope::kMesh && resource->meta.mesh().empty()) resource->meta.key.mesh = "default";
    store::PutResult put = admission.Put(resource->meta.key, *resource);
    if (!put.ok()) {
      std::string text = put.error->ToString();
      for (const Violation& violation : put.error->violations) text += "\n  " + violation.field + ": " + violation.message;
      return Invalid(text, where);
    }
    for (const std::string& warning : put.warnings) invocation.err() << "warning: " << where << ": " << warning << "\n";
  }
  // What a running control plane would compute: MeshServices, addresses, host names.
  reconcile::DestinationOptions destination_options;
  destination_options.zone = admission_options.zone;
  KUMA_TRY_ASSIGN(const std::unique_ptr<reconcile::Destinations> destinations,
                  reconcile::Destinations::Make(admission, RealClock(), std::move(destination_options)));
  const std::unique_ptr<store::Watch> watch = store.StartWatch([] {});
  destinations->Start(watch->Initial());
  destinations->Run();
  for (std::vector<store::Event> events = watch->Take(); !events.empty(); events = watch->Take()) {
    destinations->Apply(events);
    if (destinations->dirty()) destinations->Run();
  }
  std::vector<ResourcePtr> resources;
  for (const TypeDescriptor* type : types.All()) {
    KUMA_TRY_ASSIGN(const std::vector<ResourcePtr> list, store.List(type->name, {}));
    resources.insert(resources.end(), list.begin(), list.end());
  }
  return resources;
}

ProxyNode NodeOf(const cli::Invocation& invocation) {
  ProxyNode node;
  node.mesh = invocation.GetString("mesh");
  node.name = invocation.GetString("dataplane");
  node.proxy_type = "dataplane";
  node.features = invocation.GetList("feature");
  Json features = Json::array();
  for (const std::string& feature : node.features) features.push_back(feature);
  node.metadata = Json{{"dataplane.admin.port", "9901"},
                       {"dataplane.admin.address", "127.0.0.1"},
                       {"dataplane.readinessReporter.port", "9902"},
                       {"dataplane.proxyType", "dataplane"},
                       {"features", std::move(features)},
                       {"workdir", "/tmp"}};
  return node;
}

int RunRender(const cli::Invocation& invocation) {
  TypeRegistry types;
  resources::RegisterCoreTypes(types);
  policy::RegisterPolicyTypes(types);
  const auto fail = [&](const Error& error) {
    invocation.err() << "Error: " << error.ToString() << "\n";
    return 1;
  };
  Result<std::vector<ResourcePtr>> resources = Load(invocation, types);
  if (!resources.ok()) return fail(resources.error());
  RenderRequest request;
  request.resources = *std::move(resources);
  request.node = NodeOf(invocation);
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
