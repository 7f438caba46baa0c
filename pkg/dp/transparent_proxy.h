// The part of the transparent proxy's configuration that a data plane tells its control plane.
#pragma once

#include <istream>
#include <string>
#include <vector>

#include "pkg/base/json.h"

namespace kuma::dp {

Json DefaultTransparentProxy();

// The values of --transparent-proxy-config over the defaults; each is a list of files separated by commas, "-" for standard input, or the
// YAML text itself. Later values win. Keys that concern only the redirection itself are left out.
Result<Json> LoadTransparentProxy(const std::vector<std::string>& values, std::istream& standard_input);

}  // namespace kuma::dp
