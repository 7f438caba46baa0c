// kuma-dp's side of MeshMetric and of a Mesh's metrics: the metrics server on a Unix socket, which Envoy's Prometheus listener asks, and
// the exports to OpenTelemetry collectors through Envoy's sockets or kuma-dp's own. Loop thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pkg/base/log.h"
#include "pkg/base/metrics.h"
#include "pkg/dp/metrics/collector.h"
#include "pkg/io/http_server.h"
#include "pkg/io/loop.h"

namespace kuma::dp::metrics {

class MetricsServer {
 public:
  struct Options {
    std::string socket_path;
    PlanContext context;
    Json aggregate;                            // applications of the Mesh's own metrics
    Labels resource;                           // of OpenTelemetry
    const MetricRegistry* registry = nullptr;  // kuma-dp's own metrics; outlives this
  };
  static Result<std::unique_ptr<MetricsServer>> Start(io::EventLoop& loop, const Clock& clock, Options options);
  ~MetricsServer();

  // The document at "/meshmetric". Empty: there is no MeshMetric any more.
  Status SetDocument(const std::string& document);
  // Collectors behind kuma-dp's own OpenTelemetry sockets.
  void SetPipeTargets(std::vector<ExportTarget> targets);
  // One last export everywhere, before Envoy goes; `done` is called at the latest after `limit`.
  void Flush(Nanos limit, std::function<void()> done);

 private:
  struct Exporter;
  MetricsServer(io::EventLoop& loop, const Clock& clock, Options options);
  void Answer(const io::HttpRequest& request, const io::Responder& responder);
  void Reconcile();
  void Schedule(Exporter& exporter);
  void Export(const std::shared_ptr<Exporter>& exporter, std::function<void()> done);
  Collector& collector();

  io::EventLoop& loop_;
  const Clock& clock_;
  const Options options_;
  const Logger log_{"kuma-dp.metrics"};
  std::shared_ptr<const Plan> plan_;
  std::vector<ExportTarget> pipe_targets_;
  std::map<std::string, std::shared_ptr<Exporter>> exporters_;  // by socket
  std::unique_ptr<io::HttpServer> server_;
  std::unique_ptr<Collector> collector_;  // with the first use, as it has threads
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace kuma::dp::metrics
