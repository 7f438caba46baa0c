#include "pkg/xds/pipeline.h"

#include <algorithm>
#include <utility>

#include "pkg/ca/workload_identity.h"
#include "pkg/model/kri.h"
#include "pkg/policy/rules/engine.h"
#include "pkg/xds/generate/clusters.h"
#include "pkg/xds/notes.h"
#include "pkg/xds/seal.h"
#include "pkg/xds/what_if.h"

namespace kuma::xds {
namespace {

constexpr std::chrono::seconds kQuietAfter{3};

constexpr std::chrono::seconds kRetryIssue{5};

std::string NodeId(const std::string& mesh, const std::string& name) { return mesh + "." + name; }

}  // namespace

struct Pipeline::UnitResult {
  std::vector<SealedPtr> resources;
  UnitNotes notes;
};

// A certificate of a proxy in one mesh and what is under way for it.
struct Pipeline::HeldIdentity {
  IdentityPtr identity;
  Digest key;         // what `identity` was issued for
  Digest wanted_key;  // what it should be issued for; an issue for another key comes too late
  bool issuing = false;
  bool failed = false;       // the last try
  MonotonicTime retry_at{};  // not before this for the key that failed
  io::Timer rotation;
};

struct Pipeline::Proxy {
  std::string id;
  ProxyNode node;
  std::map<uint64_t, std::function<void(ViewPtr)>> listeners;
  mesh::ReadSet reads;
  mesh::DataplanePtr dataplane;  // the one the view was made for
  ViewPtr view;
  bool told_of_identity = false;  // that it has none: taken back with the next view
  std::vector<std::shared_ptr<const UnitResult>> units;  // keeps shared results alive
  std::map<std::string, HeldIdentity> identities;        // by mesh; a zone egress has several
  // Kept while the address stays: each call for material signs a new certificate, which would be a new listener.
  std::string admin_address;
  AdminMaterialPtr admin;
  // Zone proxies only.
  ResourcePtr zone_proxy;
  std::map<std::string, mesh::ReadSet> zone_reads;  // by mesh

