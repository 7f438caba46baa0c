// The list of all resource types that are no targetRef policy. Adding a type adds its folder and a row in all.cpp.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

void RegisterCoreTypes(TypeRegistry& types);

}  // namespace kuma::resources
