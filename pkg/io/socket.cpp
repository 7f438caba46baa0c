#include "pkg/io/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <arpa/inet.h>

#include <cerrno>
#include <cstring>
#include <system_error>

#include "pkg/base/log.h"

namespace kuma::io {

std::string ErrnoText(int error) { return std::generic_category().message(error); }

std::string HostPort(const std::string& host, uint16_t port) {
  const bool v6 = host.find(':') != std::string::npos && !host.starts_with('[');
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

namespace {

std::string AddressText(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &storage, sizeof in);
    inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
    return HostPort(text, ntohs(in.sin_port));
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 in6{};
    std::memcpy(&in6, &storage, sizeof in6);
    if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
      inet_ntop(AF_INET, &in6.sin6_addr.s6_addr[12], text, sizeof text);
    } else {
      inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text);
    }
    return HostPort(text, ntohs(in6.sin6_port));
  }
  return "unix";
}

uint16_t BoundPort(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
  if (storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &storage, sizeof in);
    return ntohs(in.sin_port);
  }
  sockaddr_in6 in6{};
  std::memcpy(&in6, &storage, sizeof in6);
  return ntohs(in6.sin6_port);
}

Error BindError(int error, const std::string& address, const std::string& hint) {
  const std::string suffix = hint.empty() ? "" : " (" + hint + ")";
  if (error == EADDRINUSE) return MakeError(ErrorCode::kConflict, address + " is already in use" + suffix);
  if (error == EACCES) return MakeError(ErrorCode::kForbidden, "no permission to listen on " + address + suffix);
  if (error == EADDRNOTAVAIL) return Invalid(address + " is not an address of this machine" + suffix);
  return Unavailable("cannot listen on " + address + ": " + ErrnoText(error) + suffix);
}

Result<ListenSocket> OpenUnix(const ListenOptions& options) {
  const std::string& path = options.unix_path;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return Invalid("the path of a Unix socket has at most " + std::to_string(sizeof address.sun_path - 1) + " characters", path);
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  // A file nobody listens on is left over from a process that died.
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode)) {
    ScopedFd probe(::socket(AF_UNIX, SOCK_STREAM, 0));
    if (probe.valid() && ::connect(probe.get(), generic, sizeof address) != 0 && errno == ECONNREFUSED) ::unlink(path.c_str());
  }
  ScopedFd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
  if (!fd.valid() || !SetNonBlocking(fd.get())) return Unavailable("cannot make a socket: " + ErrnoText(errno));
  if (::bind(fd.get(), generic, sizeof address) != 0) return BindError(errno, "unix:" + path, options.in_use_hint);
  if (options.unix_mode != 0) ::chmod(path.c_str(), static_cast<mode_t>(options.unix_mode));
  if (::listen(fd.get(), 1024) != 0) return BindError(errno, "unix:" + path, options.in_use_hint);
  return ListenSocket{std::move(fd), 0, "unix:" + path};
}

Result<ScopedFd> BindTcp(const addrinfo& info, bool both_families, const std::string& name, const std::string& hint) {
  ScopedFd fd(::socket(info.ai_family, SOCK_STREAM, 0));
  if (!fd.valid() || !SetNonBlocking(fd.get())) return Unavailable("cannot make a socket: " + ErrnoText(errno));
  const int on = 1;
  const int off = 0;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (info.ai_family == AF_INET6) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, both_families ? &off : &on, sizeof on);
  if (::bind(fd.get(), info.ai_addr, info.ai_addrlen) != 0) return BindError(errno, name, hint);
  if (::listen(fd.get(), 1024) != 0) return BindError(errno, name, hint);
  return fd;
}

}  // namespace

std::string PeerAddress(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return "unknown";
  return AddressText(storage);
}

Result<ListenSocket> OpenListener(const ListenOptions& options) {
  if (!options.unix_path.empty()) return OpenUnix(options);
  const bool any = options.address.empty();
  for (const char* host : {any ? "::" : options.address.c_str(), any ? "0.0.0.0" : static_cast<const char*>(nullptr)}) {
    if (host == nullptr) break;
    const std::string name = HostPort(any ? "" : options.address, options.port);
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int code = ::getaddrinfo(host, std::to_string(options.port).c_str(), &hints, &found);
    if (code != 0) return Invalid("cannot listen on " + name + ": " + ::gai_strerror(code));
    std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
    auto fd = BindTcp(*found, any, name, options.in_use_hint);
    if (!fd.ok()) {
      // Machines without IPv6 refuse "::".
      if (any && found->ai_family == AF_INET6 && fd.error().code != ErrorCode::kConflict) continue;
      return std::move(fd).error();
    }
    ListenSocket socket{std::move(fd).value(), 0, {}};
    socket.port = BoundPort(socket.fd.get());
    socket.address = HostPort(any ? "" : options.address, socket.port);
    return socket;
  }
  return Unavailable("no address family to listen on " + HostPort("", options.port));
}

struct Acceptor::State : std::enable_shared_from_this<State> {
  State(EventLoop& event_loop, ListenSocket socket, OnAccept callback)
      : loop(event_loop), address(std::move(socket.address)), watcher(event_loop, socket.fd.Take()), on_accept(std::move(callback)) {}

  void Wait() {
    watcher.WaitReadable([self = shared_from_this()] { self->Accept(); });
  }

  void Accept() {
    static const Logger log("io.accept");
    // A bounded batch, so that a connection storm does not starve the rest of the loop.
    for (int i = 0; i < 64 && !closed; ++i) {
      const int fd = ::accept(watcher.fd(), nullptr, nullptr);
      if (fd < 0) {
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) break;
        log.Warn("cannot accept a connection, trying again", {{"address", address}, {"error", ErrnoText(errno)}});
        retry = loop.PostAfter(std::chrono::milliseconds(100), [weak = weak_from_this()] {
          if (auto self = weak.lock(); self && !self->closed) self->Accept();
        });
        return;
      }
      ScopedFd owned(fd);
      if (!SetNonBlocking(fd)) continue;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef SO_NOSIGPIPE
      ::setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
      std::string peer = PeerAddress(fd);
      on_accept(std::move(owned), std::move(peer));
    }
    if (!closed) Wait();
  }

  void Close() {
    if (closed) return;
    closed = true;
    retry.Cancel();
    watcher.Close();
    if (address.starts_with("unix:")) ::unlink(address.c_str() + 5);
  }

  EventLoop& loop;
  const std::string address;
  FdWatcher watcher;
  OnAccept on_accept;
  Timer retry;
  bool closed = false;
};

Acceptor::Acceptor(EventLoop& loop, ListenSocket socket, OnAccept on_accept)
    : state_(std::make_shared<State>(loop, std::move(socket), std::move(on_accept))) {}
Acceptor::~Acceptor() { Close(); }
void Acceptor::Start() {
  if (!state_->closed) state_->Wait();
}
void Acceptor::Close() { state_->Close(); }

}  // namespace kuma::io
