// Checks between keys and of values whose form a type does not say. The loader runs them last.
#pragma once

#include <vector>

#include "pkg/base/result.h"
#include "pkg/config/config.h"

namespace kuma::config {

Status CheckControlPlane(const Config& config);
Status CheckDataplane(const Config& config);

// One error of many mistakes: "configuration is not valid:" and a line for each.
Error ViolationsError(std::vector<Violation> violations);

}  // namespace kuma::config
