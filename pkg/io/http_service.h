// The open HTTP sessions of one server. Internal to pkg/io: HttpServer and TlsFrontServer hand it connections. Loop thread only,
// except connections().
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <unordered_map>

#include "pkg/io/http_session.h"

namespace kuma::io {

class HttpService : public std::enable_shared_from_this<HttpService> {
 public:
  HttpService(EventLoop& loop, HttpServiceOptions options) : loop_(loop), options_(std::make_shared<const HttpServiceOptions>(std::move(options))) {}

  const HttpLimits& limits() const { return options_->limits; }
  void Adopt(std::shared_ptr<Connection> connection, std::string initial);
  // Idle sessions close now, busy ones after their response or when `grace` is over; then done().
  void Drain(std::chrono::milliseconds grace, std::function<void()> done);
  void CloseAll();
  size_t connections() const { return count_; }

 private:
  void Forget(HttpSession* session);

  EventLoop& loop_;
  const std::shared_ptr<const HttpServiceOptions> options_;
  // Owned here: while a handler works on its answer nothing else holds the session.
  std::unordered_map<HttpSession*, std::shared_ptr<HttpSession>> sessions_;
  std::atomic<size_t> count_{0};
  std::function<void()> drained_;
  Timer grace_;
};

}  // namespace kuma::io
