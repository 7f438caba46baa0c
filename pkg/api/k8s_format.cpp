#include "pkg/api/k8s_format.h"

#include "pkg/model/crd.h"

namespace kuma::api {
namespace {

Json Metadata(const Resource& resource, const std::string& ns) {
  Json metadata = {{"name", resource.meta.name()}, {"creationTimestamp", FormatRfc3339(std::chrono::floor<std::chrono::seconds>(resource.meta.creation_time))}};
  if (!ns.empty()) metadata["namespace"] = ns;
  return metadata;
}

}  // namespace

Json KubernetesObject(const Resource& resource, const TypeDescriptor& type, const std::string& ns, const std::string& system_namespace) {
  const std::string used_namespace = ns.empty() ? system_namespace : ns;
  const std::string& mesh = resource.meta.mesh();
  if (type.name == "Secret" || type.name == "GlobalSecret") {
    Json metadata = Metadata(resource, used_namespace);
    if (!mesh.empty()) metadata["labels"] = {{kMeshLabel, mesh}};
    return {{"apiVersion", "v1"},
            {"kind", "Secret"},
            {"type", type.name == "Secret" ? "system.kuma.io/secret" : "system.kuma.io/global-secret"},
            {"metadata", std::move(metadata)},
            {"data", {{"value", Get(resource.spec, "data")}}}};
  }
  Json metadata = Metadata(resource, IsNamespacedKind(type) ? used_namespace : std::string{});
  Json object = {{"apiVersion", "kuma.io/v1alpha1"}, {"kind", type.name}};
  if (!mesh.empty()) {
    if (type.inlined_spec) {
      object["mesh"] = mesh;
    } else {
      metadata["labels"] = {{kMeshLabel, mesh}};
    }
  }
  object["metadata"] = std::move(metadata);
  object["spec"] = resource.spec;
  if (type.has_status && !resource.status.is_null()) object["status"] = resource.status;
  return object;
}

}  // namespace kuma::api
