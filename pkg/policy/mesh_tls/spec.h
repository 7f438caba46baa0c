// MeshTLS, mode, versions and ciphers of TLS between proxies: facts, schema and checks. Used by pkg/policy/all.cpp.
#pragma once

#include <vector>

#include "pkg/model/type.h"

namespace kuma::policy {

TypeDescriptor MakeMeshTLSType();

// Checks of a decoded spec beyond its schema; see validate.cpp.
void ValidateMeshTLS(const Resource& policy, std::vector<Violation>& violations);

}  // namespace kuma::policy
