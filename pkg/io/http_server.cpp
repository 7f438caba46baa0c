#include "pkg/io/http_server.h"

#include <unordered_set>

#include "pkg/base/log.h"
#include "pkg/io/http_service.h"

namespace kuma::io {

struct HttpServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(EventLoop& event_loop, HttpServerOptions options)
      : loop(event_loop), tls(std::move(options.tls)), service(std::make_shared<HttpService>(event_loop, std::move(options.service))) {}

  void OnAccept(ScopedFd fd, std::string peer) {
    if (service->connections() + handshakes.size() >= service->limits().max_connections) return;
    auto connection = std::make_shared<Connection>(loop, fd.Take());
    connection->peer.address = std::move(peer);
    if (!tls) {
      service->Adopt(std::move(connection), {});
      return;
    }
    SslPtr ssl = tls->NewSession();
    if (!ssl) return;
    connection->channel.StartTls(std::move(ssl));
    handshakes.insert(connection);
    // Weak: the set owns it, so that stopping can close handshakes that are under way.
    DriveHandshake(connection, service->limits().handshake_timeout, [weak = weak_from_this(), ref = std::weak_ptr<Connection>(connection)](const std::string* error) {
      auto self = weak.lock();
      auto done = ref.lock();
      if (!done) return;
      if (self) self->handshakes.erase(done);
      if (error != nullptr || !self || self->stopped) {
        static const Logger log("io.http");
        if (error != nullptr) log.Debug("TLS handshake failed", {{"peer", done->peer.address}, {"error", *error}});
        done->watcher.Close();
        return;
      }
      done->channel.DescribePeer(done->peer);
      self->service->Adopt(std::move(done), {});
    });
  }

  void StopAccepting() {
    stopped = true;
    if (acceptor) acceptor->Close();
    for (const auto& connection : handshakes) connection->watcher.Close();
    handshakes.clear();
  }

  EventLoop& loop;
  std::shared_ptr<TlsServerContext> tls;
  std::shared_ptr<HttpService> service;
  std::unordered_set<std::shared_ptr<Connection>> handshakes;
  std::unique_ptr<Acceptor> acceptor;
  uint16_t port = 0;
  std::string address;
  bool stopped = false;
};

Result<std::unique_ptr<HttpServer>> HttpServer::Start(EventLoop& loop, HttpServerOptions options) {
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
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::~HttpServer() {
  impl_->StopAccepting();
  impl_->service->CloseAll();
}

uint16_t HttpServer::port() const { return impl_->port; }
const std::string& HttpServer::address() const { return impl_->address; }
size_t HttpServer::connections() const { return impl_->service->connections(); }

void HttpServer::Stop(std::chrono::milliseconds grace, std::function<void()> done) {
  impl_->StopAccepting();
  impl_->service->Drain(grace, std::move(done));
}

}  // namespace kuma::io
