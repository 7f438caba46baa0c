// Free TCP ports, for the demo and for children that must be told their port beforehand.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pkg/base/result.h"

namespace kuma::io {

// Different ports, all free at the time of asking; somebody else may take one before the caller does.
Result<std::vector<uint16_t>> FindFreePorts(const std::string& address, size_t count);
Result<uint16_t> FindFreePort(const std::string& address);
bool IsPortFree(const std::string& address, uint16_t port);

}  // namespace kuma::io
