// A destination made of data plane proxies.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeMeshServiceType();

}  // namespace kuma::resources
