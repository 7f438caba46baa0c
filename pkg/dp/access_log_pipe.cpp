#include "pkg/dp/access_log_pipe.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>

#include "pkg/base/json.h"
#include "pkg/base/log.h"
#include "pkg/io/fd.h"
#include "pkg/io/socket.h"
#include "pkg/io/worker_pool.h"

namespace kuma::dp {
namespace {

constexpr size_t kLongestLine = 1u << 20;
constexpr size_t kMostQueued = 10'000;
constexpr int kConnectTimeoutMs = 5000;
constexpr time_t kSendTimeoutSeconds = 5;

Result<io::ScopedFd> ConnectTo(const std::string& address) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return Invalid("no port in the address");
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), address.c_str() + colon + 1, &hints, &found); code != 0)
    return Unavailable(::gai_strerror(code));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  io::ScopedFd fd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid() || !io::SetNonBlocking(fd.get())) return Unavailable(io::ErrnoText(errno));
  if (::connect(fd.get(), found->ai_addr, found->ai_addrlen) != 0) {
    if (errno != EINPROGRESS) return Unavailable(io::ErrnoText(errno));
    pollfd entry{fd.get(), POLLOUT, 0};
    if (::poll(&entry, 1, kConnectTimeoutMs) <= 0) return Unavailable("timed out while connecting");
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Unavailable(io::ErrnoText(error));
  }
  // Blocking from here, with a limit: this thread does nothing else.
  ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
  const timeval limit{kSendTimeoutSeconds, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  return fd;
}

bool SendAll(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace

std::optional<AccessLogEntry> ParseAccessLogLine(std::string_view line) {
  if (line.starts_with('{')) {
    const auto json = ParseJson(line);
    if (json.ok() && json->is_object() && !GetString(*json, "address").empty()) {
      const Json& message = Get(*json, "message");
      // A text brings its own line break or none; a document gets one.
      return AccessLogEntry{GetString(*json, "address"), message.is_string() ? message.get<std::string>() : ToJsonText(message) + "\n"};
    }
  }
  const size_t mark = line.find(';');
  if (mark == std::string_view::npos || mark == 0) return std::nullopt;
  return AccessLogEntry{std::string(line.substr(0, mark)), std::string(line.substr(mark + 1)) + "\n"};
}

struct AccessLogPipe::State {
  State(io::EventLoop& loop, int fd, std::string file) : path(std::move(file)), watcher(loop, fd) {}

  void Wait(const std::shared_ptr<State>& self) {
    watcher.WaitReadable([weak = std::weak_ptr<State>(self)] {
      if (const auto state = weak.lock()) state->Read(state);
    });
  }

  void Read(const std::shared_ptr<State>& self) {
    char chunk[16384];
    const ssize_t n = ::read(watcher.fd(), chunk, sizeof chunk);
    if (n > 0) Take(std::string_view(chunk, static_cast<size_t>(n)));
    if (n > 0 || errno == EAGAIN || errno == EINTR) return Wait(self);
    log.Error("cannot read the access log pipe", {{"file", path}, {"error", io::ErrnoText(errno)}});
  }

  void Take(std::string_view bytes) {
    buffer += bytes;
    size_t begin = 0;
    for (size_t end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n', begin)) {
      auto entry = ParseAccessLogLine(std::string_view(buffer).substr(begin, end - begin));
      begin = end + 1;
      if (!entry) {
        log.Error("log format invalid: expected 2 components separated by ';' or a JSON object");
      } else if (!sender.TrySubmit([this, item = std::move(*entry)] { Send(item); })) {
        ++dropped;
        if ((dropped & (dropped - 1)) == 0) log.Warn("access log backends are too slow, lines are dropped", {{"dropped", dropped}});
      }
    }
    buffer.erase(0, begin);
    if (buffer.size() > kLongestLine) buffer.clear();
  }

  // On the sender's thread.
  void Send(const AccessLogEntry& entry) {
    io::ScopedFd& connection = connections[entry.address];
    if (!connection.valid()) {
      auto connected = ConnectTo(entry.address);
      if (!connected.ok()) {
        log.Error("could not connect to TCP log destination. Dropping the log",
                  {{"address", entry.address}, {"error", connected.error().message}});
        return;
      }
      connection = std::move(connected).value();
      log.Info("connected to TCP log destination", {{"address", entry.address}});
    }
    if (!SendAll(connection.get(), entry.text)) {
      log.Error("could not send the log to TCP log destination. Dropping the log", {{"address", entry.address}});
      connection.Reset();
    }
  }

  const std::string path;
  const Logger log{"kuma-dp.access-log-streamer"};
  io::FdWatcher watcher;
  std::string buffer;
  uint64_t dropped = 0;
  std::map<std::string, io::ScopedFd> connections;  // the sender's thread only
  io::WorkerPool sender{1, kMostQueued};            // last: its end waits for Send
};

Result<std::unique_ptr<AccessLogPipe>> AccessLogPipe::Start(io::EventLoop& loop, const std::string& path) {
  ::unlink(path.c_str());
  if (::mkfifo(path.c_str(), 0600) != 0) return Unavailable("error creating fifo: " + io::ErrnoText(errno), path);
  // Held open for writing too, so that it never ends when Envoy closes its side.
  const int fd = ::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return Unavailable("error opening fifo: " + io::ErrnoText(errno), path);
  auto state = std::make_shared<State>(loop, fd, path);
  state->Wait(state);
  return std::unique_ptr<AccessLogPipe>(new AccessLogPipe(std::move(state)));
}

AccessLogPipe::~AccessLogPipe() {
  state_->watcher.Close();
  ::unlink(state_->path.c_str());
}

}  // namespace kuma::dp
