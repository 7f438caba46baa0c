// How workloads get their SPIFFE identity.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeMeshIdentityType();

}  // namespace kuma::resources
