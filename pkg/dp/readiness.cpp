#include "pkg/dp/readiness.h"

#include "pkg/base/strings.h"
#include "pkg/io/http_client.h"

namespace kuma::dp {
namespace {

io::HttpResponse State(int status, std::string body) {
  return {status, {{"content-type", "text/plain"}, {"cache-control", "no-cache, max-age=0"}, {"x-powered-by", "kuma-dp"}}, std::move(body)};
}

}  // namespace

Result<std::unique_ptr<ReadinessReporter>> ReadinessReporter::Start(io::EventLoop& loop, io::WorkerPool& pool, const std::string& address,
                                                                    uint16_t port, bool fixed) {
  std::unique_ptr<ReadinessReporter> reporter(new ReadinessReporter(loop, pool));
  const auto open = [&](uint16_t wanted) {
    io::HttpServerOptions options;
    options.listen.address = address;
    options.listen.port = wanted;
    options.listen.in_use_hint = "another kuma-dp? choose one with KUMA_READINESS_PORT, or leave it unset to get a free one";
    options.service.handler = [self = reporter.get()](io::HttpRequest request, io::Responder responder) {
      self->Answer(request, responder);
    };
    return io::HttpServer::Start(loop, std::move(options));
  };
  auto server = open(port);
  if (!server.ok() && !fixed && port != 0) server = open(0);
  if (!server.ok()) return std::move(server).error();
  reporter->server_ = std::move(server).value();
  return reporter;
}

void ReadinessReporter::Answer(const io::HttpRequest& request, const io::Responder& responder) {
  if (request.path != "/ready") return responder.Send(State(404, "404 page not found\n"));
  if (terminating_) return responder.Send(State(503, "TERMINATING"));
  const std::string gated = gate_ ? gate_() : std::string();
  if (!gated.empty()) return responder.Send(State(503, "NOT_READY: " + gated));
  if (!admin_.IsSet()) return responder.Send(State(503, "NOT_READY: " + reason_));
  io::HttpClientRequest ask;
  ask.url = admin_.Url("/ready");
  ask.timeout = std::chrono::seconds(3);
  io::HttpFetchAsync(loop_, pool_, std::move(ask), [responder](Result<io::HttpResponse> reply) {
    if (!reply.ok()) return responder.Send(State(503, "NOT_READY: Envoy does not answer: " + reply.error().message));
    responder.Send(State(reply->status, reply->body));
  });
}

}  // namespace kuma::dp
