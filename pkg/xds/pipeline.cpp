#include "pkg/xds/pipeline.h"

#include <algorithm>

#include "pkg/policy/rules/engine.h"
#include "pkg/xds/seal.h"

namespace kuma::xds {
namespace {

std::string NodeId(const std::string& mesh, const std::string& name) { return mesh + "." + name; }

}  // namespace

struct Pipeline::UnitResult {
  std::vector<SealedPtr> resources;
};

struct Pipeline::Proxy {
  std::string id;
  ProxyNode node;
  std::map<uint64_t, std::function<void(ViewPtr)>> listeners;
  mesh::ReadSet reads;
  mesh::DataplanePtr dataplane;  // the one the view was made for
  ViewPtr view;
  std::vector<std::shared_ptr<const UnitResult>> units;  // keeps shared results alive
  IdentityPtr identity;
  Digest identity_key;  // what `identity` was issued for
  Digest wanted_key;    // what it should be issued for; an issue for another key comes too late
  bool issuing = false;
  io::Timer rotation;
};

// Handed to a stream. May outlive the pipeline by a moment while servers stop, hence the flag.
class Pipeline::Connection final : public ProxyConnection {
 public:
  Connection(Pipeline& pipeline, uint64_t id) : pipeline_(pipeline), loop_(pipeline.deps_.loop.handle()), alive_(pipeline.alive_), id_(id) {}
  ~Connection() override {
    loop_.Post([&pipeline = pipeline_, alive = alive_, id = id_] {
      if (alive->load()) pipeline.Detach(id);
    });
  }

