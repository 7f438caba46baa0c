// MeshProxyPatch, raw changes of Envoy's configuration: facts, schema and checks. Used by pkg/policy/all.cpp.
#pragma once

#include <vector>

#include "pkg/model/type.h"

namespace kuma::policy {

TypeDescriptor MakeMeshProxyPatchType();

// Checks of a decoded spec beyond its schema; see validate.cpp.
void ValidateMeshProxyPatch(const Resource& policy, std::vector<Violation>& violations);

}  // namespace kuma::policy
