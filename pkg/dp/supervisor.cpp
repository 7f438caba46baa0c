#include "pkg/dp/supervisor.h"

#include <csignal>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/base/version.h"
#include "pkg/dp/bootstrap_request.h"
#include "pkg/dp/host.h"
#include "pkg/dp/metrics/otlp.h"
#include "pkg/io/free_port.h"
#include "pkg/io/http_client.h"

namespace kuma::dp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanos kVersionTimeout = seconds(10);
constexpr Nanos kFirstLivePause = milliseconds(10);
constexpr Nanos kLongestLivePause = seconds(1);
// A proxy without its DNS names would resolve them elsewhere; after this time that is still better than never being ready.
constexpr Nanos kDnsGate = seconds(15);
// The last part of draining, in which connections are no longer accepted.
constexpr Nanos kLastRequests = seconds(1);
constexpr Nanos kRequestsPause = milliseconds(20);

std::string Millis(Nanos duration) { return FormatDuration(std::chrono::duration_cast<milliseconds>(duration)); }

// "http.inbound_10.0.0.1_80.downstream_rq_active: 1"; our own question is one of the admin interface.
bool HasActiveRequests(const std::string& stats) {
  for (const std::string& line : Split(stats, '\n')) {
    if (line.starts_with("http.") && !line.starts_with("http.admin.") && !line.ends_with(": 0") && !Trim(line).empty()) return true;
  }
  return false;
}

}  // namespace

Supervisor::Supervisor(SupervisorDeps deps, Settings settings, std::optional<ProxyResource> resource)
    : deps_(std::move(deps)), settings_(std::move(settings)), resource_(std::move(resource)) {}

Supervisor::~Supervisor() {
  timer_.Cancel();
  live_timer_.Cancel();
}

void Supervisor::Start(Done on_done) {
  on_done_ = std::move(on_done);
  started_ = deps_.clock.Monotonic();
  log_.Info("starting Data Plane", {{"version", GetBuildInfo().version}, {"name", settings_.name}, {"mesh", settings_.mesh}});
  if (Status ready = Prepare(); !ready.ok()) return Fail(ready.error());
  AskEnvoyVersion();
}

Status Supervisor::Prepare() {
  KUMA_TRY_ASSIGN(envoy_path_, FindEnvoy(settings_.envoy_path, deps_.own_program, deps_.path_variable));
  KUMA_TRY_ASSIGN(WorkDir folder, WorkDir::Open(settings_.work_dir));
  work_dir_.emplace(std::move(folder));
  if (work_dir_->temporary()) log_.Info("generated configurations will be stored in a temporary directory", {{"dir", work_dir_->path()}});
  KUMA_TRY_ASSIGN(token_, LoadToken(settings_, work_dir_->path()));
  KUMA_TRY_ASSIGN(readiness_, ReadinessReporter::Start(deps_.loop, deps_.pool, ReadinessHost(), settings_.readiness_port,
                                                       settings_.readiness_port_fixed));
  log_.Info("readiness is reported", {{"address", readiness_->address()}, {"path", "/ready"}});
  return Ok();
}

std::string Supervisor::ReadinessHost() const {
  if (settings_.in_kubernetes) return {};  // the kubelet asks from outside
  const std::string address = resource_ ? GetString(Get(resource_->document, "networking"), "address") : std::string();
  return Contains(address, ":") ? "::1" : "127.0.0.1";
}

void Supervisor::AskEnvoyVersion() {
  io::ProcessOptions options;
  options.argv = {envoy_path_, "--version"};
  options.env = io::CurrentEnvironment();
  options.on_stdout = [this](std::string_view line) { version_output_ += std::string(line) + "\n"; };
  options.on_exit = [this](int, const std::string& how) { OnEnvoyVersion(version_output_, how); };
  auto probe = io::ChildProcess::Spawn(deps_.loop, std::move(options));
  if (!probe.ok()) return Fail(probe.error());
  version_probe_ = std::move(probe).value();
  timer_ = deps_.loop.PostAfter(kVersionTimeout, [this] {
    log_.Error("Envoy does not answer --version, it is killed", {{"path", envoy_path_}});
    version_probe_->Signal(SIGKILL);
  });
}

