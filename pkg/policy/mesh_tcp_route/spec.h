// MeshTCPRoute, where TCP connections go: facts, schema and checks. Used by pkg/policy/all.cpp.
#pragma once

#include <vector>

#include "pkg/model/type.h"

namespace kuma::policy {

TypeDescriptor MakeMeshTCPRouteType();

// Checks of a decoded spec beyond its schema; see validate.cpp.
void ValidateMeshTCPRoute(const Resource& policy, std::vector<Violation>& violations);

}  // namespace kuma::policy
