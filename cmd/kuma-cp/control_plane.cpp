#include "cmd/kuma-cp/control_plane.h"

#include <unistd.h>

#include <csignal>
#include <future>

#include "cmd/kuma-cp/api_wiring.h"
#include "cmd/kuma-cp/dataplane_server.h"
#include "cmd/kuma-cp/envoy_admin.h"
#include "cmd/kuma-cp/identities.h"
#include "cmd/kuma-cp/insight_follower.h"
#include "cmd/kuma-cp/leader_jobs.h"
#include "cmd/kuma-cp/leadership.h"
#include "cmd/kuma-cp/store_factory.h"
#include "pkg/api/diagnostics.h"
#include "pkg/api/pipeline_snapshot_source.h"
#include "pkg/api/rest_api.h"
#include "pkg/api/server.h"
#include "pkg/base/files.h"
#include "pkg/base/memory.h"
#include "pkg/base/version.h"
#include "pkg/ca/key_pool.h"
#include "pkg/io/name_service.h"
#include "pkg/policy/all.h"
#include "pkg/reconcile/defaults.h"
#include "pkg/reconcile/settle.h"
#include "pkg/resources/all.h"
#include "pkg/tokens/issuer.h"

namespace kuma::cp {
namespace {

const Logger kLog{"kuma-cp"};

// Requests that wait for a thread.
constexpr size_t kApiQueue = 1024;

constexpr size_t kWorkQueue = 4096;
constexpr size_t kWorkersKept = 2;

// As many as compute at once, more when they also wait for the store.
size_t WorkersFor(const config::Config& config) {
  const Result<const StoreKind*> kind = FindStoreKind(config.GetString("store.type"));
  return kind.ok() && (*kind)->api_threads > 0 ? 8 : kWorkersKept;
}

std::string HostName() {
  char name[256] = {};
  gethostname(name, sizeof(name) - 1);
  return name;
}

std::string InstanceId(Random& random) { return HostName() + "-" + random.Uuid().substr(0, 4); }

store::AdmissionOptions AdmissionOptionsOf(const config::Config& config) {
  store::AdmissionOptions options;
  options.is_global = config.GetString("mode") == "global";
  options.is_federated_zone = !options.is_global && !config.GetString("multizone.zone.globalAddress").empty();
  options.is_k8s = config.GetString("environment") == "kubernetes";
  options.check_origin = !config.GetBool("multizone.zone.disableOriginLabelValidation");
  options.unsafe_delete = config.GetBool("store.unsafeDelete");
  options.zone = options.is_global ? std::string() : config.GetString("multizone.zone.name");
  options.system_namespace = config.GetString("store.kubernetes.systemNamespace");
  return options;
}

ca::SpiffeContext SpiffeContextOf(const config::Config& config) {
  const bool kubernetes = config.GetString("environment") == "kubernetes";
  const std::string injector = "runtime.kubernetes.injector.spire.";
  return {config.GetString("mode") == "global" ? std::string() : config.GetString("multizone.zone.name"), kubernetes,
          kubernetes ? config.GetString(injector + "mountPath") + "/" + config.GetString(injector + "socketFileName")
                     : config.GetString("runtime.universal.spire.socketPath")};
}

reconcile::DestinationOptions DestinationOptionsOf(const config::Config& config) {
  reconcile::DestinationOptions options;
  const bool global = config.GetString("mode") == "global";
  options.zone = global ? std::string() : config.GetString("multizone.zone.name");
  options.generate = !global && config.GetString("environment") != "kubernetes";
  options.deletion_grace_period = config.GetDuration("meshService.deletionGracePeriod");
  options.mesh_service_cidr = config.GetString("ipam.meshService.cidr");
  options.mesh_external_service_cidr = config.GetString("ipam.meshExternalService.cidr");
  options.mesh_multi_zone_service_cidr = config.GetString("ipam.meshMultiZoneService.cidr");
  const ca::SpiffeContext spiffe = SpiffeContextOf(config);
  options.spiffe_ids = [spiffe](const ca::Identities& identities, const Resource& dataplane) { return ca::ListedSpiffeIds(identities, dataplane.meta, spiffe); };
  options.has_identity = [spiffe](const ca::Identities& identities, const std::set<std::string>& trust_domains, const Resource& dataplane) {
    return ca::HasTrustedIdentity(identities, trust_domains, dataplane.meta, spiffe);
  };
  return options;
}

reconcile::ServiceVipOptions ServiceVipOptionsOf(const config::Config& config) {
  return {config.GetString("multizone.zone.name"), config.GetString("dnsServer.CIDR"), config.GetBool("dnsServer.serviceVipEnabled")};
}

// Default policies of a mesh are part of creating it, in a dry run too. Keys are not.
void PrepareSandbox(const config::Config& config, store::Sandbox& sandbox) {
  auto defaults = std::make_shared<reconcile::Defaults>(
      sandbox.admission(), reconcile::DefaultsOptions{config.GetBool("defaults.skipMeshCreation"), config.GetBool("defaults.SkipHostnameGenerators"), false});
  defaults->Install();
  sandbox.Keep(defaults);
}

}  // namespace

// In the order of construction; destroyed in reverse.
struct ControlPlane::Parts {
  explicit Parts(const config::Config& c, MetricRegistry& metrics) : config(c), instance_id(InstanceId(RealRandom())), workers(WorkersFor(c), kWorkQueue, kWorkersKept) {
    resources::RegisterCoreTypes(types);
    policy::RegisterPolicyTypes(types);
    metrics.SetConstLabels({{"zone", config.GetString("multizone.zone.name")}});
    AddProcessMetrics(metrics);
    const BuildInfo& build = GetBuildInfo();
    metrics.GetGauge("cp_info", "Static information about the control plane.", {{"instance_id", instance_id}, {"version", build.version}, {"product", build.product}, {"build", build.git_commit}}).Set(1);
  }