void Supervisor::OnEnvoyVersion(const std::string& output, const std::string& how) {
  timer_.Cancel();
  if (state_ != State::kPreparing) return;
  auto version = ParseEnvoyVersion(output);
  if (!version.ok()) {
    return Fail(Invalid("failed to get Envoy version from " + envoy_path_ + " (" + how + "): " + version.error().message +
                        ". Is it Envoy, built for this machine?"));
  }
  envoy_version_ = std::move(version).value();
  if (envoy_version_.compatible) {
    log_.Info("fetched Envoy version", {{"path", envoy_path_}, {"version", envoy_version_.version}});
  } else {
    log_.Warn("Envoy version is outside of the range that this version supports; it may reject configuration",
              {{"path", envoy_path_}, {"version", envoy_version_.version}, {"supported", SupportedEnvoyRange()}});
  }
  FetchBootstrap();
}

void Supervisor::FetchBootstrap() {
  state_ = State::kFetching;
  readiness_->SetReason("waiting for the control plane at " + settings_.cp_url);
  BootstrapFacts facts;
  facts.envoy = envoy_version_;
  facts.token = token_.text;
  facts.token_path = token_.path;
  facts.work_dir = work_dir_->path();
  facts.readiness_port = readiness_->port();
  facts.max_heap_bytes = settings_.max_memory_bytes != 0 ? settings_.max_memory_bytes : DetectMemoryLimit();
  facts.ipv6 = settings_.ipv6_enabled && HasIpv6Address();
  facts.system_ca_path = settings_.system_ca_path.empty() ? FindSystemCaPath() : settings_.system_ca_path;
  bootstrap_ = std::make_unique<BootstrapClient>(deps_.loop, deps_.pool, deps_.clock, settings_);
  bootstrap_->OnRetry([this](const std::string& why) { readiness_->SetReason(why); });
  bootstrap_->Fetch(
      [this, facts](const ControlPlaneTrust& trust) mutable {
        facts.ca_pem = trust.ca_pem;
        facts.resource = resource_ ? &resource_->document : nullptr;
        return ToJsonText(MakeBootstrapRequest(settings_, facts));
      },
      [this](Result<BootstrapConfig> config) {
        if (state_ != State::kFetching) return;
        if (!config.ok())
          return Fail(MakeError(config.error().code, "Failed to fetch Envoy bootstrap config. " + config.error().ToString()));
        if (Status launched = Launch(std::move(config).value()); !launched.ok()) Fail(launched.error());
      });
}

Status Supervisor::PlaceAdmin(BootstrapConfig& config) const {
  // On a Unix socket the interface takes no port, but the control plane's way to it does: a listener on the proxy's own address.
  const bool is_socket = !config.admin.unix_path.empty();
  const uint16_t wanted = is_socket ? config.admin.announced_port : config.admin.port;
  std::string host = is_socket ? config.sidecar_address : config.admin.host;
  if (wanted == 0 || (is_socket && (host.empty() || host == "127.0.0.1" || host == "::1"))) return Ok();
  if (host.empty()) host = "127.0.0.1";
  if (io::IsPortFree(host, wanted)) return Ok();
  const bool chosen = resource_ && GetInt(GetPath(resource_->document, {"networking", "admin"}), "port") == wanted;
  // An address that this machine does not have (behind NAT) has no free ports either.
  const Result<uint16_t> free_port = io::FindFreePort(host);
  if (is_socket && !free_port.ok()) return Ok();
  if (chosen) {
    return Unavailable(
        "port " + std::to_string(wanted) +
        " for Envoy's admin interface is already in use; change networking.admin.port of the Dataplane, or leave it out to get a free one");
  }
  KUMA_TRY_ASSIGN(const uint16_t port, free_port);
  log_.Info("the usual port of Envoy's admin interface is in use, another one is taken", {{"usual", wanted}, {"port", port}});
  return config.MoveAdmin(port);
}

