// Public address of a zone for a mesh.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeMeshZoneAddressType();

}  // namespace kuma::resources
