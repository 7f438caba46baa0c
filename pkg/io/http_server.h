// HTTP/1.1 server on an EventLoop: TCP or Unix socket, plain or TLS, keep-alive, pipelining, gzip, streaming. Used by the REST API,
// the diagnostics port, kuma-dp's local sockets. Start, Stop and the destructor: loop thread, or while the loop does not run.
#pragma once

#include <memory>
#include <string>

#include "pkg/io/http_types.h"
#include "pkg/io/loop.h"
#include "pkg/io/socket.h"
#include "pkg/io/tls.h"

namespace kuma::io {

struct HttpServerOptions {
  ListenOptions listen;
  std::shared_ptr<TlsServerContext> tls;  // null: plain
  HttpServiceOptions service;
};

class HttpServer {
 public:
  // Listens at once (errors come back here); accepts as soon as the loop runs.
  static Result<std::unique_ptr<HttpServer>> Start(EventLoop& loop, HttpServerOptions options);
  // Cuts what is still open.
  ~HttpServer();

  uint16_t port() const;
  const std::string& address() const;  // "127.0.0.1:5681" or "unix:/path"
  size_t connections() const;          // any thread

  // No new connections; requests in work are finished within `grace`; then done() on the loop.
  void Stop(std::chrono::milliseconds grace, std::function<void()> done);

 private:
  struct Impl;
  explicit HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace kuma::io
