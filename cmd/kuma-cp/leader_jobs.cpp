#include "cmd/kuma-cp/leader_jobs.h"

#include "cmd/kuma-cp/api_wiring.h"
#include "pkg/base/random.h"
#include "pkg/ca/control_plane_certs.h"
#include "pkg/tokens/issuer.h"

namespace kuma::cp {
namespace {

const ResourceKey kClusterKey{"Config", "", "kuma-cluster-id"};

}  // namespace

std::string ClusterId(store::Store& store) {
  const Result<ResourcePtr> known = store.Get(kClusterKey);
  return known.ok() ? GetString((*known)->spec, "config") : std::string();
}

Status LeaderJobs::EnsureResources() {
  KUMA_TRY(deps_.defaults.EnsureAtStart());
  const Result<ResourcePtr> known = deps_.store.Get(kClusterKey);
  if (known.ok()) return Ok();
  if (known.error().code != ErrorCode::kNotFound) return known.error();
  Resource resource;
  resource.meta.key = kClusterKey;
  resource.spec = Json{{"config", RealRandom().Uuid()}};
  const Result<ResourcePtr> created = deps_.store.Create(std::move(resource));
  if (!created.ok() && created.error().code != ErrorCode::kConflict) return created.error();
  return Ok();
}

template <typename Reconciler>
void LeaderJobs::StartJob(Background& job, Reconciler& reconciler) {
  job.Start([&reconciler](const std::vector<store::Event>& events) {
    for (const store::Event& event : events) reconciler.Apply(event.old_value, event.new_value);
    if (reconciler.dirty()) reconciler.Run();
  });
}

Status LeaderJobs::Start() {
  stopping_ = false;
  const bool global = deps_.config.GetString("mode") == "global";
  KUMA_TRY_ASSIGN(std::unique_ptr<reconcile::Destinations> destinations, reconcile::Destinations::Make(deps_.admission, RealClock(), deps_.destinations));
  control_ = std::make_unique<ControlLoop>(deps_.store, std::move(destinations), deps_.vips, RealClock());
  identity_status_ = std::make_unique<reconcile::Identities>(deps_.admission, deps_.bundled_authority);
  identity_job_ = std::make_unique<Background>(deps_.store, deps_.io_loop, deps_.workers);
  control_->Start();
  StartJob(*identity_job_, *identity_status_);
  if (!global) {
    available_services_ = std::make_unique<reconcile::AvailableServices>(
        deps_.admission,
        reconcile::AvailableServicesOptions{deps_.config.GetString("multizone.zone.name"), deps_.config.GetList("experimental.ingressTagFilters")});
    available_services_job_ = std::make_unique<Background>(deps_.store, deps_.io_loop, deps_.workers);
    otel_status_ = std::make_unique<reconcile::OtelStatus>(deps_.admission);
    otel_status_job_ = std::make_unique<Background>(deps_.store, deps_.io_loop, deps_.workers);
    StartJob(*available_services_job_, *available_services_);
    StartJob(*otel_status_job_, *otel_status_);
  }
  StartCleanup();
  // Keys cost 70 ms of a core each, so they are made after the ports answer; whoever needs one earlier makes it on the spot.
  key_job_ = std::make_unique<Background>(deps_.store, deps_.io_loop, deps_.workers);
  key_job_->StartOnce([this] { EnsureKeys(); });
  return Ok();
}

void LeaderJobs::Stop() {
  stopping_ = true;
  if (control_ != nullptr) control_->Stop();
  for (std::unique_ptr<Background>* job : {&key_job_, &identity_job_, &available_services_job_, &otel_status_job_, &cleanup_job_}) {
    if (*job != nullptr) (*job)->Stop();
    job->reset();
  }
  control_.reset();
  identity_status_.reset();
  available_services_.reset();
  otel_status_.reset();
  stale_subscriptions_.reset();
  offline_proxies_.reset();
}

void LeaderJobs::StartCleanup() {
  const config::Config& config = deps_.config;
  const bool global = config.GetString("mode") == "global";
  reconcile::StaleSubscriptionOptions stale;
  stale.own_instance = deps_.instance_id;
  stale.idle_timeout = config.GetDuration(global ? "metrics.zone.idleTimeout" : "metrics.dataplane.idleTimeout");
  stale.types = global ? std::set<std::string>{"ZoneInsight"} : std::set<std::string>{"DataplaneInsight", "ZoneIngressInsight", "ZoneEgressInsight"};
  stale_subscriptions_ = std::make_unique<reconcile::StaleSubscriptions>(deps_.store, RealClock(), std::move(stale));
  if (!global && config.GetString("environment") == "universal") {
    const Nanos zone_age = config.GetDuration("runtime.universal.zoneResourceCleanupAge");
    offline_proxies_ = std::make_unique<reconcile::OfflineProxies>(
        deps_.admission, RealClock(),
        reconcile::OfflineProxyOptions{
            {{"Dataplane", config.GetDuration("runtime.universal.dataplaneCleanupAge")}, {"ZoneIngress", zone_age}, {"ZoneEgress", zone_age}}});
  }
  cleanup_job_ = std::make_unique<Background>(deps_.store, deps_.io_loop, deps_.workers);
  cleanup_job_->StartTimed([this](const std::vector<store::Event>& events) {
    for (const store::Event& event : events) {
      stale_subscriptions_->Apply(event.old_value, event.new_value);
      if (offline_proxies_ != nullptr) offline_proxies_->Apply(event.old_value, event.new_value);
    }
    std::optional<Nanos> again = stale_subscriptions_->Run();
    if (offline_proxies_ != nullptr) {
      if (const std::optional<Nanos> removal = offline_proxies_->Run(); removal && (!again || *removal < *again)) again = removal;
    }
    return again;
  });
}

void LeaderJobs::EnsureKeys() {
  const auto make_key = [this]() -> Result<std::string> {
    if (stopping_) return Unavailable("stopping");
    KUMA_TRY_ASSIGN(const ca::PrivateKey key, deps_.keys.Take(ca::kRsa2048));
    return key.ToPem();
  };
  Status status = deps_.defaults.EnsureSigningKeys(make_key);
  if (status.ok() && deps_.config.GetBool("apiServer.authn.tokens.bootstrapAdminToken")) {
    const auto issue = [&]() -> Result<std::string> {
      const tokens::UserIdentity admin = tokens::AdminUser();
      return TokenIssuersOf(deps_.config, deps_.store, RealClock(), RealRandom()).user(admin, std::chrono::hours(24 * 365 * 10));
    };
    const Result<std::string> token = deps_.secrets.FindOrCreate("", tokens::kAdminUserTokenSecret, issue);
    if (!token.ok()) status = token.error();
  }
  const auto make_inter_cp = [this]() -> Result<std::string> {
    KUMA_TRY_ASSIGN(const ca::KeyPair pair, ca::MakeInterCpCa(deps_.keys.Source(), RealClock()));
    return pair.cert_pem + pair.key_pem;
  };
  if (status.ok()) {
    if (const Result<std::string> made = deps_.secrets.FindOrCreate("", ca::kInterCpCaSecret, make_inter_cp); !made.ok()) status = made.error();
  }
  if (!status.ok() && !deps_.keys.stopped()) log_.Error("cannot make the keys of tokens", {{"error", status.error().ToString()}});
}

}  // namespace kuma::cp