  const config::Config& config;
  const std::string instance_id;
  TypeRegistry types;
  const StoreKind* store_kind = nullptr;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<store::Admission> admission;
  std::unique_ptr<reconcile::Defaults> defaults;
  ca::KeyPool keys;
  io::WorkerPool workers;  // keys, and writes that nobody waits for
  std::unique_ptr<io::WorkerPool> api_workers;  // for stores whose calls wait
  io::EventLoop io_loop;
  io::EventLoop mesh_loop;
  std::unique_ptr<Secrets> secrets;
  std::unique_ptr<BundledAuthority> bundled_authority;
  std::unique_ptr<MeshIdentities> identities;
  std::unique_ptr<AdminCerts> admin_certs;
  std::unique_ptr<EnvoyAdmin> envoy_admin;
  std::unique_ptr<insights::MeshInsights> insights;
  std::unique_ptr<InsightFollower> insight_follower;
  std::unique_ptr<LeaderJobs> leader_jobs;
  std::unique_ptr<Leadership> leadership;
  std::unique_ptr<DataplaneServer> dataplane_server;
  std::unique_ptr<xds::Pipeline> pipeline;
  std::unique_ptr<api::PipelineSnapshotSource> pipeline_source;
  std::unique_ptr<api::RestApi> rest;
  std::unique_ptr<api::ApiServer> api_server;
  std::unique_ptr<api::ApiServer> api_tls_server;
  std::unique_ptr<api::Diagnostics> diagnostics;
  std::unique_ptr<io::HttpServer> diagnostics_server;
  std::thread io_thread;
  std::thread mesh_thread;
  std::atomic<bool> ready{false};
  std::atomic<bool> stopping{false};
  std::atomic<bool> failed{false};
  std::promise<void> stop_requested;
  std::atomic<bool> stop_once{false};
};

ControlPlane::ControlPlane(config::Config config) : config_(std::move(config)), parts_(std::make_unique<Parts>(config_, metrics_)) {}

ControlPlane::~ControlPlane() = default;

Status ControlPlane::StartStore() {
  Parts& p = *parts_;
  KUMA_TRY_ASSIGN(p.store_kind, FindStoreKind(config_.GetString("store.type")));
  KUMA_TRY_ASSIGN(p.store, OpenStore(config_, metrics_));
  if (p.store_kind->api_threads > 0) p.api_workers = std::make_unique<io::WorkerPool>(p.store_kind->api_threads, kApiQueue, 0);
  p.admission = std::make_unique<store::Admission>(p.types, *p.store, AdmissionOptionsOf(config_));
  p.secrets = std::make_unique<Secrets>(*p.store);
  p.bundled_authority = std::make_unique<BundledAuthority>(*p.secrets, p.keys.Source(), RealClock(), SpiffeContextOf(config_));
  p.identities = std::make_unique<MeshIdentities>(*p.secrets, p.keys.Source(), RealClock(), *p.bundled_authority, p.types);
  p.admin_certs = std::make_unique<AdminCerts>(*p.secrets, p.keys.Source(), RealClock());
  p.envoy_admin = std::make_unique<EnvoyAdmin>(*p.store, *p.admin_certs, EnvoyAdminOptions{.default_port = static_cast<uint32_t>(config_.GetInt("bootstrapServer.params.adminPort"))});

  p.defaults = std::make_unique<reconcile::Defaults>(
      *p.admission, reconcile::DefaultsOptions{config_.GetBool("defaults.skipMeshCreation"), config_.GetBool("defaults.SkipHostnameGenerators")});
  p.defaults->Install();
  // Keys of a new mesh take a moment; they are made beside the write that needs them only later.
  store::AdmissionHooks hooks;
  hooks.check = [&p](const Resource& mesh, const WriteContext&, std::vector<Violation>& violations) {
    if (violations.empty()) p.identities->CheckProvided(mesh, violations);
  };
  hooks.after = [&p](const ResourcePtr& stored, const ResourcePtr& old) {
    p.workers.Submit([&p, stored, is_new = old == nullptr] {
      if (p.stopping) return;
      const std::string& mesh = stored->meta.name();
      const auto make_key = [&p]() -> Result<std::string> {
        KUMA_TRY_ASSIGN(const ca::PrivateKey key, p.keys.Take(ca::kRsa2048));
        return key.ToPem();
      };
      if (is_new) {
        if (const Status status = p.defaults->EnsureMeshSigningKey(mesh, make_key); !status.ok() && !p.stopping) {
          kLog.Error("cannot make the signing key of a mesh", {{"mesh", mesh}, {"error", status.error().ToString()}});
        }
      }
      const mesh::MeshConfigPtr config = mesh::ParseMesh(stored);
      // Also of backends that are not enabled (yet): what they would use can be seen before.
      for (const Json& backend : GetPath(stored->spec, {"mtls", "backends"})) {
        if (const Status status = p.identities->EnsureAuthority(mesh, backend); !status.ok() && !p.stopping) {
          kLog.Error("cannot make the certificate authority of a mesh", {{"mesh", mesh}, {"error", status.error().ToString()}});
        }
      }
    });
    return Ok();
  };
  p.admission->AddHooks("Mesh", std::move(hooks));
  p.leader_jobs = std::make_unique<LeaderJobs>(LeaderJobsDeps{config_, *p.store, *p.admission, *p.defaults, *p.bundled_authority, *p.secrets, p.keys, p.io_loop,
                                                              p.workers, DestinationOptionsOf(config_), ServiceVipOptionsOf(config_), p.instance_id});
  // Alone on its store, a control plane serves nothing before these exist.
  if (p.store_kind->elect == nullptr) return p.leader_jobs->EnsureResources();
  return Ok();
}

Status ControlPlane::StartApi() {
  Parts& p = *parts_;
  p.pipeline_source = std::make_unique<api::PipelineSnapshotSource>(*p.pipeline);
  p.rest = std::make_unique<api::RestApi>(api::ApiDeps{.types = p.types,
                                                        .store = *p.store,
                                                        .admission = *p.admission,
                                                        .snapshots = *p.pipeline_source,
                                                        .insights = *p.insights,
                                                        .issuers = TokenIssuersOf(config_, *p.store, RealClock(), RealRandom()),
                                                        .config = [this] { return config_.ToJson(true); },
                                                        .instance_id = [&p] { return p.instance_id; },
                                                        .cluster_id = [&p] { return ClusterId(*p.store); },
                                                        .proxy_admin = [&p](api::ProxyAdminQuery query, std::function<void(Result<std::string>)> done) { p.envoy_admin->Call(std::move(query), std::move(done)); },
                                                        .spiffe_id = SpiffeIdLookup(SpiffeContextOf(config_)),
                                                        .clock = RealClock(),
                                                        .metrics = metrics_,
                                                        .workers = p.api_workers.get(),
                                                        .background = &p.workers,
                                                        .prepare_sandbox = [this](store::Sandbox& sandbox) { PrepareSandbox(config_, sandbox); },
                                                        .settle_sandbox =
                                                            [this](store::Sandbox& sandbox) {
                                                              const reconcile::SettleOptions options{DestinationOptionsOf(config_), ServiceVipOptionsOf(config_)};
                                                              if (const Status status = reconcile::Settle(sandbox.admission(), RealClock(), options); !status.ok()) {
                                                                kLog.Warn("a dry run is incomplete", {{"error", status.error().ToString()}});
                                                              }
                                                            }},
                                          ApiOptionsOf(config_, *p.store, RealClock(), HostName()));
  p.diagnostics = std::make_unique<api::Diagnostics>(api::DiagnosticsDeps{.metrics = metrics_, .is_ready = [this] { return IsReady(); }});

  api::ApiPort diagnostics;
  diagnostics.listen.port = static_cast<uint16_t>(config_.GetInt("diagnostics.serverPort"));
  diagnostics.listen.in_use_hint = "another kuma-cp? set diagnostics.serverPort / KUMA_DIAGNOSTICS_SERVER_PORT";
  KUMA_TRY_ASSIGN(p.diagnostics_server, api::StartDiagnostics(p.io_loop, *p.diagnostics, diagnostics));

  if (config_.GetBool("apiServer.http.enabled")) {
    api::ApiServerOptions options;
    api::ApiPort port;
    port.listen.address = config_.GetString("apiServer.http.interface");
    if (port.listen.address == "0.0.0.0") port.listen.address.clear();  // both families
    port.listen.port = static_cast<uint16_t>(config_.GetInt("apiServer.http.port"));
    port.listen.in_use_hint = "another kuma-cp? set apiServer.http.port / KUMA_API_SERVER_HTTP_PORT";
    options.ports.push_back(std::move(port));
    options.limits = ApiLimitsOf(config_);
    KUMA_TRY_ASSIGN(p.api_server, api::ApiServer::Start(p.io_loop, *p.rest, options));
  }
  return Ok();
}

Status ControlPlane::StartServersWithTls() {
  Parts& p = *parts_;
  const auto context_of = [&](const std::string& server, std::vector<std::string> alpn, std::string* cert_pem) -> Result<std::shared_ptr<io::TlsServerContext>> {
    io::TlsServerOptions options;
    const std::string cert_path = config_.GetString(server + ".tlsCertFile");
    const std::string key_path = config_.GetString(server + ".tlsKeyFile");
    KUMA_TRY_ASSIGN(options.cert_pem, ReadFile(cert_path));
    KUMA_TRY_ASSIGN(options.key_pem, ReadFile(key_path));
    if (const std::string version = config_.GetString(server + ".tlsMinVersion"); !version.empty()) options.min_version = version;
    options.max_version = config_.GetString(server + ".tlsMaxVersion");
    options.ciphers = config_.GetList(server + ".tlsCipherSuites");
    options.alpn = std::move(alpn);
    if (server == "apiServer.https") {
      KUMA_TRY_ASSIGN(ApiClientCerts clients, ApiClientCertsOf(config_));
      options.client_ca_pem = std::move(clients.ca_pem);
      options.client_cert = clients.mode;
    }
    if (cert_pem != nullptr) *cert_pem = options.cert_pem;
    KUMA_TRY_ASSIGN(std::shared_ptr<io::TlsServerContext> context, io::TlsServerContext::Create(std::move(options)));
    KUMA_TRY(context->WatchFiles(p.io_loop, cert_path, key_path));
    return context;
  };
  std::string cert_pem;
  KUMA_TRY_ASSIGN(std::shared_ptr<io::TlsServerContext> dp_tls, context_of("dpServer", io::FrontAlpn(), &cert_pem));
  KUMA_TRY(p.dataplane_server->Start(*p.pipeline, std::move(dp_tls), std::move(cert_pem)));
  if (config_.GetBool("apiServer.https.enabled")) {
    api::ApiServerOptions options;
    api::ApiPort port;
    port.listen.address = config_.GetString("apiServer.https.interface");
    if (port.listen.address == "0.0.0.0") port.listen.address.clear();
    port.listen.port = static_cast<uint16_t>(config_.GetInt("apiServer.https.port"));
    port.listen.in_use_hint = "another kuma-cp? set apiServer.https.port / KUMA_API_SERVER_HTTPS_PORT";
    options.limits = ApiLimitsOf(config_);
    KUMA_TRY_ASSIGN(port.tls, context_of("apiServer.https", {"http/1.1"}, nullptr));
    options.ports.push_back(std::move(port));
    KUMA_TRY_ASSIGN(p.api_tls_server, api::ApiServer::Start(p.io_loop, *p.rest, options));
  }
  return Ok();
}

// On the io loop, once the certificate files are there.
void ControlPlane::OnCertificateReady() {
  Parts& p = *parts_;
  if (p.stopping) return;
  if (const Status status = StartServersWithTls(); !status.ok()) {
    kLog.Error("cannot start", {{"error", status.error().ToString()}});
    p.failed = true;
    RequestStop();
    return;
  }
  p.ready = true;
  kLog.Info("serving proxies", {{"port", p.dataplane_server->port()}});
}

// Only one of the control planes on a store does the work for all.
void ControlPlane::StartBackground() {
  Parts& p = *parts_;
  p.workers.Submit([&p] { p.admin_certs->Prepare(); });
  p.leadership = std::make_unique<Leadership>(
      p.store_kind->elect != nullptr ? p.store_kind->elect(config_, p.instance_id) : std::make_unique<store::AlwaysLeader>(), metrics_,
      [&p] {
        Status started = p.leader_jobs->EnsureResources();
        if (started.ok()) started = p.leader_jobs->Start();
        if (started.ok()) return true;
        kLog.Warn("cannot begin the work of the leader, will try again", {{"error", started.error().ToString()}});
        p.leader_jobs->Stop();
        return false;
      },
      [&p] { p.leader_jobs->Stop(); });
  p.leadership->Start();
  p.keys.Start();
}

Status ControlPlane::Start() {
  Parts& p = *parts_;
  KUMA_TRY(StartStore());
  // From here on a stop is one in order, also one that comes before the loop runs. A third signal is for the impatient.
  p.io_loop.OnSignal({SIGTERM, SIGINT}, [this, signals = 0](int) mutable {
    if (++signals == 3) std::_Exit(1);
    RequestStop();
  });
  p.insights = std::make_unique<insights::MeshInsights>(p.types, RealClock());
  p.insight_follower = std::make_unique<InsightFollower>(*p.store, *p.insights);
  p.dataplane_server = std::make_unique<DataplaneServer>(
      DataplaneServerDeps{config_, p.io_loop, p.workers, *p.store, *p.admission, p.types, metrics_, RealClock(), RealRandom(), p.instance_id, p.store_kind->elect != nullptr});
  p.pipeline = std::make_unique<xds::Pipeline>(
      xds::PipelineDeps{p.mesh_loop, p.workers, *p.store, p.types, *p.identities, [&p](const std::string& address) { return p.admin_certs->For(address); },
                        p.dataplane_server.get(), RealClock(), metrics_, ReleaseStartupPages, io::LookUpAddresses},
      xds::PipelineOptions{.zone = config_.GetString("multizone.zone.name")});
  KUMA_TRY(StartApi());
  p.pipeline->Start();

  const bool have_cert = FileExists(config_.GetString("general.tlsCertFile")) && FileExists(config_.GetString("general.tlsKeyFile"));
  if (have_cert) KUMA_TRY(StartServersWithTls());
  p.insight_follower->Start();
  p.io_thread = std::thread([&p] { p.io_loop.Run(); });
  p.mesh_thread = std::thread([&p] { p.mesh_loop.Run(); });
  p.ready = have_cert;
  kLog.Info("control plane is up",
            {{"version", GetBuildInfo().version}, {"mode", config_.GetString("mode")}, {"store", config_.GetString("store.type")}, {"api", config_.GetInt("apiServer.http.port")}});
  if (!have_cert) {
    p.workers.Submit([this, &p] {
      const Result<ca::CpCertFiles> made = ca::EnsureCpCert(config_.GetString("general.workDir"), p.keys.Source(), RealClock());
      if (!made.ok() && !p.stopping) kLog.Error("cannot make the server's certificate", {{"error", made.error().ToString()}});
      p.io_loop.Post([this] { OnCertificateReady(); });
    });
  }
  StartBackground();
  p.io_loop.PostAfter(std::chrono::seconds(1), ReleaseStartupPages);
  return Ok();
}

bool ControlPlane::IsReady() const { return parts_->ready && !parts_->stopping && parts_->store->Health().ok(); }

bool ControlPlane::failed() const { return parts_->failed; }

void ControlPlane::RequestStop() {
  if (!parts_->stop_once.exchange(true)) parts_->stop_requested.set_value();
}

void ControlPlane::RunUntilStopped() {
  Parts& p = *parts_;
  p.stop_requested.get_future().wait();
  kLog.Info("stopping");
  p.stopping = true;
  p.admin_certs->Stop();
  p.keys.Stop();  // nobody waits for keys any more
  p.leadership->Stop();  // early, so that another one takes over while we end
  std::promise<void> http_stopped;
  p.io_loop.Post([&] {
    // Plain and TLS API and diagnostics finish their requests together.
    auto left = std::make_shared<int>(1);
    const auto done = [&http_stopped, left] {
      if (--*left == 0) http_stopped.set_value();
    };
    const std::chrono::milliseconds grace(500);
    for (api::ApiServer* server : {p.api_server.get(), p.api_tls_server.get()}) {
      if (server == nullptr) continue;
      ++*left;
      server->Stop(grace, done);
    }
    ++*left;
    p.diagnostics_server->Stop(grace, done);
    done();
  });
  http_stopped.get_future().wait();
  p.dataplane_server->Stop();
  p.insight_follower->Stop();
  p.mesh_loop.Stop();
  p.mesh_thread.join();
  p.workers.Stop();
  p.envoy_admin->Stop();
  p.io_loop.Stop();
  p.io_thread.join();
  if (p.failed) kLog.Error("stopped because of an error above");
}

}  // namespace kuma::cp
