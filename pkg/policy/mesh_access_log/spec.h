// MeshAccessLog, logs of requests and connections: facts, schema and checks. Used by pkg/policy/all.cpp.
#pragma once

#include <vector>

#include "pkg/model/type.h"

namespace kuma::policy {

TypeDescriptor MakeMeshAccessLogType();

// Checks of a decoded spec beyond its schema; see validate.cpp.
void ValidateMeshAccessLog(const Resource& policy, std::vector<Violation>& violations);

}  // namespace kuma::policy
