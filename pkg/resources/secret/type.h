// Opaque data: of a mesh (Secret), of the installation (GlobalSecret), and the internal Config.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeSecretType();
TypeDescriptor MakeGlobalSecretType();
TypeDescriptor MakeConfigType();

}  // namespace kuma::resources
