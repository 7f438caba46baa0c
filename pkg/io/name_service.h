// Name resolution in a static glibc executable. Called once by main before threads.
#pragma once

namespace kuma::io {

// Restricts host names to the two services that are built into a static glibc ("files dns"), so that getaddrinfo never tries to
// load shared objects of another glibc. Does nothing elsewhere.
void ConfigureStaticNameServices();

}  // namespace kuma::io
