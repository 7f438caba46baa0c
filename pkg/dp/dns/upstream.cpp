#include "pkg/dp/dns/upstream.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <memory>

#include "pkg/base/random.h"
#include "pkg/base/strings.h"
#include "pkg/dp/dns/message.h"
#include "pkg/io/fd.h"
#include "pkg/io/socket.h"

namespace kuma::dp::dns {
namespace {

Result<io::ScopedFd> ConnectedSocket(const UpstreamAddress& server, int type) {
  sockaddr_storage storage{};
  socklen_t size = 0;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (::inet_pton(AF_INET, server.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(server.port);
    size = sizeof *v4;
  } else if (::inet_pton(AF_INET6, server.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(server.port);
    size = sizeof *v6;
  } else {
    return Invalid("is no IP address", server.host);
  }
  io::ScopedFd fd(::socket(storage.ss_family, type, 0));
  if (!fd.valid() || !io::SetNonBlocking(fd.get())) return Unavailable(io::ErrnoText(errno), server.host);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0 && errno != EINPROGRESS) {
    return Unavailable(io::ErrnoText(errno), server.host);
  }
  return fd;
}

// One query over UDP; keeps itself alive through the closures that wait for it.
class UdpQuery : public std::enable_shared_from_this<UdpQuery> {
 public:
  UdpQuery(io::EventLoop& loop, const UpstreamOptions& options, std::string query, Answered answered)
      : loop_(loop), options_(options), query_(std::move(query)), original_id_(IdOf(query_)), answered_(std::move(answered)) {}

  void Next() {
    timer_.Cancel();
    if (watcher_) watcher_->Close();
    if (server_ >= options_.servers.size())
      return answered_(Unavailable(why_.empty() ? "no nameserver is configured in /etc/resolv.conf" : why_));
    const UpstreamAddress& server = options_.servers[server_++];
    auto fd = ConnectedSocket(server, SOCK_DGRAM);
    if (!fd.ok()) {
      why_ = fd.error().ToString();
      return Next();
    }
    id_ = static_cast<uint16_t>(RealRandom().Next());
    SetId(query_, id_);
    watcher_ = std::make_unique<io::FdWatcher>(loop_, fd->Take());
    if (::send(watcher_->fd(), query_.data(), query_.size(), MSG_NOSIGNAL) < 0) {
      why_ = server.host + ": " + io::ErrnoText(errno);
      return Next();
    }
    const size_t attempt = server_;
    timer_ = loop_.PostAfter(options_.timeout, [self = shared_from_this(), attempt, host = server.host] {
      if (self->server_ != attempt || self->done_) return;
      self->why_ = host + ": no answer in time";
      self->Next();
    });
    Wait(attempt);
  }

 private:
  void Wait(size_t attempt) {
    watcher_->WaitReadable([self = shared_from_this(), attempt] {
      if (self->server_ == attempt && !self->done_) self->Read(attempt);
    });
  }

  void Read(size_t attempt) {
    char buffer[65536];
    const ssize_t n = ::recv(watcher_->fd(), buffer, sizeof buffer, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return Wait(attempt);
    if (n < 0) {
      why_ = options_.servers[server_ - 1].host + ": " + io::ErrnoText(errno);
      return Next();
    }
    std::string reply(buffer, static_cast<size_t>(n));
    if (reply.size() < 12 || IdOf(reply) != id_) return Wait(attempt);
    done_ = true;
    timer_.Cancel();
    watcher_->Close();
    SetId(reply, original_id_);
    answered_(std::move(reply));
  }

  io::EventLoop& loop_;
  const UpstreamOptions options_;
  std::string query_;
  const uint16_t original_id_;
  const Answered answered_;
  std::unique_ptr<io::FdWatcher> watcher_;
  io::Timer timer_;
  size_t server_ = 0;  // the next one to ask
  uint16_t id_ = 0;
  bool done_ = false;
  std::string why_;
};

bool Transfer(int fd, char* data, size_t size, bool reading, int timeout_ms) {
  while (size > 0) {
    pollfd entry{fd, static_cast<short>(reading ? POLLIN : POLLOUT), 0};
    if (::poll(&entry, 1, timeout_ms) <= 0) return false;
    const ssize_t n = reading ? ::recv(fd, data, size, 0) : ::send(fd, data, size, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (n <= 0) return false;
    data += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

Result<std::string> ExchangeTcp(const UpstreamOptions& options, const std::string& query) {
  const int timeout_ms = static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(options.timeout).count());
  std::string framed = {static_cast<char>(query.size() >> 8), static_cast<char>(query.size() & 0xff)};
  framed += query;
  for (const UpstreamAddress& server : options.servers) {
    auto fd = ConnectedSocket(server, SOCK_STREAM);
    if (!fd.ok() || !Transfer(fd->get(), framed.data(), framed.size(), false, timeout_ms)) continue;
    char head[2];
    if (!Transfer(fd->get(), head, 2, true, timeout_ms)) continue;
    std::string reply(static_cast<size_t>((static_cast<uint8_t>(head[0]) << 8) | static_cast<uint8_t>(head[1])), '\0');
    if (Transfer(fd->get(), reply.data(), reply.size(), true, timeout_ms)) return reply;
  }
  return Unavailable("no nameserver answers over TCP");
}

}  // namespace

std::vector<UpstreamAddress> ParseResolvConf(std::string_view text) {
  std::vector<UpstreamAddress> servers;
  for (const std::string& line : Split(text, '\n')) {
    std::string_view rest = Trim(line);
    if (!rest.starts_with("nameserver")) continue;
    rest = Trim(rest.substr(10));
    rest = rest.substr(0, rest.find_first_of(" \t#;"));
    if (!rest.empty()) servers.push_back({std::string(rest), 53});
  }
  return servers;
}

void AskOverUdp(io::EventLoop& loop, const UpstreamOptions& options, std::string query, Answered answered) {
  std::make_shared<UdpQuery>(loop, options, std::move(query), std::move(answered))->Next();
}

void AskOverTcp(io::EventLoop& loop, io::WorkerPool& pool, const UpstreamOptions& options, std::string query, Answered answered) {
  const auto work = [handle = loop.handle(), options, query = std::move(query), answered] {
    handle.Post([answered, reply = ExchangeTcp(options, query)]() mutable { answered(std::move(reply)); });
  };
  if (!pool.TrySubmit(work)) answered(Unavailable("too many DNS queries at once"));
}

}  // namespace kuma::dp::dns
