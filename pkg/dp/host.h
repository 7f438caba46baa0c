// Facts of this machine that a bootstrap request tells or a decision needs.
#pragma once

#include <cstdint>
#include <string>

namespace kuma::dp {

// The memory limit of our control group, or 0 when there is none.
uint64_t DetectMemoryLimit();
// The bundle of the system's certificate authorities, or empty.
std::string FindSystemCaPath();
// An IPv6 address other than loopback.
bool HasIpv6Address();
// "localhost", a loopback address, this machine's host name or one of its addresses. Does not ask DNS.
bool IsLocalHost(const std::string& host);
// Path of the running program.
std::string OwnProgramPath();

}  // namespace kuma::dp
