// One run of kuma-dp from start to exit: find Envoy, open the readiness port, fetch the bootstrap configuration, start Envoy and what
// stands beside it, and on a signal drain and stop. A state machine on the loop; every member is used on the loop's thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "pkg/base/clock.h"
#include "pkg/base/log.h"
#include "pkg/base/metrics.h"
#include "pkg/dp/access_log_pipe.h"
#include "pkg/dp/bootstrap_client.h"
#include "pkg/dp/config_fetcher.h"
#include "pkg/dp/dns/server.h"
#include "pkg/dp/envoy_binary.h"
#include "pkg/dp/envoy_process.h"
#include "pkg/dp/metrics/server.h"
#include "pkg/dp/otel/receiver.h"
#include "pkg/dp/probes/prober.h"
#include "pkg/dp/proxy_resource.h"
#include "pkg/dp/readiness.h"
#include "pkg/dp/token.h"
#include "pkg/dp/work_dir.h"

namespace kuma::dp {

struct SupervisorDeps {
  io::EventLoop& loop;
  io::WorkerPool& pool;
  const Clock& clock;
  EnvoyProcess::Output envoy_output;
  std::string own_program;    // path of this program, to find Envoy beside it
  std::string path_variable;  // PATH
};

class Supervisor {
 public:
  enum class State { kPreparing, kFetching, kRunning, kDraining, kStopping, kDone };

  // `settings` has the final name and mesh.
  Supervisor(SupervisorDeps deps, Settings settings, std::optional<ProxyResource> resource);
  ~Supervisor();

  // on_done(exit code, why) is called once; `why` is empty when all went well. It has been logged then.
  using Done = std::function<void(int, const std::string&)>;
  void Start(Done on_done);
  // SIGTERM, SIGINT: drain, then stop; a second one stops at once. SIGUSR2: drain the inbound listeners and go on.
  void OnSignal(int signal);

  State state() const { return state_; }
  const ReadinessReporter* readiness() const { return readiness_.get(); }

 private:
  Status Prepare();
  void AskEnvoyVersion();
  void OnEnvoyVersion(const std::string& output, const std::string& how);
  void FetchBootstrap();
  Status Launch(BootstrapConfig config);
  Status PlaceAdmin(BootstrapConfig& config) const;
  Status StartDns();
  Status StartTelemetry(const BootstrapConfig& config);
  void WatchUntilLive(Nanos pause);
  void OnEnvoyExit(const EnvoyExit& exit);
  void Drain();
  void EndDrain(MonotonicTime end);
  void AwaitLastRequests(MonotonicTime end);
  void DrainInbound();
  void PostAdmin(const std::string& target, std::function<void(Status)> done);
  void StopEnvoy();
  void Fail(const Error& error);
  void Finish(int code, const std::string& why = {});
  std::string ReadinessHost() const;

  SupervisorDeps deps_;
  const Settings settings_;
  const std::optional<ProxyResource> resource_;
  const Logger log_{"kuma-dp.run"};
  Done on_done_;
  State state_ = State::kPreparing;
  MonotonicTime started_{};

  std::optional<WorkDir> work_dir_;
  std::string envoy_path_;
  EnvoyVersion envoy_version_;
  DataplaneToken token_;
  AdminAddress admin_;
  bool live_ = false;  // Envoy was ready once
  bool drained_ = false;

  std::unique_ptr<io::ChildProcess> version_probe_;
  std::string version_output_;
  std::unique_ptr<ReadinessReporter> readiness_;
  std::unique_ptr<BootstrapClient> bootstrap_;
  std::unique_ptr<AccessLogPipe> access_log_;
  MetricRegistry registry_;
  std::unique_ptr<metrics::MetricsServer> metrics_;
  std::unique_ptr<otel::Receivers> otel_;
  std::unique_ptr<probes::Prober> prober_;
  std::unique_ptr<dns::Server> dns_;
  std::unique_ptr<ConfigFetcher> config_fetcher_;
  std::unique_ptr<EnvoyProcess> envoy_;
  MonotonicTime dns_gate_end_{};
  io::Timer timer_;  // of the present state
  io::Timer live_timer_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace kuma::dp
