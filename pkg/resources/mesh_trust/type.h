// CA bundles of a trust domain.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeMeshTrustType();

}  // namespace kuma::resources
