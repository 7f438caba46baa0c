#include "pkg/dp/dns/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <cerrno>

#include "pkg/base/files.h"
#include "pkg/base/log.h"
#include "pkg/dp/dns/message.h"
#include "pkg/dp/dns/metrics.h"
#include "pkg/dp/dns/names.h"
#include "pkg/dp/dns/tcp_session.h"
#include "pkg/io/fd.h"
#include "pkg/io/socket.h"

namespace kuma::dp::dns {
namespace {

constexpr size_t kMostTcpSessions = 256;
constexpr size_t kMostUdpQueries = 4096;  // that wait for an upstream; more are dropped, as UDP may

struct UdpSocket {
  io::ScopedFd fd;
  uint16_t port = 0;
};

Result<UdpSocket> OpenUdp(const std::string& address, uint16_t port) {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_in);
  auto* v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (::inet_pton(AF_INET, address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
  } else if (::inet_pton(AF_INET6, address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    size = sizeof *v6;
  } else {
    return Invalid("the DNS server's address is no IP address", address);
  }
  UdpSocket socket;
  socket.fd = io::ScopedFd(::socket(storage.ss_family, SOCK_DGRAM, 0));
  if (!socket.fd.valid() || !io::SetNonBlocking(socket.fd.get())) return Unavailable(io::ErrnoText(errno));
  const int on = 1;
  if (storage.ss_family == AF_INET6) ::setsockopt(socket.fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (::bind(socket.fd.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0) {
    return Unavailable("cannot answer DNS on " + io::HostPort(address, port) + "/udp: " + io::ErrnoText(errno) +
                       " (another kuma-dp? choose a port with --dns-proxy-port / KUMA_DNS_PROXY_PORT)");
  }
  sockaddr_storage bound{};
  socklen_t bound_size = sizeof bound;
  ::getsockname(socket.fd.get(), reinterpret_cast<sockaddr*>(&bound), &bound_size);
  socket.port = ntohs(bound.ss_family == AF_INET ? reinterpret_cast<sockaddr_in*>(&bound)->sin_port
                                                 : reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port);
  return socket;
}

}  // namespace

struct Server::State : std::enable_shared_from_this<Server::State> {
  State(io::EventLoop& event_loop, io::WorkerPool& workers, ServerOptions server_options)
      : loop(event_loop), pool(workers), options(std::move(server_options)), metrics(options.metrics) {}

  // The reply is counted when it is sent.
  std::function<void(std::string)> Counted(const Question& question, bool from_mesh, std::function<void(std::string)> send) {
    return [weak = weak_from_this(), type = question.type, from_mesh, started = RealClock().Monotonic(), send = std::move(send)](std::string reply) {
      if (const auto self = weak.lock()) self->metrics.Answered(type, from_mesh, started, reply);
      send(std::move(reply));
    };
  }

  Status Open(const std::string& address) {
    KUMA_TRY_ASSIGN(UdpSocket socket, OpenUdp(address, port));
    port = socket.port;
    io::ListenOptions listen;
    listen.address = address;
    listen.port = port;
    KUMA_TRY_ASSIGN(io::ListenSocket tcp, io::OpenListener(listen));
    udp.push_back(std::make_unique<io::FdWatcher>(loop, socket.fd.Take()));
    WaitUdp(udp.size() - 1);
    acceptors.push_back(
        std::make_unique<io::Acceptor>(loop, std::move(tcp), [this](io::ScopedFd fd, const std::string&) { Accept(std::move(fd)); }));
    acceptors.back()->Start();
    return Ok();
  }

  void WaitUdp(size_t index) {
    udp[index]->WaitReadable([weak = weak_from_this(), index] {
      const auto self = weak.lock();
      if (!self || self->closed) return;
      self->ReadUdp(index);
      self->WaitUdp(index);
    });
  }

  void ReadUdp(size_t index) {
    char buffer[65536];
    sockaddr_storage from{};
    while (true) {
      socklen_t size = sizeof from;
      const ssize_t n = ::recvfrom(udp[index]->fd(), buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (n < 0) return;
      Answer(std::string(buffer, static_cast<size_t>(n)), false, [weak = weak_from_this(), index, from, size](const std::string& reply) {
        const auto self = weak.lock();
        if (!self || self->closed || reply.empty()) return;
        ::sendto(self->udp[index]->fd(), reply.data(), reply.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&from), size);
      });
    }
  }

  void Accept(io::ScopedFd fd) {
    std::erase_if(sessions, [](const auto& session) { return session.expired(); });
    if (sessions.size() >= kMostTcpSessions) return;
    const auto session = std::make_shared<TcpSession>(loop, std::move(fd),
                                                      [weak = weak_from_this()](std::string query, std::function<void(std::string)> reply) {
                                                        if (const auto self = weak.lock())
                                                          self->Answer(std::move(query), true, std::move(reply));
                                                      });
    sessions.push_back(session);
    session->Start();
  }

  void Answer(std::string query, bool tcp, std::function<void(std::string)> send) {
    const auto question = ParseQuery(query);
    if (!question) return send({});
    const size_t limit = tcp ? 65535 : question->udp_size;
    const bool for_address = question->klass == kClassInternet && (question->type == kTypeA || question->type == kTypeAaaa);
    const NameAddresses* found = for_address && names ? names->Find(question->name) : nullptr;
    if (options.log_queries) log.Info("query", {{"name", question->name}, {"type", question->type}, {"mesh", found != nullptr}});
    send = Counted(*question, found != nullptr, std::move(send));
    if (found != nullptr) {
      return send(MakeReply(query, *question, ReplyCode::kNoError, question->type == kTypeA ? found->v4 : found->v6, names->ttl(), limit));
    }
    if (waiting >= kMostUdpQueries) return send({});
    ++waiting;
    auto answered = [weak = weak_from_this(), query, question = *question, limit, send = std::move(send)](Result<std::string> reply) {
      const auto self = weak.lock();
      if (!self) return;
      --self->waiting;
      if (reply.ok()) return send(std::move(reply).value());
      self->metrics.UpstreamFailed();
      self->log.Error("failed to ask the upstream", {{"name", question.name}, {"error", reply.error().ToString()}});
      send(MakeReply(query, question, ReplyCode::kServerFailure, {}, 0, limit));
    };
    if (tcp) {
      AskOverTcp(loop, pool, options.upstream, std::move(query), std::move(answered));
    } else {
      AskOverUdp(loop, options.upstream, std::move(query), std::move(answered));
    }
  }

  io::EventLoop& loop;
  io::WorkerPool& pool;
  ServerOptions options;
  const Logger log{"kuma-dp.dns"};
  uint16_t port = 0;
  std::vector<std::unique_ptr<io::FdWatcher>> udp;
  std::vector<std::unique_ptr<io::Acceptor>> acceptors;
  std::vector<std::weak_ptr<TcpSession>> sessions;
  std::shared_ptr<const Names> names;
  DnsMetrics metrics;
  size_t waiting = 0;
  bool closed = false;
};

Result<std::unique_ptr<Server>> Server::Start(io::EventLoop& loop, io::WorkerPool& pool, ServerOptions options) {
  if (options.upstream.servers.empty()) {
    KUMA_TRY_ASSIGN(const std::string text, ReadFile("/etc/resolv.conf"));
    options.upstream.servers = ParseResolvConf(text);
    if (options.upstream.servers.empty()) return Invalid("no server found in /etc/resolv.conf");
  }
  auto state = std::make_shared<State>(loop, pool, std::move(options));
  state->port = state->options.port;
  for (const std::string& address : state->options.addresses) KUMA_TRY(state->Open(address));
  return std::unique_ptr<Server>(new Server(std::move(state)));
}

Server::~Server() {
  state_->closed = true;
  state_->acceptors.clear();
  for (const auto& watcher : state_->udp) watcher->Close();
  for (const auto& weak : state_->sessions) {
    if (const auto session = weak.lock()) session->Close();
  }
}

uint16_t Server::port() const { return state_->port; }

Status Server::SetNames(const std::string& json) {
  KUMA_TRY_ASSIGN(Names names, Names::Parse(json));
  state_->log.Info(state_->names ? "names of the mesh changed" : "first names of the mesh", {{"names", names.size()}});
  state_->metrics.SetNames(Get(ParseJson(json).value_or(Json()), "extraLabels"), names.size());
  state_->names = std::make_shared<const Names>(std::move(names));
  return Ok();
}

bool Server::has_names() const { return state_->names != nullptr; }

}  // namespace kuma::dp::dns
