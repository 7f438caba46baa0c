// MeshMetric, metrics of proxies and applications: facts, schema and checks. Used by pkg/policy/all.cpp.
#pragma once

#include <vector>

#include "pkg/model/type.h"

namespace kuma::policy {

TypeDescriptor MakeMeshMetricType();

// Checks of a decoded spec beyond its schema; see validate.cpp.
void ValidateMeshMetric(const Resource& policy, std::vector<Violation>& violations);

}  // namespace kuma::policy