Status Supervisor::Launch(BootstrapConfig config) {
  KUMA_TRY(PlaceAdmin(config));
  admin_ = config.admin;
  const std::string path = JoinPath(work_dir_->path(), "bootstrap.yaml");
  KUMA_TRY(WriteFileAtomic(path, config.yaml, 0600));
  log_.Info("received bootstrap configuration",
            {{"file", path}, {"admin", admin_.unix_path.empty() ? "port " + std::to_string(admin_.port) : admin_.unix_path}});

  // Envoy opens the pipe when it gets an access log, so it must exist before.
  auto pipe = AccessLogPipe::Start(deps_.loop, AccessLogSocketPath(work_dir_->path(), settings_.name, settings_.mesh));
  if (pipe.ok()) {
    access_log_ = std::move(pipe).value();
  } else {
    log_.Warn("access logs to TCP backends will not work", {{"error", pipe.error().ToString()}});
  }
  config_fetcher_ = std::make_unique<ConfigFetcher>(deps_.loop, deps_.pool, DynamicConfigSocketPath(work_dir_->path()),
                                                    settings_.refresh_interval, &registry_);
  if (settings_.DnsOn()) KUMA_TRY(StartDns());
  KUMA_TRY(StartTelemetry(config));

  std::vector<std::string> argv = EnvoyArguments(settings_, envoy_version_, path);
  argv.insert(argv.begin(), envoy_path_);
  log_.Info("starting Envoy", {{"command", Join(argv, " ")}});
  KUMA_TRY_ASSIGN(
      envoy_, EnvoyProcess::Start(deps_.loop, std::move(argv), deps_.envoy_output, [this](const EnvoyExit& exit) { OnEnvoyExit(exit); }));
  state_ = State::kRunning;
  readiness_->AskEnvoy(admin_);
  config_fetcher_->Start();
  if (admin_.IsSet()) {
    live_timer_ = deps_.loop.PostAfter(kFirstLivePause, [this] { WatchUntilLive(kFirstLivePause); });
  }
  return Ok();
}

Status Supervisor::StartDns() {
  const bool redirected = !settings_.transparent_proxy.is_null();
  const bool ipv6 = redirected && GetString(settings_.transparent_proxy, "ipFamilyMode", "dualstack") != "ipv4" && settings_.ipv6_enabled;
  const bool virtual_networks = !GetPath(settings_.transparent_proxy, {"redirect", "vnet", "networks"}).empty();
  dns::ServerOptions options;
  options.port = settings_.dns_port;
  options.log_queries = settings_.dns_logging;
  options.metrics = &registry_;
  // Without redirection anybody may have been pointed here; virtual networks are redirected to the interface's own address.
  options.addresses = {redirected && !virtual_networks ? "127.0.0.1" : "0.0.0.0"};
  if (ipv6) options.addresses.emplace_back(virtual_networks ? "::" : "::1");
  KUMA_TRY_ASSIGN(dns_, dns::Server::Start(deps_.loop, deps_.pool, std::move(options)));
  log_.Info("DNS is answered", {{"port", dns_->port()}});
  dns_gate_end_ = deps_.clock.Monotonic() + kDnsGate;
  readiness_->SetGate([this]() -> std::string {
    if (dns_->has_names() || deps_.clock.Monotonic() > dns_gate_end_) return {};
    return "waiting for the names of the mesh";
  });
  config_fetcher_->AddHandler("/dns", [this](const std::string& body) { return dns_->SetNames(body); });
  return Ok();
}

