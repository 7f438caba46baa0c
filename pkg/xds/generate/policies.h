// The table of policies that edit drafts, in the order in which they do. A new policy adds its row here.
#pragma once

#include <vector>

#include "pkg/policy/drafts.h"

namespace kuma::xds {

const std::vector<policy::PolicyHooks>& Policies();

}  // namespace kuma::xds
