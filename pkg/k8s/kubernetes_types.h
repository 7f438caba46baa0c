// Kinds that only Kubernetes knows: they are in no REST API and in no store. Used by kumactl install.
#pragma once

#include <vector>

#include "pkg/base/json.h"

namespace kuma::k8s {

// Their custom resource definitions: ContainerPatch, which changes the containers that are injected into pods.
std::vector<Json> KubernetesOnlyDefinitions();

}  // namespace kuma::k8s
