// A resource as the Kubernetes object it would be (?format=k8s), for people who move configuration to a cluster.
#pragma once

#include <string>

#include "pkg/model/type.h"

namespace kuma::api {

// `ns` empty: the system namespace. Cluster-scoped kinds have none.
Json KubernetesObject(const Resource& resource, const TypeDescriptor& type, const std::string& ns, const std::string& system_namespace);

}  // namespace kuma::api
