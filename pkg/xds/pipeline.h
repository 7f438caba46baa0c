// The line from store events to views, run incrementally: a change marks what it touches, bursts gather (10 ms quiet, 100 ms at most),
// touched proxies are planned again, units whose inputs are new are generated, everything else is shared. Lives on the mesh loop; the
// pure steps (planning, generation) are the ones that render() uses too.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "pkg/base/log.h"
#include "pkg/base/metrics.h"
#include "pkg/io/loop.h"
#include "pkg/io/worker_pool.h"
#include "pkg/mesh/snapshot.h"
#include "pkg/model/kri.h"
#include "pkg/model/type.h"
#include "pkg/store/store.h"
#include "pkg/xds/address_names.h"
#include "pkg/xds/identity.h"
#include "pkg/xds/plan.h"
#include "pkg/xds/proxy_directory.h"

namespace kuma::xds {

struct PipelineOptions {
  std::string zone;
  Nanos quiet = std::chrono::milliseconds(10);
  Nanos longest_wait = std::chrono::milliseconds(100);
};

// Told about certificates of proxies (DataplaneInsight.mTLS) and about what is wrong with their configuration. Called on the mesh loop; must not block.
class IdentityObserver {
 public:
  virtual ~IdentityObserver() = default;
  virtual void OnIdentity(const std::string& mesh, const std::string& dataplane, const IdentityPtr& identity) = 0;
  // Pieces of a proxy's configuration that were left out, and what patches touch. Null: nothing to say (any more).
  virtual void OnNotes(const ProxyNode& /*node*/, const ViewNotesPtr& /*notes*/) {}
};

struct PipelineDeps {
  io::EventLoop& loop;          // the mesh loop
  io::WorkerPool& workers;      // certificates
  store::Store& store;
  const TypeRegistry& types;
  IdentityProvider& identities;
  std::function<AdminMaterialPtr(const std::string& address)> admin_material;
  IdentityObserver* observer = nullptr;  // may be null
  const Clock& clock;
  MetricRegistry& metrics;
  std::function<void()> on_quiet = {};  // some seconds after the last configuration was computed; mesh loop
  LookUpAddresses look_up_addresses = {};  // for proxies whose address is a host name; empty: their names stay
};

class Pipeline final : public ProxyDirectory {
 public:
  Pipeline(PipelineDeps deps, PipelineOptions options);
  ~Pipeline() override;

  // Loads the state and follows the store from here on. Loop thread or before the loop runs.
  void Start();

  // Thread-safe. `on_view` comes from the mesh loop.
  std::unique_ptr<ProxyConnection> Connect(ProxyNode node, std::function<void(ViewPtr)> on_view) override;

  // Runs `fn` on the mesh loop with the mesh's snapshot after every write that happened before this call. Null: no such mesh.
  void WithSnapshot(std::string mesh, std::function<void(mesh::SnapshotPtr)> fn);
  // The plan of one proxy at the newest state, for inspection; `node` null: the connected one's, or a plain one.
  void WithView(std::string mesh, std::string name, std::function<void(Result<ViewPtr>)> fn);

 private:
  class Connection;
  struct Proxy;
  struct HeldIdentity;
  struct UnitResult;

  void OnWake();
  void SettleSoon();
  void Drain();
  void Settle();
  void Apply(std::vector<store::Event> events);
  void Recompute(Proxy& proxy);
  bool Affects(const mesh::Changes& changes, const mesh::Snapshot& snapshot, const Proxy& proxy) const;
  void RecomputeZoneProxy(Proxy& proxy);
  AdminMaterialPtr AdminFor(Proxy& proxy, const std::string& address);
  void Publish(Proxy& proxy, const std::vector<Unit>& units, MonotonicTime start);
  bool AffectsZoneProxy(const mesh::Changes& changes, const std::string& mesh, const Proxy& proxy) const;
  // The identity to use now; null: none is to be had yet (it is being issued), or none is wanted.
  IdentityPtr IdentityFor(Proxy& proxy, const std::string& mesh, const IdentityRequest& request);
  void DropIdentity(Proxy& proxy, const std::string& mesh);
  void OnIssued(const std::string& id, const std::string& mesh, const Digest& key, Result<IdentityPtr> result);
  void RecomputeAt(Proxy& proxy, HeldIdentity& held, Nanos wait);
  std::shared_ptr<const UnitResult> Generate(const Unit& unit);
  void LogOnce(const Proxy& proxy, const ViewNotes& notes);
  std::string ProxyKri(const Resource& resource) const { return ToString(KriOf(resource.meta), deps_.types); }
  void Attach(uint64_t connection, ProxyNode node, std::function<void(ViewPtr)> on_view);
  void Detach(uint64_t connection);
  void CollectUnits();

  PipelineDeps deps_;
  PipelineOptions options_;
  Logger log_{"xds"};
  mesh::SnapshotBuilder builder_;
  std::unique_ptr<AddressNames> names_;  // null without look_up_addresses
  ResourceCache cache_;
  policy::PolicyIndexCache indexes_;
  std::unique_ptr<store::Watch> watch_;
  std::map<std::string, std::unique_ptr<Proxy>> proxies_;  // by node id "<mesh>.<name>"
  std::map<uint64_t, std::string> connections_;            // connection -> node id
  std::unordered_map<Digest, std::weak_ptr<const UnitResult>> units_;
  size_t collect_units_at_ = 4096;
  std::set<Digest> logged_warnings_;
  MonotonicTime burst_start_{};
  bool burst_open_ = false;
  io::Timer burst_timer_;
  io::Timer quiet_timer_;
  std::shared_ptr<std::atomic<bool>> alive_;
  std::atomic<uint64_t> next_connection_{1};
  Counter& regenerated_;
  Counter& generated_units_;
  Histogram& generation_time_;
};

}  // namespace kuma::xds