  bool IsZoneProxy() const { return node.proxy_type != "dataplane" && node.mesh.empty(); }
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
  if (deps_.look_up_addresses) {
    names_ = std::make_unique<AddressNames>(deps_.loop, deps_.workers, deps_.look_up_addresses, [this](const std::vector<store::Event>& events) {
      for (const store::Event& event : events) builder_.Apply(event.old_value, event.new_value);
      SettleSoon();
    });
  }
  watch_ = deps_.store.StartWatch([loop = deps_.loop.handle(), alive = alive_, this] {
    loop.Post([alive, this] {
      if (alive->load()) OnWake();
    });
  });
  std::vector<store::Event> initial;
  for (const ResourcePtr& resource : watch_->Initial()) initial.push_back({nullptr, resource, 0});
  Apply(std::move(initial));
  builder_.Build();
}

void Pipeline::OnWake() {
  Apply(watch_->Take());
  SettleSoon();
}

// Every event of a burst restarts the quiet time; the first one bounds the whole wait.
void Pipeline::SettleSoon() {
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
  for (store::Event& event : events) {
    if (names_ != nullptr) event = names_->Resolve(std::move(event));
    builder_.Apply(event.old_value, event.new_value);
  }
}

void Pipeline::Drain() {
  if (watch_ != nullptr) Apply(watch_->Take());
  Settle();
}

void Pipeline::Settle() {
  burst_open_ = false;
  burst_timer_.Cancel();
  const auto updates = builder_.Build();
  for (auto& [id, proxy] : proxies_) {
    if (proxy->IsZoneProxy()) {
      const ResourcePtr now = proxy->node.proxy_type == "ingress" ? builder_.FindZoneIngress(proxy->node.name) : builder_.FindZoneEgress(proxy->node.name);
      const bool affected = now != proxy->zone_proxy || std::any_of(updates.begin(), updates.end(), [&](const auto& update) {
                              return AffectsZoneProxy(update.second.changes, update.first, *proxy);
                            });
      if (affected) RecomputeZoneProxy(*proxy);
      continue;
    }
    const auto update = updates.find(proxy->node.mesh);
    if (update != updates.end() && Affects(update->second.changes, *update->second.snapshot, *proxy)) Recompute(*proxy);
  }
  CollectUnits();
}

bool Pipeline::AffectsZoneProxy(const mesh::Changes& changes, const std::string& mesh, const Proxy& proxy) const {
  const auto reads = proxy.zone_reads.find(mesh);
  if (reads == proxy.zone_reads.end() || reads->second.IsTouchedBy(changes)) return true;
  return std::any_of(changes.resources.begin(), changes.resources.end(), [&](const auto& change) {
    return reads->second.types.contains((change.second != nullptr ? change.second : change.first)->meta.type());
  });
}

bool Pipeline::Affects(const mesh::Changes& changes, const mesh::Snapshot& snapshot, const Proxy& proxy) const {
  return proxy.dataplane == nullptr || changes.dataplanes.contains(proxy.node.name) || MayChange(changes, snapshot, *proxy.dataplane, proxy.reads, deps_.types);
}

IdentityPtr Pipeline::IdentityFor(Proxy& proxy, const std::string& mesh, const IdentityRequest& request) {
  HeldIdentity& held = proxy.identities[mesh];
  const Digest key = deps_.identities.RequestKey(request);
  if (held.identity != nullptr && held.key == key && deps_.clock.Now() < held.identity->rotate_at) {
    if (request.workload_identity != nullptr && held.identity->supported_backends != request.trusts) {
      auto updated = std::make_shared<Identity>(*held.identity);
      updated->supported_backends = request.trusts;
      held.identity = std::move(updated);
      if (deps_.observer != nullptr) deps_.observer->OnIdentity(mesh, proxy.node.name, held.identity);
    }
    return held.identity;
  }
  const bool backing_off = held.failed && held.wanted_key == key && deps_.clock.Monotonic() < held.retry_at;
  if (!backing_off && (!held.issuing || held.wanted_key != key)) {
    held.issuing = true;
    held.wanted_key = key;
    deps_.workers.Submit([this, alive = alive_, loop = deps_.loop.handle(), &identities = deps_.identities, id = proxy.id, mesh, key, request] {
      Result<IdentityPtr> result = identities.Issue(request);
      loop.Post([this, alive, id, mesh, key, result = std::move(result)]() mutable {
        if (alive->load()) OnIssued(id, mesh, key, std::move(result));
      });
    });
  }
  // While a new certificate is made, the old one (of this CA or the one before) keeps the proxy running.
  return held.identity;
}

void Pipeline::DropIdentity(Proxy& proxy, const std::string& mesh) {
  const auto held = proxy.identities.find(mesh);
  if (held == proxy.identities.end()) return;
  held->second.rotation.Cancel();
  const bool had = held->second.identity != nullptr;
  proxy.identities.erase(held);
  if (had && deps_.observer != nullptr && !proxy.IsZoneProxy()) deps_.observer->OnIdentity(mesh, proxy.node.name, nullptr);
}

void Pipeline::RecomputeAt(Proxy& proxy, HeldIdentity& held, Nanos wait) {
  held.rotation.Cancel();
  held.rotation = deps_.loop.PostAfter(wait, [this, alive = alive_, id = proxy.id] {
    if (!alive->load()) return;
    if (const auto again = proxies_.find(id); again != proxies_.end()) Recompute(*again->second);
  });
}

void Pipeline::OnIssued(const std::string& id, const std::string& mesh, const Digest& key, Result<IdentityPtr> result) {
  const auto it = proxies_.find(id);
  if (it == proxies_.end()) return;
  Proxy& proxy = *it->second;
  const auto found = proxy.identities.find(mesh);
  if (found == proxy.identities.end() || found->second.wanted_key != key) return;
  HeldIdentity& held = found->second;
  held.issuing = false;
  held.failed = !result.ok();
  if (!result.ok()) {
    log_.Error("cannot issue a certificate; the proxy keeps what it has", {{"proxy", id}, {"mesh", mesh}, {"error", result.error().ToString()}});
    if (deps_.observer != nullptr) {
      auto notes = std::make_shared<ViewNotes>();
      if (proxy.view != nullptr && proxy.view->notes != nullptr) *notes = *proxy.view->notes;
      notes->warnings.push_back({ToString(Kri{.type = "Mesh", .mesh = {}, .zone = {}, .ns = {}, .name = mesh, .section = {}}, deps_.types), "mtls",
                                 "no certificate, so the proxy gets no new configuration: " + result.error().ToString()});
      deps_.observer->OnNotes(proxy.node, std::move(notes));
      proxy.told_of_identity = true;
    }
    // Trying again is the one thing that time, not an event, has to trigger.
    held.retry_at = deps_.clock.Monotonic() + kRetryIssue;
    RecomputeAt(proxy, held, kRetryIssue + std::chrono::milliseconds(50));
    if (proxy.IsZoneProxy()) RecomputeZoneProxy(proxy);  // the other meshes need not wait
    return;
  }
  held.identity = std::move(result).value();
  held.key = key;
  RecomputeAt(proxy, held, std::max<Nanos>(held.identity->rotate_at - deps_.clock.Now(), std::chrono::seconds(1)));
  if (deps_.observer != nullptr && !proxy.IsZoneProxy()) deps_.observer->OnIdentity(mesh, proxy.node.name, held.identity);
  Recompute(proxy);
}

std::shared_ptr<const Pipeline::UnitResult> Pipeline::Generate(const Unit& unit) {
  std::weak_ptr<const UnitResult>& slot = units_[unit.digest];
  if (std::shared_ptr<const UnitResult> known = slot.lock()) return known;
  generated_units_.Add();
  auto result = std::make_shared<UnitResult>();
  const UnitOutput output = unit.generate();
  result->resources = SealOutput(output, cache_);
  result->notes = NotesOf(output);
  slot = result;
  return result;
}

void Pipeline::Recompute(Proxy& proxy) {
  if (proxy.IsZoneProxy()) {
    RecomputeZoneProxy(proxy);
    return;
  }
  const MonotonicTime start = deps_.clock.Monotonic();
  const std::string& mesh_name = proxy.node.mesh;
  const mesh::SnapshotPtr snapshot = builder_.Find(mesh_name);
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

  // A MeshIdentity that is ready goes before the mesh's own backend.
  IdentityRequest request{.mesh = snapshot->mesh, .dataplane = *dataplane};
  const ResourcePtr selected = ca::SelectIdentity(recorded->Resources("MeshIdentity"), (*dataplane)->labels());
  if (selected != nullptr && ca::IsReady(*selected)) {
    request.workload_identity = selected;
    for (const ResourcePtr& trust : recorded->Resources("MeshTrust")) request.trusts.push_back(ToString(KriOf(trust->meta), deps_.types));
    std::sort(request.trusts.begin(), request.trusts.end());
  }
  IdentityPtr identity;
  // Zone proxies of a mesh only pass TLS on, unless a MeshIdentity makes them end it.
  const bool only_passes_on = !(*dataplane)->listeners.empty() && (*dataplane)->inbounds.empty();
  if (request.workload_identity != nullptr || (snapshot->mesh->mtls_enabled && !only_passes_on)) {
    identity = IdentityFor(proxy, mesh_name, request);
    if (identity == nullptr) {
      proxy.reads = std::move(reads);
      return;  // OnIssued comes back
    }
  } else {
    DropIdentity(proxy, mesh_name);
  }
  const AdminMaterialPtr admin = AdminFor(proxy, (*dataplane)->address);
  const ProxyPlan plan = PlanProxy(PlanRequest{proxy.node, *dataplane, recorded, identity, admin, deps_.types, options_.zone, false, &indexes_});
  recorded->reads = nullptr;  // units may keep the snapshot's values, never the record
  proxy.reads = std::move(reads);
  Publish(proxy, plan.units, start);
}

AdminMaterialPtr Pipeline::AdminFor(Proxy& proxy, const std::string& address) {
  if (!deps_.admin_material) return nullptr;
  if (proxy.admin == nullptr || proxy.admin_address != address) {
    proxy.admin = deps_.admin_material(address);
    proxy.admin_address = address;
  }
  return proxy.admin;
}

void Pipeline::RecomputeZoneProxy(Proxy& proxy) {
  const MonotonicTime start = deps_.clock.Monotonic();
  const bool egress = proxy.node.proxy_type == "egress";
  proxy.zone_proxy = egress ? builder_.FindZoneEgress(proxy.node.name) : builder_.FindZoneIngress(proxy.node.name);
  proxy.zone_reads.clear();
  if (proxy.zone_proxy == nullptr) return;

  ZonePlanRequest request{.node = proxy.node,
                          .zone_proxy = proxy.zone_proxy,
                          .meshes = {},
                          .identities = {},
                          .admin = nullptr,
                          .types = deps_.types,
                          .zone = options_.zone,
                          .indexes = &indexes_};
  std::vector<std::shared_ptr<mesh::Snapshot>> recorded;
  bool waiting = false;
  std::set<std::string> with_identity;
  for (const mesh::SnapshotPtr& snapshot : builder_.All()) {
    auto copy = std::make_shared<mesh::Snapshot>(*snapshot);
    copy->reads = &proxy.zone_reads[snapshot->mesh_name];
    request.meshes.push_back(copy);
    recorded.push_back(copy);
    if (!egress || !snapshot->mesh->mtls_enabled) continue;
    with_identity.insert(snapshot->mesh_name);
    const IdentityPtr identity = IdentityFor(proxy, snapshot->mesh_name, {.mesh = snapshot->mesh, .dataplane = nullptr, .service = std::string(kZoneEgressService)});
    if (identity != nullptr) request.identities[snapshot->mesh_name] = identity;
    // The first configuration waits until every mesh has its certificate or cannot get one.
    waiting |= identity == nullptr && !proxy.identities[snapshot->mesh_name].failed;
  }
  std::vector<std::string> stale;
  for (const auto& [mesh, held] : proxy.identities) {
    if (!with_identity.contains(mesh)) stale.push_back(mesh);
  }
  for (const std::string& mesh : stale) DropIdentity(proxy, mesh);
  if (waiting) return;

  const std::string address = GetString(Get(proxy.zone_proxy->spec, "networking"), "address");
  request.admin = AdminFor(proxy, address);
  const std::vector<Unit> units = PlanZoneProxy(request);
  for (const std::shared_ptr<mesh::Snapshot>& copy : recorded) copy->reads = nullptr;
  Publish(proxy, units, start);
}

void Pipeline::Publish(Proxy& proxy, const std::vector<Unit>& planned, MonotonicTime start) {
  std::vector<std::shared_ptr<const UnitResult>> units;
  std::array<SealedList, kResourceTypeCount> lists;
  units.reserve(planned.size());
  NotesBuilder notes(ProxyKri(proxy.zone_proxy != nullptr ? *proxy.zone_proxy : *proxy.dataplane->resource));
  for (const Unit& unit : planned) {
    units.push_back(Generate(unit));
    notes.Add(unit, units.back()->notes);
    for (const SealedPtr& resource : units.back()->resources) lists[static_cast<size_t>(resource->type)].push_back(resource);
  }
  proxy.units = std::move(units);
  if (deps_.on_quiet) {
    quiet_timer_.Cancel();
    quiet_timer_ = deps_.loop.PostAfter(kQuietAfter, [on_quiet = deps_.on_quiet] { on_quiet(); });
  }
  ViewPtr view = MakeView(std::move(lists), proxy.view, notes.Finish());
  regenerated_.Add();
  generation_time_.Observe(std::chrono::duration<double>(deps_.clock.Monotonic() - start).count());
  const bool same = proxy.view != nullptr && proxy.view->versions == view->versions;
  const ViewNotesPtr before = proxy.view == nullptr ? nullptr : proxy.view->notes;
  if (same && before == view->notes && !proxy.told_of_identity) return;
  proxy.view = view;
  if (before != view->notes || std::exchange(proxy.told_of_identity, false)) {
    if (view->notes != nullptr) LogOnce(proxy, *view->notes);
    if (deps_.observer != nullptr) deps_.observer->OnNotes(proxy.node, view->notes);
  }
  if (same) return;
  for (const auto& [connection, on_view] : proxy.listeners) on_view(view);
}

// Once in the process for what is equal: replicas would say it as often as there are of them.
void Pipeline::LogOnce(const Proxy& proxy, const ViewNotes& notes) {
  constexpr size_t kRemembered = 10000;
  for (const Warning& warning : notes.warnings) {
    if (logged_warnings_.size() >= kRemembered) logged_warnings_.clear();
    if (!logged_warnings_.insert(DigestBuilder().Add(warning.resource).Add(warning.path).Add(warning.message).Finish()).second) continue;
    log_.Warn("a piece of configuration is left out",
              {{"resource", warning.resource}, {"path", warning.path}, {"reason", warning.message}, {"proxy", proxy.id}});
  }
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
      for (auto& [mesh, held] : proxy->second->identities) held.rotation.Cancel();
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
