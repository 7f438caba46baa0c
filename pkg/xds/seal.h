// From generated messages to sealed resources.
#pragma once

#include <vector>

#include "pkg/xds/cache.h"
#include "pkg/xds/units.h"

namespace kuma::xds {

// Serializes deterministically (map fields sorted) and interns.
std::vector<SealedPtr> SealOutput(const UnitOutput& output, ResourceCache& cache);

}  // namespace kuma::xds
