// The work that one control plane of a store does for all: default resources and keys, computed resources (MeshServices, addresses,
// host names), statuses. Made anew with every leadership, from the state at that time. Start and Stop come from one thread.
#pragma once

#include <memory>

#include "cmd/kuma-cp/background.h"
#include "cmd/kuma-cp/control_loop.h"
#include "cmd/kuma-cp/secrets.h"
#include "pkg/base/log.h"
#include "pkg/ca/key_pool.h"
#include "pkg/config/config.h"
#include "pkg/reconcile/available_services.h"
#include "pkg/reconcile/defaults.h"
#include "pkg/reconcile/identities.h"
#include "pkg/reconcile/offline_proxies.h"
#include "pkg/reconcile/otel_status.h"
#include "pkg/reconcile/stale_subscriptions.h"

namespace kuma::cp {

struct LeaderJobsDeps {
  const config::Config& config;
  store::Store& store;
  store::Admission& admission;
  reconcile::Defaults& defaults;
  reconcile::IdentityAuthority& bundled_authority;
  Secrets& secrets;
  ca::KeyPool& keys;
  io::EventLoop& io_loop;
  io::WorkerPool& workers;
  reconcile::DestinationOptions destinations;
  reconcile::ServiceVipOptions vips;
  std::string instance_id;
};

class LeaderJobs {
 public:
  explicit LeaderJobs(LeaderJobsDeps deps) : deps_(std::move(deps)) {}
  ~LeaderJobs() { Stop(); }

  // Zone, default mesh, identity of the cluster: what a first start creates before anything is served.
  Status EnsureResources();
  Status Start();
  void Stop();

 private:
  void EnsureKeys();
  void StartCleanup();
  template <typename Reconciler>
  static void StartJob(Background& job, Reconciler& reconciler);

  const LeaderJobsDeps deps_;
  const Logger log_{"kuma-cp"};
  std::atomic<bool> stopping_{false};
  std::unique_ptr<ControlLoop> control_;
  std::unique_ptr<reconcile::Identities> identity_status_;
  std::unique_ptr<reconcile::AvailableServices> available_services_;
  std::unique_ptr<reconcile::OtelStatus> otel_status_;
  std::unique_ptr<reconcile::StaleSubscriptions> stale_subscriptions_;
  std::unique_ptr<reconcile::OfflineProxies> offline_proxies_;  // null where Pods own proxies, and on global
  std::unique_ptr<Background> key_job_, identity_job_, available_services_job_, otel_status_job_, cleanup_job_;
};

// Of the store's Config resource; empty until a leader has made it.
std::string ClusterId(store::Store& store);

}  // namespace kuma::cp
