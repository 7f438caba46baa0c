#include "cmd/xds/offline.h"

#include <algorithm>
#include <filesystem>
#include <iterator>

#include "pkg/base/files.h"
#include "pkg/model/document.h"
#include "pkg/reconcile/defaults.h"
#include "pkg/reconcile/settle.h"
#include "pkg/store/admission.h"
#include "pkg/store/memory/memory_store.h"

namespace kuma::xds {
namespace {

// Order of writing: meshes first, since the rest belongs to them.
int Rank(const Json& document) {
  const std::string type = GetString(document, "type");
  return type == "Mesh" ? 0 : type == "Zone" ? 1 : type == "Dataplane" ? 3 : 2;
}

}  // namespace

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

Result<std::vector<ResourcePtr>> LoadOffline(std::vector<Json> documents, const TypeRegistry& types, const OfflineOptions& options) {
  store::MemoryStore store(RealClock());
  store::AdmissionOptions admission_options;
  admission_options.zone = options.zone;
  store::Admission admission(types, store, admission_options);
  reconcile::Defaults defaults(admission, {});
  defaults.Install();

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
    for (const std::string& warning : put.warnings) {
      if (options.warn) options.warn(where + ": " + warning);
    }
  }
  // What a running control plane would compute: MeshServices, addresses, host names.
  reconcile::DestinationOptions destination_options;
  destination_options.zone = admission_options.zone;
  KUMA_TRY(reconcile::Settle(admission, RealClock(), {std::move(destination_options), {.zone = admission_options.zone}}));
  std::vector<ResourcePtr> resources;
  for (const TypeDescriptor* type : types.All()) {
    KUMA_TRY_ASSIGN(const std::vector<ResourcePtr> list, store.List(type->name, {}));
    resources.insert(resources.end(), list.begin(), list.end());
  }
  return resources;
}

ProxyNode OfflineNode(const std::string& mesh, const std::string& name, const std::vector<std::string>& features, const std::string& proxy_type) {
  ProxyNode node;
  if (proxy_type == "dataplane") node.mesh = mesh;
  node.name = name;
  node.proxy_type = proxy_type;
  node.features = features;
  node.metadata = Json{{"dataplane.admin.port", "9901"},
                       {"dataplane.admin.address", "127.0.0.1"},
                       {"dataplane.readinessReporter.port", "9902"},
                       {"dataplane.proxyType", proxy_type},
                       {"features", features},
                       {"workdir", "/tmp"}};
  return node;
}

}  // namespace kuma::xds
