// The list of policies: one row a policy. Used where types are registered at start.
#pragma once

#include "pkg/model/type.h"

namespace kuma::policy {

void RegisterPolicyTypes(TypeRegistry& types);

}  // namespace kuma::policy
