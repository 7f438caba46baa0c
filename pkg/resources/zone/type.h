// A zone known to the global control plane.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeZoneType();

}  // namespace kuma::resources
