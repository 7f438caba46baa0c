// MeshRateLimit, limits of requests and connections per time: facts, schema and checks. Used by pkg/policy/all.cpp.
#pragma once

#include <vector>

#include "pkg/model/type.h"

namespace kuma::policy {

TypeDescriptor MakeMeshRateLimitType();

// Checks of a decoded spec beyond its schema; see validate.cpp.
void ValidateMeshRateLimit(const Resource& policy, std::vector<Violation>& violations);

}  // namespace kuma::policy
