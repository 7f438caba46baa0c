#include "pkg/dp/probes/prober.h"

#include "pkg/base/strings.h"
#include "pkg/base/version.h"
#include "pkg/dp/otel/grpc_client.h"
#include "pkg/dp/otel/wire.h"
#include "pkg/io/connect.h"
#include "pkg/io/http_client.h"
#include "pkg/io/socket.h"

namespace kuma::dp::probes {
namespace {

constexpr size_t kThreads = 4;
constexpr size_t kMostQueued = 256;
constexpr char kHeaderPrefix[] = "x-kuma-probes-";
constexpr size_t kLargestBody = 16u << 20;

const ProbeReply kHealthy{200, "HEALTHY"};
const ProbeReply kUnhealthy{503, "UNHEALTHY"};
const ProbeReply kUnknown{503, "UNKNOWN"};

std::chrono::milliseconds TimeoutOf(const io::HttpRequest& request) {
  const auto seconds = ParseInt(request.headers.Get("x-kuma-probes-timeout"));
  return std::chrono::seconds(seconds && *seconds > 0 && *seconds < 3600 ? *seconds : 1);
}

// 0: it is none.
uint16_t PortOf(const std::string& text) {
  const auto port = ParseInt(text);
  return port && *port > 0 && *port <= 65535 ? static_cast<uint16_t>(*port) : uint16_t{0};
}

// HealthCheckResponse.status is field 1; 1 means SERVING.
bool IsServing(const std::string& message) { return message.size() >= 2 && message[0] == 0x08 && message[1] == 0x01; }

}  // namespace

Prober::Prober(std::string pod_address, bool redirected)
    : context_(std::make_shared<const Context>(Context{pod_address.empty() ? "127.0.0.1" : pod_address,
                                                       !redirected ? std::string() : (Contains(pod_address, ":") ? "::6" : "127.0.0.6")})),
      pool_(kThreads, kMostQueued) {}

Prober::~Prober() = default;

Result<std::unique_ptr<Prober>> Prober::Start(io::EventLoop& loop, uint16_t port, std::string pod_address, bool redirected) {
  std::unique_ptr<Prober> prober(new Prober(std::move(pod_address), redirected));
  io::HttpServerOptions options;
  options.listen.port = port;
  options.listen.in_use_hint = "the application probe proxy; choose another port with KUMA_APPLICATION_PROBE_PROXY_PORT";
  options.service.handler = [self = prober.get()](io::HttpRequest request, io::Responder responder) {
    auto work = [context = self->context_, request = std::move(request), responder] {
      const ProbeReply reply = context->Answer(request);
      responder.Send(
          {reply.status, {{"content-type", "text/plain; charset=utf-8"}, {"x-content-type-options", "nosniff"}}, reply.text + "\n"});
    };
    if (!self->pool_.TrySubmit(std::move(work))) responder.Send({503, {{"content-type", "text/plain; charset=utf-8"}}, "UNKNOWN\n"});
  };
  KUMA_TRY_ASSIGN(prober->server_, io::HttpServer::Start(loop, std::move(options)));
  return prober;
}

ProbeReply Prober::Context::Answer(const io::HttpRequest& request) const {
  const std::string first = request.segments.empty() ? std::string() : request.segments[0];
  if (first != "tcp" && first != "grpc") return AskHttp(request);
  const uint16_t port = request.segments.size() < 2 ? uint16_t{0} : PortOf(request.segments[1]);
  if (port == 0) return kUnknown;
  return first == "tcp" ? AskTcp(port, request) : AskGrpc(port, request);
}

ProbeReply Prober::Context::AskHttp(const io::HttpRequest& request) const {
  const uint16_t port = request.segments.empty() ? uint16_t{0} : PortOf(request.segments[0]);
  if (port == 0) return kUnknown;
  io::HttpClientRequest ask;
  const bool tls = request.headers.Get("x-kuma-probes-scheme") == "HTTPS";
  // The target behind "/<port>", as it was sent.
  const size_t rest = request.target.find_first_of("/?", 1);
  std::string target = rest == std::string::npos ? "/" : request.target.substr(rest);
  if (target.starts_with('?')) target = "/" + target;
  ask.url = (tls ? "https://" : "http://") + io::HostPort(address, port) + target;
  ask.source_address = source;
  ask.timeout = TimeoutOf(request);
  ask.tls.skip_verify = tls;  // as the kubelet does: a probe asks for life, not for identity
  ask.max_response_bytes = kLargestBody;
  for (const auto& [name, value] : request.headers.entries()) {
    const std::string lower = ToLower(name);
    const bool ours = lower.starts_with(kHeaderPrefix) || lower == "host" || lower == "connection" || lower == "content-length" ||
                      lower == "transfer-encoding" || lower == "keep-alive" || lower == "upgrade";
    if (!ours) ask.headers.Add(name, value);
  }
  if (const std::string* host = request.headers.Find("x-kuma-probes-host")) ask.headers.Set("Host", *host);
  if (!ask.headers.Has("User-Agent")) ask.headers.Add("User-Agent", "kuma-probe/" + GetBuildInfo().version);
  ask.headers.Set("Connection", "close");
  const auto reply = io::HttpFetch(ask);
  if (!reply.ok()) {
    log.Debug("unable to request upstream server", {{"url", ask.url}, {"error", reply.error().message}});
    return kUnhealthy;
  }
  if (reply->status >= 200 && reply->status < 400) return kHealthy;
  log.Debug("probe failed", {{"url", ask.url}, {"status", reply->status}});
  return {reply->status, "UNHEALTHY"};
}

ProbeReply Prober::Context::AskTcp(uint16_t port, const io::HttpRequest& request) const {
  const auto fd = io::ConnectTcp(address, port, std::chrono::steady_clock::now() + TimeoutOf(request), source);
  return fd.ok() ? kHealthy : kUnhealthy;
}

ProbeReply Prober::Context::AskGrpc(uint16_t port, const io::HttpRequest& request) const {
  const auto deadline = std::chrono::steady_clock::now() + TimeoutOf(request);
  auto fd = io::ConnectTcp(address, port, deadline, source);
  if (!fd.ok()) return kUnhealthy;
  otel::WireWriter check;
  if (const std::string service(request.headers.Get("x-kuma-probes-grpc-service")); !service.empty()) check.Bytes(1, service);
  otel::GrpcClient client(io::HostPort(address, port), fd->Take());
  otel::GrpcCallOptions options;
  options.timeout = deadline - std::chrono::steady_clock::now();
  const auto reply = client.Call("/grpc.health.v1.Health/Check", std::move(check).Take(), options);
  if (!reply.ok()) log.Debug("the health check failed", {{"port", port}, {"error", reply.error().ToString()}});
  return reply.ok() && IsServing(*reply) ? kHealthy : kUnhealthy;
}

}  // namespace kuma::dp::probes
