#include "cmd/kuma-cp/dataplane_server.h"

#include <future>

#include "pkg/base/version.h"

namespace kuma::cp {
namespace {

// Timers of layers that know no loop.
std::function<void(std::chrono::nanoseconds, std::function<void()>)> CallAfter(io::EventLoop& loop) {
  return [&loop](std::chrono::nanoseconds delay, std::function<void()> fn) { loop.PostAfter(delay, std::move(fn)); };
}

dpserver::BootstrapOptions BootstrapOptionsOf(const config::Config& config, std::string cert_pem) {
  dpserver::BootstrapOptions options;
  options.admin_address = config.GetString("bootstrapServer.params.adminAddress");
  options.default_admin_port = static_cast<uint32_t>(config.GetInt("bootstrapServer.params.adminPort"));
  options.admin_unix_socket = config.GetBool("bootstrapServer.params.envoyAdminUnixSocket");
  options.admin_access_log_path = config.GetString("bootstrapServer.params.adminAccessLogPath");
  options.xds_host = config.GetString("bootstrapServer.params.xdsHost");
  options.xds_port = static_cast<uint32_t>(config.GetInt("bootstrapServer.params.xdsPort"));
  if (options.xds_port == 0) options.xds_port = static_cast<uint32_t>(config.GetInt("dpServer.port"));
  options.xds_connect_timeout = config.GetDuration("bootstrapServer.params.xdsConnectTimeout");
  options.xds_max_receive_bytes = static_cast<uint32_t>(config.GetInt("bootstrapServer.params.xdsGrpcMaxReceiveMessageBytes"));
  options.corefile_template_path = config.GetString("bootstrapServer.params.corefileTemplatePath");
  options.tls_cert_pem = std::move(cert_pem);
  const bool dp_tokens = config.GetString("dpServer.authn.dpProxy.type") == "dpToken";
  const bool zone_tokens = config.GetString("dpServer.authn.zoneProxy.type") == "zoneToken";
  options.token_required = {{"dataplane", dp_tokens}, {"ingress", zone_tokens}, {"egress", zone_tokens}};
  options.reloadable_tokens = config.GetBool("dpServer.authn.enableReloadableTokens");
  options.health_discovery = config.GetBool("dpServer.hds.enabled");
  options.inbound_tags_disabled = config.GetBool("experimental.inboundTagsDisabled");
  options.gateway_max_connections = static_cast<uint64_t>(config.GetInt("proxy.gateway.globalDownstreamMaxConnections"));
  return options;
}

}  // namespace

class DataplaneServer::Registrar final : public dpserver::ProxyRegistrar {
 public:
  explicit Registrar(store::Admission& admission) : admission_(admission) {}
  Status Upsert(const Resource& proxy) override {
    store::PutResult result = admission_.Put(proxy.meta.key, proxy);
    if (!result.ok()) return *std::move(result.error);
    return Ok();
  }
  Status Remove(const ResourceKey& key) override { return admission_.Delete(key); }

