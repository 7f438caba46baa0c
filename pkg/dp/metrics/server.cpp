#include "pkg/dp/metrics/server.h"

#include <unistd.h>

#include "pkg/base/strings.h"
#include "pkg/dp/metrics/mesh_metrics.h"
#include "pkg/dp/metrics/otlp.h"
#include "pkg/dp/otel/grpc_client.h"

namespace kuma::dp::metrics {
namespace {

using std::chrono::seconds;

constexpr char kPath[] = "/meshmetric";
constexpr char kTextType[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr char kExportMethod[] = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
constexpr Nanos kUsualScrapeTimeout = seconds(10);
constexpr Nanos kExportTimeout = seconds(30);

// Prometheus tells how long it waits; something must be left for the way back.
Nanos ScrapeTimeout(const io::HttpRequest& request) {
  const auto told = ParseDouble(request.headers.Get("x-prometheus-scrape-timeout-seconds"));
  if (!told || *told <= 0 || *told > 3600) return kUsualScrapeTimeout;
  return Nanos(static_cast<int64_t>(*told * 0.9 * 1e9));
}

}  // namespace

struct MetricsServer::Exporter {
  ExportTarget target;
  io::Timer timer;
  std::shared_ptr<otel::GrpcClient> client;
};

MetricsServer::MetricsServer(io::EventLoop& loop, const Clock& clock, Options options)
    : loop_(loop), clock_(clock), options_(std::move(options)), plan_(MakePlan("{}", options_.context).value()) {}

Result<std::unique_ptr<MetricsServer>> MetricsServer::Start(io::EventLoop& loop, const Clock& clock, Options options) {
  ::unlink(options.socket_path.c_str());
  std::unique_ptr<MetricsServer> metrics(new MetricsServer(loop, clock, std::move(options)));
  io::HttpServerOptions http;
  http.listen.unix_path = metrics->options_.socket_path;
  http.listen.unix_mode = 0600;
  http.service.handler = [self = metrics.get()](io::HttpRequest request, io::Responder responder) { self->Answer(request, responder); };
  KUMA_TRY_ASSIGN(metrics->server_, io::HttpServer::Start(loop, std::move(http)));
  return metrics;
}

MetricsServer::~MetricsServer() {
  alive_.reset();
  for (auto& [socket, exporter] : exporters_) exporter->timer.Cancel();
  server_.reset();
  collector_.reset();
}

Collector& MetricsServer::collector() {
  if (!collector_) {
    collector_ = std::make_unique<Collector>(
        clock_, [registry = options_.registry] { return registry != nullptr ? registry->Expose() : std::string(); });
  }
  return *collector_;
}

void MetricsServer::Answer(const io::HttpRequest& request, const io::Responder& responder) {
  if (!request.path.starts_with(kPath)) {
    const size_t mark = request.target.find('?');
    const std::string query = mark == std::string::npos ? std::string() : request.target.substr(mark + 1);
    auto plan = MakeMeshPlan(options_.aggregate, query, options_.context);
    return collector().Collect(plan, ScrapeTimeout(request), [plan, responder](Parts parts) {
      responder.Send({200, {{"content-type", kTextType}}, WriteMeshMetrics(std::move(parts), *plan)});
    });
  }
  auto plan = plan_;
  collector().Collect(plan, ScrapeTimeout(request), [plan, responder, resource = options_.resource](Parts parts) {
    Families families = Merge(std::move(parts), *plan);
    Sample info;
    info.value = 1;
    for (const auto& [name, value] : resource) info.labels.emplace_back(ReplaceAll(name, ".", "_"), value);
    families["target_info"] = Family{"Target metadata", FamilyType::kGauge, {std::move(info)}};
    responder.Send({200, {{"content-type", kTextType}}, WriteText(families)});
  });
}

Status MetricsServer::SetDocument(const std::string& document) {
  KUMA_TRY_ASSIGN(plan_, MakePlan(document.empty() ? "{}" : document, options_.context));
  log_.Info("metrics are configured", {{"targets", plan_->targets.size()}, {"exports", plan_->exports.size()}});
  Reconcile();
  return Ok();
}

void MetricsServer::SetPipeTargets(std::vector<ExportTarget> targets) {
  pipe_targets_ = std::move(targets);
  Reconcile();
}

void MetricsServer::Reconcile() {
  std::map<std::string, ExportTarget> wanted;
  for (const ExportTarget& target : plan_->exports) wanted[target.socket_path] = target;
  for (const ExportTarget& target : pipe_targets_) wanted[target.socket_path] = target;
  std::erase_if(exporters_, [&](auto& entry) {
    const auto it = wanted.find(entry.first);
    if (it != wanted.end() && it->second == entry.second->target) return false;
    entry.second->timer.Cancel();
    log_.Info("stopped the OpenTelemetry export", {{"backend", entry.second->target.name}});
    return true;
  });
  for (const auto& [socket, target] : wanted) {
    auto& exporter = exporters_[socket];
    if (exporter) continue;
    exporter = std::make_shared<Exporter>();
    exporter->target = target;
    exporter->client = std::make_shared<otel::GrpcClient>(otel::GrpcTarget{"unix:" + socket, false, {}, {}, {}});
    log_.Info("started the OpenTelemetry export", {{"backend", target.name}, {"interval", FormatDuration(target.interval)}});
    Schedule(*exporter);
  }
}

void MetricsServer::Schedule(Exporter& exporter) {
  exporter.timer =
      loop_.PostAfter(exporter.target.interval, [this, socket = exporter.target.socket_path, alive = std::weak_ptr<char>(alive_)] {
        if (alive.expired()) return;
        const auto it = exporters_.find(socket);
        if (it == exporters_.end()) return;
        Schedule(*it->second);  // by the clock, not after the collector's answer
        Export(it->second, [] {});
      });
}

void MetricsServer::Export(const std::shared_ptr<Exporter>& exporter, std::function<void()> done) {
  auto plan = plan_;
  const Nanos timeout = std::min<Nanos>(kExportTimeout, exporter->target.interval);
  collector().Collect(
      plan, timeout,
      [plan, timeout, client = exporter->client, name = exporter->target.name, resource = options_.resource,
       done = std::move(done)](Parts parts) {
        std::string message = EncodeOtlp(std::move(parts), *plan, resource);
        if (message.empty()) return done();
        otel::GrpcCallOptions options;
        options.timeout = timeout;
        client->CallAsync(kExportMethod, std::move(message), options, [client, name, done](Result<std::string> reply) {
          if (!reply.ok()) {
            Logger("kuma-dp.metrics").Error("could not export metrics", {{"backend", name}, {"error", reply.error().ToString()}});
          }
          done();
        });
      });
}

void MetricsServer::Flush(Nanos limit, std::function<void()> done) {
  struct Waiting {
    size_t missing = 0;
    std::function<void()> done;
    io::Timer limit;
    void End() {
      limit.Cancel();
      if (done) std::exchange(done, nullptr)();
    }
  };
  auto waiting = std::make_shared<Waiting>();
  waiting->missing = exporters_.size();
  waiting->done = std::move(done);
  if (exporters_.empty()) return waiting->End();
  waiting->limit = loop_.PostAfter(limit, [waiting] { waiting->End(); });
  for (auto& [socket, exporter] : exporters_) {
    exporter->timer.Cancel();
    Export(exporter, [waiting, loop = loop_.handle()] {
      loop.Post([waiting] {
        if (--waiting->missing == 0) waiting->End();
      });
    });
  }
}

}  // namespace kuma::dp::metrics