Status Supervisor::StartTelemetry(const BootstrapConfig& config) {
  AddProcessMetrics(registry_);
  metrics::MetricsServer::Options options;
  options.socket_path = MetricsSocketPath(work_dir_->path(), settings_.name, settings_.mesh);
  options.context = {admin_, config.sidecar_address, !settings_.transparent_proxy.is_null()};
  options.aggregate = config.metrics_aggregate;
  options.resource = metrics::OtlpResource(settings_.otel_environment);
  options.registry = &registry_;
  KUMA_TRY_ASSIGN(metrics_, metrics::MetricsServer::Start(deps_.loop, deps_.clock, std::move(options)));
  config_fetcher_->AddHandler(
      "/meshmetric", [this](const std::string& body) { return metrics_->SetDocument(body); }, true);
  if (settings_.otel_pipe) {
    const std::string ca = settings_.system_ca_path.empty() ? FindSystemCaPath() : settings_.system_ca_path;
    otel_ =
        std::make_unique<otel::Receivers>(otel::Receivers::Options{otel::Environment(settings_.otel_environment), settings_.host_ip, ca});
    config_fetcher_->AddHandler(
        "/otel",
        [this](const std::string& body) {
          const Status taken = otel_->SetDocument(body);
          metrics_->SetPipeTargets(otel_->metric_targets());
          return taken;
        },
        true);
  }
  if (settings_.probe_port != 0) {
    KUMA_TRY_ASSIGN(
        prober_, probes::Prober::Start(deps_.loop, settings_.probe_port, config.sidecar_address, !settings_.transparent_proxy.is_null()));
    log_.Info("application probes are answered", {{"port", prober_->port()}});
  }
  return Ok();
}

void Supervisor::WatchUntilLive(Nanos pause) {
  if (state_ != State::kRunning) return;
  io::HttpClientRequest request;
  request.url = admin_.Url("/ready");
  request.timeout = seconds(2);
  io::HttpFetchAsync(deps_.loop, deps_.pool, std::move(request),
                     [this, pause, alive = std::weak_ptr<char>(alive_)](Result<io::HttpResponse> reply) {
                       if (alive.expired() || state_ != State::kRunning) return;
                       if (reply.ok() && reply->status == 200) {
                         live_ = true;
                         log_.Info("the proxy is ready", {{"after", Millis(deps_.clock.Monotonic() - started_)}});
                         return;
                       }
                       const Nanos next = std::min<Nanos>(pause * 2, kLongestLivePause);
                       live_timer_ = deps_.loop.PostAfter(next, [this, next] { WatchUntilLive(next); });
                     });
}

void Supervisor::OnEnvoyExit(const EnvoyExit& exit) {
  if (state_ == State::kStopping) {
    log_.Info("Envoy terminated", {{"how", exit.reason}});
    return Finish(0);
  }
  log_.Error("Envoy terminated by itself", {{"how", exit.reason}});
  Finish(exit.code == 0 ? 1 : exit.code, "Envoy terminated by itself: " + exit.reason);
}

void Supervisor::OnSignal(int signal) {
  if (signal == SIGUSR2) return DrainInbound();
  switch (state_) {
    case State::kPreparing:
    case State::kFetching:
      log_.Info("stopped before Envoy was started");
      return Finish(0);
    case State::kRunning:
      log_.Info("Kuma DP caught an exit signal", {{"signal", io::SignalName(signal)}});
      return drained_ ? StopEnvoy() : Drain();
    case State::kDraining:
      log_.Info("second exit signal, draining is cut short");
      return StopEnvoy();
    case State::kStopping:
      if (envoy_) envoy_->Kill();
      return;
    case State::kDone:
      return;
  }
}

