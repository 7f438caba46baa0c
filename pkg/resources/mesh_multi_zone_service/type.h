// A destination that joins MeshServices of several zones.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeMeshMultiZoneServiceType();

}  // namespace kuma::resources
