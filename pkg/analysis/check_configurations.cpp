// What planning and generating the proxies' configuration leaves out, and what is deprecated.
#include "pkg/analysis/world.h"
#include "pkg/base/strings.h"
#include "pkg/model/kri.h"
#include "pkg/xds/render.h"

namespace kuma::analysis {

namespace {

// Replicas say the same; a mesh with more proxies than this shows in the insights of its control plane.
constexpr size_t kMostProxies = 200;

void CollectDeprecated(const Fields& fields, const Json& value, const std::string& prefix, std::vector<std::string>& paths);

void CollectDeprecated(const Field& field, const Json& value, const std::string& path, std::vector<std::string>& paths) {
  if (field.kind == FieldKind::kObject && field.fields) CollectDeprecated(*field.fields, value, path, paths);
  if (field.kind == FieldKind::kList && field.element && value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) CollectDeprecated(*field.element, value[i], path + "[" + std::to_string(i) + "]", paths);
  }
}

void CollectDeprecated(const Fields& fields, const Json& value, const std::string& prefix, std::vector<std::string>& paths) {
  if (!value.is_object()) return;
  for (const Field& field : fields) {
    const auto it = value.find(field.name);
    if (it == value.end()) continue;
    const std::string path = prefix.empty() ? field.name : prefix + "." + field.name;
    if (field.deprecated) {
      paths.push_back(path);
    } else {
      CollectDeprecated(field, *it, path, paths);
    }
  }
}

}  // namespace

void CheckDeprecations(const Resource& resource, const TypeDescriptor& type, Reporter& report) {
  // Default policies are the control plane's own ("mesh-timeout-all-default").
  if (type.is_insight || (type.is_policy && resource.meta.name().ends_with("-all-" + resource.meta.mesh()))) return;
  std::vector<std::string> paths;
  CollectDeprecated(type.schema.fields, resource.spec, type.inlined_spec ? "" : "spec", paths);
  for (const std::string& path : paths) report.Add("deprecated", resource, path, "the field is deprecated");
  if (!type.warnings) return;
  for (const std::string& text : type.warnings(resource)) {
    if (Contains(ToLower(text), "deprecat") || !(type.is_policy || type.is_proxy)) {
      report.Add("deprecated", resource, "", text);
      continue;
    }
    // "path: message" of a piece that is left out whatever else there is.
    const size_t colon = text.find(": ");
    const bool has_path = colon != std::string::npos && text.substr(0, colon).find(' ') == std::string::npos;
    report.Add("faulty-piece", resource, has_path ? text.substr(0, colon) : "", has_path ? text.substr(colon + 2) : text);
  }
}

void CheckConfigurations(const MeshView& mesh, Reporter& report) {
  std::map<std::string, ResourcePtr> by_kri;
  for (const ResourcePtr& resource : mesh.input.resources) {
    const std::string kri = ToString(KriOf(resource->meta), mesh.input.types);
    by_kri[kri.empty() ? resource->meta.type() + " " + resource->meta.name() : kri] = resource;
  }
  // What running control planes have found already, on real proxies.
  for (const ResourcePtr& resource : mesh.input.resources) {
    if (resource->meta.type() != "DataplaneInsight" || resource->meta.mesh() != mesh.name()) continue;
    for (const Json& warning : Get(resource->spec, "warnings")) {
      const auto blamed = by_kri.find(GetString(warning, "resource"));
      const mesh::DataplanePtr* dataplane = mesh.snapshot->FindDataplane(resource->meta.name());
      const std::string text = GetString(warning, "message");
      const std::string_view rule = text.starts_with("Envoy rejected") ? "rejected" : "faulty-piece";
      if (blamed != by_kri.end()) {
        report.Add(rule, *blamed->second, GetString(warning, "path"), text);
      } else if (dataplane != nullptr) {
        report.Add(rule, *(*dataplane)->resource, GetString(warning, "path"), text);
      }
    }
  }
  size_t count = 0;
  for (const auto& [name, dataplane] : mesh.snapshot->AllDataplanes()) {
    if (++count > kMostProxies) return;
    xds::ProxyNode node;
    node.mesh = mesh.name();
    node.name = name;
    node.proxy_type = "dataplane";
    node.metadata = Json{{"dataplane.proxyType", "dataplane"}};
    xds::IdentityPtr identity;
    if (mesh.snapshot->mesh->mtls_enabled) identity = xds::PlaceholderIdentity(mesh.snapshot->mesh->backend_name);
    for (const Warning& warning : xds::PlanWarnings(node, dataplane, mesh.snapshot, identity, mesh.input.types, mesh.input.zone)) {
      const auto blamed = by_kri.find(warning.resource);
      report.Add("faulty-piece", blamed == by_kri.end() ? *dataplane->resource : *blamed->second, warning.path, warning.message);
    }
  }
}

}  // namespace kuma::analysis
