// Puts the REST API and the diagnostics on ports. Start, Stop and the destructor: loop thread, or while the loop does not run.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pkg/api/diagnostics.h"
#include "pkg/api/rest_api.h"
#include "pkg/io/http_server.h"

namespace kuma::api {

struct ApiPort {
  io::ListenOptions listen;
  std::shared_ptr<io::TlsServerContext> tls;  // null: plain
};

struct ApiServerOptions {
  std::vector<ApiPort> ports;  // usually HTTP and HTTPS
  io::HttpLimits limits;       // apiServer.readHeaderTimeout, .readTimeout, .writeTimeout, .idleTimeout
  bool access_log = false;     // one line a request, level info
};

class ApiServer {
 public:
  // `api` outlives the server. Errors say which port cannot be had.
  static Result<std::unique_ptr<ApiServer>> Start(io::EventLoop& loop, const RestApi& api, const ApiServerOptions& options);
  const std::vector<std::unique_ptr<io::HttpServer>>& servers() const { return servers_; }
  void Stop(std::chrono::milliseconds grace, std::function<void()> done);

 private:
  std::vector<std::unique_ptr<io::HttpServer>> servers_;
};

// `diagnostics` outlives the server.
Result<std::unique_ptr<io::HttpServer>> StartDiagnostics(io::EventLoop& loop, const Diagnostics& diagnostics, const ApiPort& port);

}  // namespace kuma::api
