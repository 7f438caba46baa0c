// Configuration dumps of Envoy, as they may be shown. Pure function.
#pragma once

#include <string>

#include "pkg/base/result.h"

namespace kuma::api {

// Without what lets its reader act as the proxy: bearer tokens, private keys, passwords.
Result<std::string> SanitizeConfigDump(const std::string& dump);

}  // namespace kuma::api
