#include "pkg/io/connect.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <cerrno>
#include <memory>

#include "pkg/io/socket.h"

namespace kuma::io {
namespace {

bool BindTo(int fd, int family, const std::string& source) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  v4.sin_family = AF_INET;
  v6.sin6_family = AF_INET6;
  if (family == AF_INET)
    return ::inet_pton(AF_INET, source.c_str(), &v4.sin_addr) == 1 && ::bind(fd, reinterpret_cast<sockaddr*>(&v4), sizeof v4) == 0;
  return ::inet_pton(AF_INET6, source.c_str(), &v6.sin6_addr) == 1 && ::bind(fd, reinterpret_cast<sockaddr*>(&v6), sizeof v6) == 0;
}

}  // namespace

bool PollFor(int fd, bool readable, Deadline deadline) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd entry{fd, static_cast<short>(readable ? POLLIN : POLLOUT), 0};
    const int n = ::poll(&entry, 1, static_cast<int>(std::min<long long>(left, 1'000'000)));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return false;
  }
}

Result<ScopedFd> ConnectOne(int family, const sockaddr* address, socklen_t size, Deadline deadline, std::string& why,
                            const std::string& source) {
  ScopedFd fd(::socket(family, SOCK_STREAM, 0));
  if (!fd.valid() || !SetNonBlocking(fd.get())) {
    why = ErrnoText(errno);
    return Unavailable(why);
  }
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (!source.empty() && !BindTo(fd.get(), family, source)) {
    why = "cannot connect from " + source + ": " + ErrnoText(errno);
    return Unavailable(why);
  }
  if (::connect(fd.get(), address, size) == 0) return fd;
  if (errno != EINPROGRESS && errno != EAGAIN) {
    why = ErrnoText(errno);
    return Unavailable(why);
  }
  if (!PollFor(fd.get(), false, deadline)) {
    why = "timed out while connecting";
    return Unavailable(why);
  }
  int error = 0;
  socklen_t error_size = sizeof error;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &error_size);
  if (error == 0) return fd;
  why = ErrnoText(error);
  return Unavailable(why);
}

Result<ScopedFd> ConnectTcp(const std::string& host, uint16_t port, Deadline deadline, const std::string& source) {
  std::string why;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (code != 0) return Unavailable(HostPort(host, port) + ": cannot resolve \"" + host + "\": " + ::gai_strerror(code));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    auto fd = ConnectOne(entry->ai_family, entry->ai_addr, entry->ai_addrlen, deadline, why, source);
    if (fd.ok()) return fd;
  }
  return Unavailable(HostPort(host, port) + ": " + why);
}

}  // namespace kuma::io
