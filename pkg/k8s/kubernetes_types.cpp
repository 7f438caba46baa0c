#include "pkg/k8s/kubernetes_types.h"

#include "pkg/model/crd.h"
#include "pkg/model/type.h"

namespace kuma::k8s {
namespace {

Field Patches(std::string name, std::string doc) {
  Fields operation = {
      Field::Enum("op", {"add", "remove", "replace", "move", "copy"}, "Operation of JSON patch.").Required(),
      Field::String("path", "JSON pointer to what is changed.").Required(),
      Field::String("from", "JSON pointer to what is moved or copied."),
      Field::String("value", "Value of add and replace, as JSON in a text."),
  };
  return Field::List(std::move(name), Field::Object("", std::move(operation), ""), std::move(doc));
}

}  // namespace

std::vector<Json> KubernetesOnlyDefinitions() {
  TypeDescriptor patch;
  patch.name = "ContainerPatch";
  patch.path = "containerpatches";
  patch.singular_display = "Container Patch";
  patch.schema.fields = {Patches("sidecarPatch", "Changes to the sidecar container."), Patches("initPatch", "Changes to the init container.")};
  Json definition = *CustomResourceDefinition(patch);
  definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["mesh"] = {{"type", "string"}, {"description", "Not used."}};
  return {std::move(definition)};
}

}  // namespace kuma::k8s
