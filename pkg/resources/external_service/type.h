// Classic destination outside of the mesh.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeExternalServiceType();

}  // namespace kuma::resources
