// Connecting within a deadline, for code that blocks: the HTTP client, probes. Any thread.
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <string>

#include "pkg/base/result.h"
#include "pkg/io/fd.h"

namespace kuma::io {

using Deadline = std::chrono::steady_clock::time_point;

// Waits for readiness; false when the time is over.
bool PollFor(int fd, bool readable, Deadline deadline);

// A connected, non-blocking socket. `why` gets the reason when there is none. `source` is the IP to connect from; empty: any.
Result<ScopedFd> ConnectOne(int family, const sockaddr* address, socklen_t size, Deadline deadline, std::string& why,
                            const std::string& source = {});
// To the first address of the host that answers.
Result<ScopedFd> ConnectTcp(const std::string& host, uint16_t port, Deadline deadline, const std::string& source = {});

}  // namespace kuma::io
