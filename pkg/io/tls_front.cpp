#include "pkg/io/tls_front.h"

#include <sys/socket.h>

#include <atomic>
#include <unordered_map>
#include <unordered_set>

#include "pkg/base/log.h"
#include "pkg/io/http_service.h"
#include "pkg/io/tunnel.h"

namespace kuma::io {

namespace {
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n";
constexpr size_t kScratchBytes = 64 * 1024;
}  // namespace

struct TlsFrontServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(EventLoop& event_loop, TlsFrontOptions given)
      : loop(event_loop), options(std::move(given)), service(std::make_shared<HttpService>(event_loop, options.http)), scratch(std::make_shared<std::vector<char>>(kScratchBytes)) {}

  size_t Open() const { return service->connections() + tunnel_count + opening_count; }

  void OnAccept(ScopedFd fd, std::string peer) {
    if (Open() >= service->limits().max_connections) return;
    auto connection = std::make_shared<Connection>(loop, fd.Take());
    connection->peer.address = std::move(peer);
    opening.insert(connection);
    ++opening_count;
    if (!options.tls) return Decide(connection);
    SslPtr ssl = options.tls->NewSession();
    if (!ssl) return Drop(connection);
    connection->channel.StartTls(std::move(ssl));
    DriveHandshake(connection, service->limits().handshake_timeout, [weak = weak_from_this(), ref = std::weak_ptr<Connection>(connection)](const std::string* error) {
      auto self = weak.lock();
      auto done = ref.lock();
      if (!self || !done || self->stopped) return;
      if (error != nullptr) {
        static const Logger log("io.front");
        log.Debug("TLS handshake failed", {{"peer", done->peer.address}, {"error", *error}});
        return self->Drop(done);
      }
      done->channel.DescribePeer(done->peer);
      self->Decide(done);
    });
  }

  void Decide(const std::shared_ptr<Connection>& connection) {
    if (connection->peer.alpn == "h2") return StartTunnel(connection, {});
    if (connection->peer.alpn == "http/1.1") {
      Leave(connection);
      return service->Adopt(connection, {});
    }
    auto timer = loop.PostAfter(options.first_byte_timeout, [weak = weak_from_this(), ref = std::weak_ptr<Connection>(connection)] {
      auto self = weak.lock();
      auto late = ref.lock();
      if (self && late && self->opening.contains(late)) self->Drop(late);
    });
    Peek(connection, {}, timer);
  }

  // Without ALPN the first bytes decide.
  void Peek(const std::shared_ptr<Connection>& connection, std::string seen, Timer timer) {
    if (stopped || !opening.contains(connection)) return;
    while (seen.size() < kPreface.size() && kPreface.starts_with(seen)) {
      char buffer[64];
      const IoOutcome outcome = connection->channel.Read(buffer, kPreface.size() - seen.size());
      if (outcome.state == IoState::kDone) {
        seen.append(buffer, outcome.bytes);
        continue;
      }
      if (outcome.state != IoState::kWantRead) {
        timer.Cancel();
        return Drop(connection);
      }
      connection->watcher.WaitReadable([weak = weak_from_this(), connection, seen, timer] {
        if (auto self = weak.lock()) self->Peek(connection, seen, timer);
      });
      return;
    }
    timer.Cancel();
    if (seen == kPreface) return StartTunnel(connection, std::move(seen));
    Leave(connection);
    service->Adopt(connection, std::move(seen));
  }

  void StartTunnel(const std::shared_ptr<Connection>& connection, std::string initial) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0) {
      static const Logger log("io.front");
      log.Warn("cannot pass a connection on", {{"peer", connection->peer.address}, {"error", ErrnoText(errno)}});
      return Drop(connection);
    }
    ScopedFd ours(ends[0]);
    ScopedFd theirs(ends[1]);
    SetNonBlocking(ours.get());
    SetNonBlocking(theirs.get());
    Leave(connection);
    auto tunnel = std::make_shared<Tunnel>(connection, ours.Take(), scratch, [weak = weak_from_this()](Tunnel* closed) {
      if (auto self = weak.lock(); self && self->tunnels.erase(closed) > 0) --self->tunnel_count;
    });
    tunnels.emplace(tunnel.get(), tunnel);
    ++tunnel_count;
    options.on_http2(std::move(theirs), connection->peer);
    tunnel->Start(std::move(initial));
  }

  void Leave(const std::shared_ptr<Connection>& connection) {
    if (opening.erase(connection) > 0) --opening_count;
  }

  void Drop(std::shared_ptr<Connection> connection) {
    Leave(connection);
    connection->watcher.Close();
  }

  void StopAccepting() {
    stopped = true;
    if (acceptor) acceptor->Close();
    for (const auto& connection : opening) connection->watcher.Close();
    opening.clear();
    opening_count = 0;
  }

  void CutTunnels() {
    std::vector<std::weak_ptr<Tunnel>> all;
    for (auto& [key, tunnel] : tunnels) all.push_back(tunnel);
    for (auto& weak : all) {
      if (auto tunnel = weak.lock()) tunnel->Close();
    }
  }

  EventLoop& loop;
  const TlsFrontOptions options;
  std::shared_ptr<HttpService> service;
  std::shared_ptr<std::vector<char>> scratch;
  std::unordered_set<std::shared_ptr<Connection>> opening;  // in the handshake or before the first bytes
  std::unordered_map<Tunnel*, std::weak_ptr<Tunnel>> tunnels;
  std::atomic<size_t> opening_count{0};
  std::atomic<size_t> tunnel_count{0};
  std::unique_ptr<Acceptor> acceptor;
  uint16_t port = 0;
  std::string address;
  bool stopped = false;
};

Result<std::unique_ptr<TlsFrontServer>> TlsFrontServer::Start(EventLoop& loop, TlsFrontOptions options) {
  KUMA_TRY_ASSIGN(ListenSocket socket, OpenListener(options.listen));
  auto impl = std::make_shared<Impl>(loop, std::move(options));
  impl->port = socket.port;
  impl->address = socket.address;
  impl->acceptor = std::make_unique<Acceptor>(loop, std::move(socket), [weak = std::weak_ptr<Impl>(impl)](ScopedFd fd, std::string peer) {
    if (auto self = weak.lock()) self->OnAccept(std::move(fd), std::move(peer));
  });
  loop.Post([weak = std::weak_ptr<Impl>(impl)] {
    if (auto self = weak.lock(); self && !self->stopped) self->acceptor->Start();
  });
  return std::unique_ptr<TlsFrontServer>(new TlsFrontServer(std::move(impl)));
}

TlsFrontServer::~TlsFrontServer() {
  impl_->StopAccepting();
  impl_->CutTunnels();
  impl_->service->CloseAll();
}

uint16_t TlsFrontServer::port() const { return impl_->port; }
const std::string& TlsFrontServer::address() const { return impl_->address; }
size_t TlsFrontServer::connections() const { return impl_->Open(); }
size_t TlsFrontServer::tunnels() const { return impl_->tunnel_count; }

void TlsFrontServer::Stop(std::chrono::milliseconds grace, std::function<void()> done) {
  impl_->StopAccepting();
  impl_->service->Drain(grace, [impl = impl_, done = std::move(done)] {
    impl->CutTunnels();
    if (done) done();
  });
}

}  // namespace kuma::io
