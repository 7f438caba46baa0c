// MeshRetry, when requests and connections are tried again: facts, schema and checks. Used by pkg/policy/all.cpp.
#pragma once

#include <vector>

#include "pkg/model/type.h"

namespace kuma::policy {

TypeDescriptor MakeMeshRetryType();

// Checks of a decoded spec beyond its schema; see validate.cpp.
void ValidateMeshRetry(const Resource& policy, std::vector<Violation>& violations);

}  // namespace kuma::policy
