// MeshCircuitBreaker, limits of connections and ejection of failing endpoints: facts, schema and checks. Used by pkg/policy/all.cpp.
#pragma once

#include <vector>

#include "pkg/model/type.h"

namespace kuma::policy {

TypeDescriptor MakeMeshCircuitBreakerType();

// Checks of a decoded spec beyond its schema; see validate.cpp.
void ValidateMeshCircuitBreaker(const Resource& policy, std::vector<Violation>& violations);

}  // namespace kuma::policy
