#include "pkg/api/server.h"

#include "pkg/api/error.h"
#include "pkg/base/log.h"

namespace kuma::api {
namespace {

void LogAccess(const io::AccessRecord& record) {
  static const Logger log{"api-server.access"};
  log.Info(record.method + " " + record.target, {{"status", record.status},
                                                 {"bytes", record.bytes},
                                                 {"from", record.remote_address},
                                                 {"ms", static_cast<double>(record.duration.count()) / 1e6}});
}

}  // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::Start(io::EventLoop& loop, const RestApi& api, const ApiServerOptions& options) {
  auto server = std::make_unique<ApiServer>();
  for (const ApiPort& port : options.ports) {
    io::HttpServerOptions http;
    http.listen = port.listen;
    http.tls = port.tls;
    http.service.limits = options.limits;
    http.service.error_response = &ServerErrorResponse;
    if (options.access_log) http.service.access_log = &LogAccess;
    http.service.handler = [&api](io::HttpRequest request, io::Responder responder) {
      api.Handle(std::move(request), [responder](io::HttpResponse response) { responder.Send(std::move(response)); });
    };
    KUMA_TRY_ASSIGN(std::unique_ptr<io::HttpServer> started, io::HttpServer::Start(loop, std::move(http)));
    server->servers_.push_back(std::move(started));
  }
  return server;
}

void ApiServer::Stop(std::chrono::milliseconds grace, std::function<void()> done) {
  if (servers_.empty()) return done();
  auto left = std::make_shared<size_t>(servers_.size());
  for (const std::unique_ptr<io::HttpServer>& server : servers_) {
    server->Stop(grace, [left, done] {
      if (--*left == 0) done();
    });
  }
}

Result<std::unique_ptr<io::HttpServer>> StartDiagnostics(io::EventLoop& loop, const Diagnostics& diagnostics, const ApiPort& port) {
  io::HttpServerOptions http;
  http.listen = port.listen;
  http.tls = port.tls;
  http.service.handler = [&diagnostics](const io::HttpRequest& request, const io::Responder& responder) { responder.Send(diagnostics.Handle(request)); };
  return io::HttpServer::Start(loop, std::move(http));
}

}  // namespace kuma::api
