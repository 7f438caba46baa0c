// The data plane token: from the flag (then also written to the work directory, so that Envoy could read it again) or from a file.
#pragma once

#include <string>

#include "pkg/base/result.h"
#include "pkg/dp/settings.h"

namespace kuma::dp {

struct DataplaneToken {
  std::string text;  // trimmed; empty: none
  std::string path;
};

// A token that cannot be a JWT is an error here, before the control plane refuses it less clearly.
Result<DataplaneToken> LoadToken(const Settings& settings, const std::string& work_dir);

}  // namespace kuma::dp
