// Host names: which services answer for them, and asking these.
#pragma once

#include <string>
#include <vector>

namespace kuma::io {

// Called once by main before threads. Restricts host names to the two services that are built into a static glibc ("files dns"), so that getaddrinfo never tries to
// load shared objects of another glibc. Does nothing elsewhere.
void ConfigureStaticNameServices();

// IP addresses of a host name as text, without duplicates; none when it is unknown. Blocks; any thread.
std::vector<std::string> LookUpAddresses(const std::string& name);

}  // namespace kuma::io
