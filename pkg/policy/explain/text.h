// An explanation (explain.h) as people read it on a terminal. Used by kumactl and by `kuma xds explain`.
#pragma once

#include <ostream>

#include "pkg/base/json.h"

namespace kuma::policy {

// `all`: every policy that does not select the proxy, not only the nearest ones.
void PrintExplanation(std::ostream& out, const Json& explanation, bool all);

}  // namespace kuma::policy
