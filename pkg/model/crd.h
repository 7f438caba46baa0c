// Custom resource definitions of Kubernetes, made from type descriptors. Pure functions.
#pragma once

#include <optional>
#include <string>

#include "pkg/model/type.h"

namespace kuma {

// "meshtimeouts", "circuitbreakers": REST paths without hyphens.
std::string KubernetesPlural(const TypeDescriptor& type);
bool IsNamespacedKind(const TypeDescriptor& type);
// Secrets are native ones and some types exist only in answers: these have none.
std::optional<Json> CustomResourceDefinition(const TypeDescriptor& type);

}  // namespace kuma