 private:
  Pipeline& pipeline_;
  io::LoopHandle loop_;
  std::shared_ptr<std::atomic<bool>> alive_;
  uint64_t id_;
};

Pipeline::Pipeline(PipelineDeps deps, PipelineOptions options)
    : deps_(deps),
      options_(std::move(options)),
      builder_(options_.zone),
      alive_(std::make_shared<std::atomic<bool>>(true)),
      regenerated_(deps.metrics.GetCounter("xds_dataplane_config_regenerated_total", "Proxies whose configuration was computed again.")),
      generated_units_(deps.metrics.GetCounter("xds_units_generated_total", "Units of configuration that were generated because their inputs were new.")),
      generation_time_(deps.metrics.GetHistogram("xds_generation", "Seconds to compute one proxy's configuration.")) {}

Pipeline::~Pipeline() { alive_->store(false); }

void Pipeline::Start() {
  watch_ = deps_.store.StartWatch([loop = deps_.loop.handle(), alive = alive_, this] {
    loop.Post([alive, this] {
      if (alive->load()) OnWake();
    });
  });
  for (const ResourcePtr& resource : watch_->Initial()) builder_.Apply(nullptr, resource);
  builder_.Build();
}

// Every event of a burst restarts the quiet time; the first one bounds the whole wait.
void Pipeline::OnWake() {
  Apply(watch_->Take());
  const MonotonicTime now = deps_.clock.Monotonic();
  if (!burst_open_) {
    burst_open_ = true;
    burst_start_ = now;
  }
  burst_timer_.Cancel();
  const Nanos left = options_.longest_wait - (now - burst_start_);
  burst_timer_ = deps_.loop.PostAfter(std::clamp(left, Nanos(0), options_.quiet), [alive = alive_, this] {
    if (alive->load()) Settle();
  });
}

void Pipeline::Apply(std::vector<store::Event> events) {
  for (const store::Event& event : events) builder_.Apply(event.old_value, event.new_value);
}

void Pipeline::Drain() {
  if (watch_ != nullptr) Apply(watch_->Take());
  Settle();
}

void Pipeline::Settle() {
  burst_open_ = false;
  burst_timer_.Cancel();
  const auto updates = builder_.Build();
  for (const auto& [mesh, update] : updates) {
    for (auto& [id, proxy] : proxies_) {
      if (proxy->node.mesh == mesh && Affects(update.changes, *update.snapshot, *proxy)) Recompute(*proxy);
    }
  }
  CollectUnits();
}

bool Pipeline::Affects(const mesh::Changes& changes, const mesh::Snapshot& snapshot, const Proxy& proxy) const {
  if (proxy.dataplane == nullptr) return true;
  if (changes.dataplanes.contains(proxy.node.name) || proxy.reads.IsTouchedBy(changes)) return true;
  for (const auto& [old_value, new_value] : changes.resources) {
    const std::string& type = (new_value != nullptr ? new_value : old_value)->meta.type();
    const TypeDescriptor* descriptor = deps_.types.Find(type);
    if (descriptor == nullptr || !descriptor->is_policy) {
      if (proxy.reads.types.contains(type)) return true;
      continue;
    }
    const auto may_affect = [&](const ResourcePtr& policy) { return policy != nullptr && policy::MayAffect(policy, *proxy.dataplane, snapshot); };
    if (may_affect(old_value) || may_affect(new_value)) return true;
  }
  return false;
}

IdentityPtr Pipeline::IdentityFor(Proxy& proxy, const mesh::Snapshot& snapshot, const mesh::DataplanePtr& dataplane) {
  if (snapshot.mesh == nullptr || !snapshot.mesh->mtls_enabled) {
    proxy.identity = nullptr;
    proxy.identity_key = Digest();
    proxy.wanted_key = Digest();
    proxy.rotation.Cancel();
    return nullptr;
  }
  const IdentityRequest request{snapshot.mesh, dataplane};
  const Digest key = deps_.identities.RequestKey(request);
  if (proxy.identity != nullptr && proxy.identity_key == key && deps_.clock.Now() < proxy.identity->rotate_at) return proxy.identity;
  if (!proxy.issuing || proxy.wanted_key != key) {
    proxy.issuing = true;
    proxy.wanted_key = key;
    deps_.workers.Submit([this, alive = alive_, loop = deps_.loop.handle(), &identities = deps_.identities, id = proxy.id, key, request] {
      Result<IdentityPtr> result = identities.Issue(request);
      loop.Post([this, alive, id, key, result = std::move(result)]() mutable {
        if (alive->load()) OnIssued(id, key, std::move(result));
      });
    });
  }
  // While a new certificate is made, the old one (of this CA or the one before) keeps the proxy running.
  return proxy.identity;
}

void Pipeline::OnIssued(const std::string& id, const Digest& key, Result<IdentityPtr> result) {
  const auto it = proxies_.find(id);
  if (it == proxies_.end() || it->second->wanted_key != key) return;
  Proxy& proxy = *it->second;
  proxy.issuing = false;
  if (!result.ok()) {
    log_.Error("cannot issue a certificate; the proxy keeps what it has", {{"proxy", id}, {"error", result.error().ToString()}});
    // Trying again is the one thing that time, not an event, has to trigger.
    proxy.rotation = deps_.loop.PostAfter(std::chrono::seconds(5), [this, alive = alive_, id] {
      if (!alive->load()) return;
      if (const auto again = proxies_.find(id); again != proxies_.end()) Recompute(*again->second);
    });
    return;
  }
  proxy.identity = std::move(result).value();
  proxy.identity_key = key;
  const Nanos wait = std::max<Nanos>(proxy.identity->rotate_at - deps_.clock.Now(), std::chrono::seconds(1));
  proxy.rotation.Cancel();
  proxy.rotation = deps_.loop.PostAfter(wait, [this, alive = alive_, id] {
    if (!alive->load()) return;
    if (const auto again = proxies_.find(id); again != proxies_.end()) Recompute(*again->second);
  });
  if (deps_.observer != nullptr) deps_.observer->OnIdentity(proxy.node.mesh, proxy.node.name, proxy.identity);
  Recompute(proxy);
}

std::shared_ptr<const Pipeline::UnitResult> Pipeline::Generate(const Unit& unit) {
  std::weak_ptr<const UnitResult>& slot = units_[unit.digest];
  if (std::shared_ptr<const UnitResult> known = slot.lock()) return known;
  generated_units_.Add();
  auto result = std::make_shared<UnitResult>();
  result->resources = SealOutput(unit.generate(), cache_);
  slot = result;
  return result;
}

void Pipeline::Recompute(Proxy& proxy) {
  const MonotonicTime start = deps_.clock.Monotonic();
  const mesh::SnapshotPtr snapshot = builder_.Find(proxy.node.mesh);
  if (snapshot == nullptr || snapshot->mesh == nullptr) return;
  // A private copy that records what is read; copying is a handful of reference counts.
  auto recorded = std::make_shared<mesh::Snapshot>(*snapshot);
  mesh::ReadSet reads;
  recorded->reads = &reads;
  const mesh::DataplanePtr* dataplane = recorded->FindDataplane(proxy.node.name);
  if (dataplane == nullptr) {
    proxy.reads = std::move(reads);
    proxy.dataplane = nullptr;
    return;
  }
  proxy.dataplane = *dataplane;
  const IdentityPtr identity = IdentityFor(proxy, *snapshot, *dataplane);
  if (snapshot->mesh->mtls_enabled && identity == nullptr) return;  // OnIssued comes back
  const AdminMaterialPtr admin = deps_.admin_material ? deps_.admin_material((*dataplane)->address) : nullptr;
  const ProxyPlan plan = PlanProxy(PlanRequest{proxy.node, *dataplane, recorded, identity, admin, deps_.types, options_.zone, false, &indexes_});
  recorded->reads = nullptr;  // units may keep the snapshot's values, never the record

  std::vector<std::shared_ptr<const UnitResult>> units;
  std::array<SealedList, kResourceTypeCount> lists;
  units.reserve(plan.units.size());
  for (const Unit& unit : plan.units) {
    units.push_back(Generate(unit));
    for (const SealedPtr& resource : units.back()->resources) lists[static_cast<size_t>(resource->type)].push_back(resource);
  }
  proxy.reads = std::move(reads);
  proxy.units = std::move(units);
  ViewPtr view = MakeView(std::move(lists), proxy.view);
  regenerated_.Add();
  generation_time_.Observe(std::chrono::duration<double>(deps_.clock.Monotonic() - start).count());
  if (proxy.view != nullptr && proxy.view->versions == view->versions) return;
  proxy.view = view;
  for (const auto& [connection, on_view] : proxy.listeners) on_view(view);
}

void Pipeline::CollectUnits() {
  if (units_.size() < collect_units_at_) return;
  std::erase_if(units_, [](const auto& entry) { return entry.second.expired(); });
  collect_units_at_ = std::max<size_t>(4096, units_.size() * 2);
}

std::unique_ptr<ProxyConnection> Pipeline::Connect(ProxyNode node, std::function<void(ViewPtr)> on_view) {
  const uint64_t id = next_connection_.fetch_add(1);
  deps_.loop.Post([this, alive = alive_, id, node = std::move(node), on_view = std::move(on_view)]() mutable {
    if (alive->load()) Attach(id, std::move(node), std::move(on_view));
  });
  return std::make_unique<Connection>(*this, id);
}

void Pipeline::Attach(uint64_t connection, ProxyNode node, std::function<void(ViewPtr)> on_view) {
  // The Dataplane that this proxy registered a moment ago must be seen.
  if (watch_ != nullptr) Apply(watch_->Take());
  const std::string id = NodeId(node.mesh, node.name);
  std::unique_ptr<Proxy>& slot = proxies_[id];
  if (slot == nullptr) {
    slot = std::make_unique<Proxy>();
    slot->id = id;
  }
  slot->node = std::move(node);
  connections_[connection] = id;
  Settle();
  slot->listeners[connection] = on_view;
  const ViewPtr before = slot->view;
  Recompute(*slot);
  // Recompute only calls when something changed; a second stream of the same proxy gets what is there.
  if (slot->view != nullptr && slot->view == before) on_view(slot->view);
}

void Pipeline::Detach(uint64_t connection) {
  const auto it = connections_.find(connection);
  if (it == connections_.end()) return;
  if (const auto proxy = proxies_.find(it->second); proxy != proxies_.end()) {
    proxy->second->listeners.erase(connection);
    if (proxy->second->listeners.empty()) {
      proxy->second->rotation.Cancel();
      proxies_.erase(proxy);
    }
  }
  connections_.erase(it);
}

void Pipeline::WithSnapshot(std::string mesh, std::function<void(mesh::SnapshotPtr)> fn) {
  deps_.loop.Post([this, alive = alive_, mesh = std::move(mesh), fn = std::move(fn)] {
    if (!alive->load()) return;
    Drain();
    const mesh::SnapshotPtr snapshot = builder_.Find(mesh);
    fn(snapshot != nullptr && snapshot->mesh != nullptr ? snapshot : nullptr);
  });
}

void Pipeline::WithView(std::string mesh, std::string name, std::function<void(Result<ViewPtr>)> fn) {
  deps_.loop.Post([this, alive = alive_, id = NodeId(mesh, name), fn = std::move(fn)] {
    if (!alive->load()) return;
    Drain();
    const auto it = proxies_.find(id);
    if (it == proxies_.end() || it->second->view == nullptr) {
      fn(NotFound("proxy " + id + " is not connected to this control plane"));
      return;
    }
    fn(it->second->view);
  });
}

}  // namespace kuma::xds