 private:
  store::Admission& admission_;
};

DataplaneServer::DataplaneServer(DataplaneServerDeps deps) : deps_(std::move(deps)) {
  const config::Config& config = deps_.config;
  const bool tokens = config.GetString("dpServer.authn.dpProxy.type") == "dpToken" || config.GetString("dpServer.authn.zoneProxy.type") == "zoneToken";
  if (tokens) {
    authenticator_ = std::make_unique<TokenAuthenticator>(config, deps_.store, deps_.clock);
  } else {
    authenticator_ = std::make_unique<dpserver::AllowAllProxies>();
  }
  registrar_ = std::make_unique<Registrar>(deps_.admission);

  dpserver::LifecycleOptions lifecycle;
  lifecycle.control_plane_id = deps_.instance_id;
  lifecycle.deregistration_delay = config.GetDuration("xdsServer.dataplaneDeregistrationDelay");
  lifecycle.call_after = CallAfter(deps_.io_loop);
  lifecycle_ = std::make_unique<dpserver::ProxyLifecycle>(std::move(lifecycle), deps_.store, deps_.types, *authenticator_, *registrar_, deps_.workers);

  insights::SinkOptions sink;
  sink.control_plane_id = deps_.instance_id;
  sink.control_plane_version = GetBuildInfo().version;
  sink.flush_interval = config.GetDuration("xdsServer.dataplaneStatusFlushInterval");
  sink.subscription_limit = static_cast<size_t>(config.GetInt("metrics.dataplane.subscriptionLimit"));
  if (deps_.shared_store) sink.refresh_interval = config.GetDuration("metrics.dataplane.idleTimeout") / 2;
  sink.call_after = CallAfter(deps_.io_loop);
  sink_ = std::make_unique<insights::DataplaneSink>(std::move(sink), deps_.store, deps_.workers, deps_.clock, deps_.random);
}

DataplaneServer::~DataplaneServer() = default;

Status DataplaneServer::Start(xds::ProxyDirectory& directory, std::shared_ptr<io::TlsServerContext> tls, std::string cert_pem) {
  const config::Config& config = deps_.config;
  ValidationContext validation;
  validation.types = &deps_.types;
  validation.zone = config.GetString("multizone.zone.name");
  validation.is_global = config.GetString("mode") == "global";
  bootstrap_ = std::make_unique<dpserver::BootstrapHandler>(BootstrapOptionsOf(config, std::move(cert_pem)), deps_.store, deps_.types, validation);

  xds::ServerOptions ads;
  ads.control_plane_id = deps_.instance_id;
  ads.nack_backoff = config.GetDuration("xdsServer.nackBackoff");
  ads.call_after = CallAfter(deps_.io_loop);
  KUMA_TRY_ASSIGN(ads_, xds::Server::Start(std::move(ads), xds::ServerDeps{directory, *lifecycle_, sink_.get(), deps_.workers, deps_.metrics, deps_.clock}));

  io::TlsFrontOptions front;
  front.listen.port = static_cast<uint16_t>(config.GetInt("dpServer.port"));
  front.listen.in_use_hint = "another kuma-cp? set dpServer.port / KUMA_DP_SERVER_PORT";
  front.tls = std::move(tls);
  front.on_http2 = [this](io::ScopedFd fd, const io::PeerInfo&) {
    if (adopting_) ads_->Adopt(fd.Take());
  };
  front.http.handler = [this](io::HttpRequest request, io::Responder responder) {
    if (request.path != "/bootstrap") {
      responder.Send(io::HttpResponse{404, {{"Content-Type", "text/plain"}}, "not found; this port serves POST /bootstrap and the ADS gRPC service\n"});
      return;
    }
    if (request.method != "POST") {
      responder.Send(io::HttpResponse{405, {{"Content-Type", "text/plain"}, {"Allow", "POST"}}, "use POST\n"});
      return;
    }
    deps_.workers.Submit([this, request = std::move(request), responder, ads_server = std::weak_ptr(ads_)] {
      io::HttpResponse response = bootstrap_->Handle(request);
      // Before the answer, after which the proxy connects.
      if (const auto server = ads_server.lock(); server && response.status == 200) {
        if (const auto asked = dpserver::ParseBootstrapRequest(request.body); asked.ok()) server->NoteStart(asked->mesh, asked->name);
      }
      responder.Send(std::move(response));
    });
  };
  KUMA_TRY_ASSIGN(front_, io::TlsFrontServer::Start(deps_.io_loop, std::move(front)));
  return Ok();
}

uint16_t DataplaneServer::port() const { return front_ != nullptr ? front_->port() : 0; }

void DataplaneServer::Stop() {
  lifecycle_->Stop();
  if (front_ != nullptr) {
    // A connection that is accepted now must not reach a gRPC server that ends.
    std::promise<void> closed;
    deps_.io_loop.Post([&] {
      adopting_ = false;
      closed.set_value();
    });
    closed.get_future().wait();
    std::promise<void> stopped;
    ads_.reset();  // ends the streams, and with them the tunnels
    deps_.io_loop.Post([&] { front_->Stop(std::chrono::milliseconds(500), [&] { stopped.set_value(); }); });
    stopped.get_future().wait();
  }
  sink_->Flush();
}

void DataplaneServer::OnIdentity(const std::string& mesh, const std::string& dataplane, const xds::IdentityPtr& identity) {
  if (identity == nullptr) {
    sink_->OnIdentity(mesh, dataplane, nullptr);
    return;
  }
  auto issued = std::make_shared<insights::IssuedIdentity>();
  issued->issued_at = identity->issued_at;
  issued->expires_at = identity->not_after;
  issued->backend = identity->backend;
  issued->supported_backends = identity->supported_backends;
  issued->managed_externally = !identity->agent_socket.empty();
  sink_->OnIdentity(mesh, dataplane, issued);
}

}  // namespace kuma::cp
