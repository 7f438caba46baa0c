// Types of the classic policy API (sources/destinations) and the built-in gateway. They are stored, listed and synced, so that
// existing configuration can be kept and read, but nothing acts on them; their specs are not checked.
#pragma once

#include <vector>

#include "pkg/model/type.h"

namespace kuma::resources {

std::vector<TypeDescriptor> MakeLegacyTypes();

}  // namespace kuma::resources
