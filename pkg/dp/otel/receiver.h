// Takes telemetry from Envoy and from our own export on Unix sockets, one per MeshOpenTelemetryBackend, and sends it on to the collector
// the backend and the environment name: over gRPC, or as OTLP over HTTP. Messages pass as bytes. Loop thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pkg/base/log.h"
#include "pkg/dp/metrics/plan.h"
#include "pkg/dp/otel/environment.h"
#include "pkg/io/worker_pool.h"

namespace kuma::dp::otel {

class Receivers {
 public:
  struct Options {
    Environment environment;
    std::string host_ip;
    std::string system_ca_path;
  };
  explicit Receivers(Options options);
  ~Receivers();

  // The document at "/otel"; empty: there are no backends any more. Sockets that cannot be opened are an error, the others are served.
  Status SetDocument(const std::string& document);
  // The backends that metrics are to be exported to.
  const std::vector<metrics::ExportTarget>& metric_targets() const { return metric_targets_; }

 private:
  struct Receiver;
  Result<std::shared_ptr<Receiver>> Open(const std::string& socket_path, std::map<std::string, Route, std::less<>> routes);

  const Options options_;
  const Logger log_{"kuma-dp.otel-receiver"};
  std::map<std::string, std::shared_ptr<Receiver>> receivers_;  // by socket
  std::vector<metrics::ExportTarget> metric_targets_;
  std::shared_ptr<io::WorkerPool> pool_;  // of HTTP exports, with the first one
};

}  // namespace kuma::dp::otel