void Supervisor::Drain() {
  state_ = State::kDraining;
  readiness_->SetTerminating();
  if (!admin_.IsSet()) return StopEnvoy();
  log_.Info("draining Envoy connections");
  const MonotonicTime end = deps_.clock.Monotonic() + settings_.drain_time;
  // From now on health checks fail and every answer asks its client to close the connection; new connections are still served.
  PostAdmin("/healthcheck/fail", [this, end](const Status& status) {
    if (state_ != State::kDraining) return;
    if (!status.ok()) {
      if (live_) {
        log_.Error("could not drain connections", {{"error", status.error().message}});
      } else {
        log_.Info("Envoy is not up yet, there is nothing to drain");
      }
      return StopEnvoy();
    }
    log_.Info("waiting for connections to be drained", {{"waitTime", FormatDuration(settings_.drain_time)}});
    if (metrics_) metrics_->Flush(settings_.drain_time, [] {});
    const Nanos last_part = std::min<Nanos>(settings_.drain_time / 5, kLastRequests);
    timer_ = deps_.loop.PostAfter(end - deps_.clock.Monotonic() - last_part, [this, end] { EndDrain(end); });
  });
}

// Nobody may start a request that would be cut: no new connections, and Envoy stops when the requests in work are done.
void Supervisor::EndDrain(MonotonicTime end) {
  PostAdmin("/drain_listeners?inboundonly", [this, end](const Status& status) {
    if (!status.ok()) log_.Warn("could not close the listeners", {{"error", status.error().message}});
    if (state_ == State::kDraining) AwaitLastRequests(end);
  });
}

void Supervisor::AwaitLastRequests(MonotonicTime end) {
  io::HttpClientRequest request;
  request.url = admin_.Url("/stats?filter=downstream_rq_active$");
  request.timeout = seconds(1);
  io::HttpFetchAsync(deps_.loop, deps_.pool, std::move(request),
                     [this, end, alive = std::weak_ptr<char>(alive_)](const Result<io::HttpResponse>& reply) {
                       if (alive.expired() || state_ != State::kDraining) return;
                       const bool busy = reply.ok() && HasActiveRequests(reply->body);
                       // Requests that are longer than the drain time get what Envoy's end is given as well.
                       if (!busy || deps_.clock.Monotonic() > end + settings_.stop_grace) return StopEnvoy();
                       timer_ = deps_.loop.PostAfter(kRequestsPause, [this, end] { AwaitLastRequests(end); });
                     });
}

void Supervisor::DrainInbound() {
  if (state_ != State::kRunning || drained_ || !admin_.IsSet()) return;
  drained_ = true;
  log_.Info("draining Envoy connections");
  PostAdmin("/drain_listeners?inboundonly&graceful&skip_exit", [this](const Status& status) {
    if (!status.ok()) log_.Error("could not drain connections", {{"error", status.error().message}});
  });
}

void Supervisor::PostAdmin(const std::string& target, std::function<void(Status)> done) {
  io::HttpClientRequest request;
  request.method = "POST";
  request.url = admin_.Url(target);
  io::HttpFetchAsync(deps_.loop, deps_.pool, std::move(request),
                     [done = std::move(done), alive = std::weak_ptr<char>(alive_)](Result<io::HttpResponse> reply) {
                       if (alive.expired()) return;
                       if (!reply.ok()) return done(std::move(reply).error());
                       if (reply->status != 200) return done(Unavailable("expected 200 status code, got " + std::to_string(reply->status)));
                       done(Ok());
                     });
}

void Supervisor::StopEnvoy() {
  if (state_ == State::kStopping || state_ == State::kDone) return;
  timer_.Cancel();
  state_ = State::kStopping;
  log_.Info("stopping Envoy");
  envoy_->Stop(settings_.stop_grace);
}

void Supervisor::Fail(const Error& error) {
  log_.Error(error.ToString());
  Finish(1, error.ToString());
}

void Supervisor::Finish(int code, const std::string& why) {
  if (state_ == State::kDone) return;
  state_ = State::kDone;
  timer_.Cancel();
  live_timer_.Cancel();
  if (config_fetcher_) config_fetcher_->Stop();
  log_.Info("stopping Kuma DP");
  if (on_done_) on_done_(code, why);
}

}  // namespace kuma::dp
