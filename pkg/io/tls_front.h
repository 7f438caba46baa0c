// One port for gRPC and HTTP/1.1 (the data plane port 5678, and KDS): terminates TLS, then gives HTTP/2 connections to a gRPC server
// as one end of a socket pair and serves the others itself. An idle connection holds no buffers. Start, Stop and the destructor: loop
// thread, or while the loop does not run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pkg/io/http_types.h"
#include "pkg/io/loop.h"
#include "pkg/io/socket.h"
#include "pkg/io/tls.h"

namespace kuma::io {

struct TlsFrontOptions {
  ListenOptions listen;
  // Null: plain (tests, sidecars without TLS). With TLS use FrontAlpn() as its ALPN preference.
  std::shared_ptr<TlsServerContext> tls;
  HttpServiceOptions http;
  // Owns the descriptor: grpc::AddInsecureChannelFromFd(server, fd.Take()). Runs on the loop. The gRPC server sees no peer address.
  std::function<void(ScopedFd fd, const PeerInfo& peer)> on_http2;
  std::chrono::milliseconds first_byte_timeout{10'000};
};

// A client that can do HTTP/1.1 gets it (Go's HTTP client offers both); gRPC clients offer h2 alone.
inline const std::vector<std::string>& FrontAlpn() {
  static const std::vector<std::string> list = {"http/1.1", "h2"};
  return list;
}

class TlsFrontServer {
 public:
  static Result<std::unique_ptr<TlsFrontServer>> Start(EventLoop& loop, TlsFrontOptions options);
  ~TlsFrontServer();

  uint16_t port() const;
  const std::string& address() const;
  // Gauges, any thread.
  size_t connections() const;  // all
  size_t tunnels() const;      // HTTP/2 only

  // No new connections; HTTP/1.1 requests in work are finished within `grace`; then tunnels are cut and done() runs. Shut the gRPC
  // server down first: it ends its streams and with them the tunnels.
  void Stop(std::chrono::milliseconds grace, std::function<void()> done);

 private:
  struct Impl;
  explicit TlsFrontServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace kuma::io
