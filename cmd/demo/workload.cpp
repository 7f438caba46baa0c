#include "cmd/demo/workload.h"

#include <csignal>

#include "cmd/demo/page.h"
#include "pkg/base/clock.h"
#include "pkg/base/json.h"
#include "pkg/base/strings.h"
#include "pkg/io/http_client.h"
#include "pkg/io/http_server.h"
#include "pkg/io/worker_pool.h"

namespace kuma::demo {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStopGrace{200};
constexpr milliseconds kCallTimeout{5'000};

io::HttpResponse JsonResponse(int status, const Json& body) {
  io::HttpResponse response;
  response.status = status;
  response.headers.Set("content-type", "application/json");
  response.body = ToJsonText(body) + "\n";
  return response;
}

Result<io::ListenOptions> ParseListen(const std::string& text) {
  io::ListenOptions listen;
  const size_t colon = text.rfind(':');
  const auto port = colon == std::string::npos ? std::nullopt : ParseInt(std::string_view(text).substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) return Invalid("--listen needs ADDRESS:PORT, not \"" + text + "\"");
  listen.address = text.substr(0, colon);
  listen.port = static_cast<uint16_t>(*port);
  return listen;
}

// Serves until SIGTERM or SIGINT.
int Serve(const cli::Invocation& invocation, io::EventLoop& loop, io::HttpHandler handler) {
  io::HttpServerOptions options;
  auto listen = ParseListen(invocation.GetString("listen"));
  if (!listen.ok()) {
    invocation.err() << "Error: " << listen.error().ToString() << "\n";
    return cli::kUsageError;
  }
  options.listen = std::move(listen).value();
  options.service.handler = std::move(handler);
  auto server = io::HttpServer::Start(loop, std::move(options));
  if (!server.ok()) {
    invocation.err() << "Error: " << server.error().ToString() << "\n";
    return 1;
  }
  loop.OnSignal({SIGTERM, SIGINT}, [&](int) { (*server)->Stop(kStopGrace, [&loop] { loop.Stop(); }); });
  invocation.out() << kListening << (*server)->address() << std::endl;
  loop.Run();
  return 0;
}

int RunBackend(const cli::Invocation& invocation) {
  io::EventLoop loop;
  int64_t counter = 0;
  return Serve(invocation, loop, [&](io::HttpRequest request, const io::Responder& responder) {
    if (request.method != "GET" && request.method != "POST") return responder.Send(JsonResponse(405, {{"error", "GET or POST"}}));
    Json headers = Json::object();
    for (const auto& [name, value] : request.headers.entries()) headers[ToLower(name)] = value;
    responder.Send(JsonResponse(200, {{"service", "backend"},
                                      {"counter", ++counter},
                                      {"method", request.method},
                                      {"path", request.path},
                                      {"identity", CallerIdentity(request.headers.Get(kClientCertHeader))},
                                      {"headers", headers}}));
  });
}

// What a call of the backend looked like from here.
Json DescribeCall(const Result<io::HttpResponse>& answer, Nanos took) {
  Json call = {{"took_ms", std::chrono::duration_cast<std::chrono::duration<double, std::milli>>(took).count()}};
  if (!answer.ok()) {
    call["status"] = 0;
    call["error"] = answer.error().ToString();
    return call;
  }
  call["status"] = answer->status;
  call["server"] = std::string(answer->headers.Get("server"));
  // Envoy sets it when the answer came from the other side, not from this side's own proxy.
  call["answered_by_upstream"] = answer->headers.Has("x-envoy-upstream-service-time");
  auto body = ParseJson(answer->body);
  if (body.ok() && body->is_object()) {
    call["identity"] = GetString(*body, "identity");
    call["counter"] = GetInt(*body, "counter");
  } else {
    call["detail"] = answer->body.substr(0, 200);
  }
  return call;
}

int RunFrontend(const cli::Invocation& invocation) {
  io::EventLoop loop;
  io::WorkerPool pool(2, 64);
  const std::string backend = invocation.GetString("backend");
  return Serve(invocation, loop, [&](io::HttpRequest request, const io::Responder& responder) {
    if (request.path == "/") {
      io::HttpResponse page;
      page.headers.Set("content-type", "text/html; charset=utf-8");
      page.body = kFrontendPage;
      return responder.Send(std::move(page));
    }
    if (request.path != "/call") return responder.Send(JsonResponse(404, {{"error", "there are / and /call"}}));
    io::HttpClientRequest call;
    call.url = backend + "/counter";
    call.timeout = kCallTimeout;
    const MonotonicTime start = RealClock().Monotonic();
    io::HttpFetchAsync(loop, pool, std::move(call), [responder, start](const Result<io::HttpResponse>& answer) {
      responder.Send(JsonResponse(200, DescribeCall(answer, RealClock().Monotonic() - start)));
    });
  });
}

cli::Flag ListenFlag() {
  return {.name = "listen", .value_name = "ADDRESS", .default_value = "127.0.0.1:0", .help = "address and port; port 0 takes a free one"};
}

}  // namespace

std::string CallerIdentity(std::string_view client_cert_header) {
  // The nearest proxy's element is the last one.
  if (const size_t comma = client_cert_header.rfind(','); comma != std::string_view::npos) client_cert_header.remove_prefix(comma + 1);
  for (const std::string& part : Split(client_cert_header, ';')) {
    const std::string_view field = Trim(part);
    if (field.starts_with("URI=")) return std::string(field.substr(4));
  }
  return {};
}

cli::Command MakeWorkloadCommand() {
  cli::Command backend;
  backend.name = "backend";
  backend.summary = "A counter that tells who called it";
  backend.flags = {ListenFlag()};
  backend.run = RunBackend;

  cli::Command frontend;
  frontend.name = "frontend";
  frontend.summary = "A web page that calls the backend";
  frontend.flags = {ListenFlag(), {.name = "backend", .value_name = "URL", .help = "where to call the backend", .required = true}};
  frontend.run = RunFrontend;

  cli::Command workload;
  workload.name = "workload";
  workload.summary = "The services of the demo";
  workload.hidden = true;
  workload.children = {backend, frontend};
  return workload;
}

}  // namespace kuma::demo
