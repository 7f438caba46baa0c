#include "pkg/insights/dataplane_sink.h"

#include <algorithm>
#include <array>
#include <map>
#include <mutex>

#include "pkg/base/log.h"
#include "pkg/base/strings.h"

namespace kuma::insights {
namespace {

constexpr int kAttempts = 4;

struct Counts {
  uint64_t sent = 0;
  uint64_t acknowledged = 0;
  uint64_t rejected = 0;
  friend bool operator==(const Counts&, const Counts&) = default;

  // 64-bit numbers are text in protobuf's JSON, and zeros are left out.
  Json ToJson() const {
    Json out = Json::object();
    if (sent) out["responsesSent"] = std::to_string(sent);
    if (acknowledged) out["responsesAcknowledged"] = std::to_string(acknowledged);
    if (rejected) out["responsesRejected"] = std::to_string(rejected);
    return out;
  }
};

struct Subscription {
  ResourceKey insight;
  ResourceKey proxy;
  std::string id;
  Json metadata;
  Json version;
  SystemTime connected{};
  SystemTime disconnected{};
  SystemTime updated{};
  Counts total;
  std::array<Counts, xds::kResourceTypeCount> by_type;
  std::shared_ptr<const IssuedIdentity> identity;
  std::string rejection;
  std::array<std::string, xds::kResourceTypeCount> rejected;  // what Envoy said, until it accepts the type again
  xds::ViewNotesPtr notes;
  uint32_t generation = 0;       // grows while the stream lives
  MonotonicTime refresh_due{};   // of the next generation
  bool closed = false;
  bool dirty = true;

  Json ToJson(const std::string& control_plane_id) const {
    auto stats = [&](xds::ResourceType type) { return by_type[static_cast<size_t>(type)].ToJson(); };
    Json out = {{"id", id},
                {"controlPlaneInstanceId", control_plane_id},
                {"connectTime", FormatRfc3339(connected)},
                {"version", version},
                {"status",
                 {{"lastUpdateTime", FormatRfc3339(updated)},
                  {"total", total.ToJson()},
                  {"cds", stats(xds::ResourceType::kCluster)},
                  {"eds", stats(xds::ResourceType::kEndpoint)},
                  {"lds", stats(xds::ResourceType::kListener)},
                  {"rds", stats(xds::ResourceType::kRoute)}}}};
    if (generation > 0) out["generation"] = generation;
    if (closed) out["disconnectTime"] = FormatRfc3339(disconnected);
    return out;
  }
};

// What the subscription says of versions: as in the metadata, with the verdict on compatibility.
Json MakeVersion(const Json& metadata, const std::string& control_plane_version) {
  const Json& given = Get(metadata, "version");
  Json version = {{"kumaDp", Json::object()}, {"envoy", Json::object()}};
  if (!given.is_object()) return version;
  for (const char* part : {"kumaDp", "envoy"}) {
    if (Get(given, part).is_object()) version[part] = given[part];
  }
  if (VersionsCompatible(control_plane_version, GetString(version["kumaDp"], "version"))) version["kumaDp"]["kumaCpCompatible"] = true;
  const std::string prefix = "version.dependencies.";
  const Json& dynamic = Get(metadata, "dynamicMetadata");
  if (!dynamic.is_object()) return version;
  for (const auto& [key, value] : dynamic.items()) {
    if (key.rfind(prefix, 0) == 0 && value.is_string()) version["dependencies"][key.substr(prefix.size())] = value;
  }
  return version;
}

ResourceKey ProxyKey(const xds::ProxyNode& node) {
  const std::string type = node.proxy_type == "ingress" ? "ZoneIngress" : node.proxy_type == "egress" ? "ZoneEgress" : "Dataplane";
  return {type, type == "Dataplane" ? node.mesh : std::string(), node.name};
}

// Pieces that were left out, and what Envoy rejected with the patches that touch the resources it names.
Json WarningList(const Subscription& subscription) {
  Json list = Json::array();
  const auto add = [&](const std::string& resource, const std::string& path, const std::string& message) {
    Json entry = {{"message", message}};
    if (!resource.empty()) entry["resource"] = resource;
    if (!path.empty()) entry["path"] = path;
    list.push_back(std::move(entry));
  };
  for (size_t i = 0; i < xds::kResourceTypeCount; ++i) {
    const std::string& text = subscription.rejected[i];
    if (text.empty()) continue;
    std::string authors;
    if (subscription.notes != nullptr) {
      for (const auto& [name, policies] : subscription.notes->patched_by) {
        if (Contains(text, name)) authors = policies;
      }
    }
    const std::string_view url = xds::TypeUrl(static_cast<xds::ResourceType>(i));
    add(authors, {}, "Envoy rejected " + std::string(url.substr(url.rfind('.') + 1)) + ", the last good configuration stays: " + text);
  }
  if (subscription.notes != nullptr) {
    for (const Warning& warning : subscription.notes->warnings) add(warning.resource, warning.path, warning.message);
  }
  return list;
}

// Puts the subscription into the insight's list: in its place, or at the end with all others ended.
void MergeSubscription(Json& spec, Json subscription, const std::string& now, size_t limit) {
  Json& list = spec["subscriptions"];
  if (!list.is_array()) list = Json::array();
  auto same = std::find_if(list.begin(), list.end(), [&](const Json& entry) { return GetString(entry, "id") == GetString(subscription, "id"); });
  if (same != list.end()) {
    // The proxy is connected elsewhere since; this stream has not noticed yet.
    if (same->contains("disconnectTime") && same + 1 != list.end() && !subscription.contains("disconnectTime")) return;
    *same = std::move(subscription);
  } else {
    for (Json& entry : list) {
      if (!entry.contains("disconnectTime")) entry["disconnectTime"] = now;
    }
    list.push_back(std::move(subscription));
  }
  while (limit > 0 && list.size() > limit) list.erase(list.begin());
}

void MergeIdentity(Json& spec, const IssuedIdentity* identity) {
  if (!identity) {
    spec.erase("mTLS");
    return;
  }
  Json& mtls = spec["mTLS"];
  if (!mtls.is_object()) mtls = Json::object();
  const std::string expires = identity->managed_externally ? std::string() : FormatRfc3339(identity->expires_at);
  const Json backends = identity->supported_backends;
  const bool same = mtls.contains("certificateRegenerations") && GetString(mtls, "issuedBackend") == identity->backend &&
                    (identity->managed_externally || Get(mtls, "supportedBackends") == backends) && (expires.empty() || GetString(mtls, "certificateExpirationTime") == expires);
  if (same) return;
  if (!identity->managed_externally) {
    mtls["certificateExpirationTime"] = expires;
    mtls["lastCertificateRegeneration"] = FormatRfc3339(identity->issued_at);
  }
  mtls["certificateRegenerations"] = GetInt(mtls, "certificateRegenerations") + 1;
  mtls["issuedBackend"] = identity->backend;
  if (identity->managed_externally) {
    mtls.erase("supportedBackends");
  } else {
    mtls["supportedBackends"] = backends;
  }
}

}  // namespace

struct DataplaneSink::Shared : std::enable_shared_from_this<DataplaneSink::Shared> {
  Shared(SinkOptions sink_options, store::Store& a_store, io::WorkerPool& pool, const Clock& a_clock, Random& a_random)
      : options(std::move(sink_options)), store(a_store), workers(pool), clock(a_clock), random(a_random) {}

  const SinkOptions options;
  store::Store& store;
  io::WorkerPool& workers;
  const Clock& clock;
  Random& random;
  const Logger log{"xds.sink"};

  std::mutex write_mutex;    // one write round at a time
  mutable std::mutex mutex;  // guards the rest
  std::map<xds::StreamId, Subscription> streams;
  std::map<ResourceKey, xds::StreamId> by_proxy;
  std::map<ResourceKey, std::shared_ptr<const IssuedIdentity>> identities;  // of proxies that are connected or about to be
  std::map<ResourceKey, xds::ViewNotesPtr> notes;
  MonotonicTime next_write{};  // of the round that is scheduled, when there is one
  bool scheduled = false;
  bool refresh_scheduled = false;

  void MarkLocked(Subscription& subscription, std::chrono::nanoseconds delay);
  void ScheduleLocked(std::chrono::nanoseconds delay);
  void ScheduleRefreshLocked();
  void Refresh();
  void WriteDirty();
  Status Write(const Subscription& subscription);
};

void DataplaneSink::Shared::MarkLocked(Subscription& subscription, std::chrono::nanoseconds delay) {
  subscription.dirty = true;
  ScheduleLocked(delay);
}

void DataplaneSink::Shared::ScheduleLocked(std::chrono::nanoseconds delay) {
  const MonotonicTime due = clock.Monotonic() + std::chrono::duration_cast<MonotonicTime::duration>(delay);
  if (scheduled && next_write <= due) return;
  // An earlier round makes a later one that is already under way find nothing to do.
  scheduled = true;
  next_write = due;
  options.call_after(delay, [weak = weak_from_this()] {
    const auto shared = weak.lock();
    if (!shared) return;
    shared->workers.Submit([weak] {
      if (const auto alive = weak.lock()) alive->WriteDirty();
    });
  });
}

// One timer, for the subscription that is due first.
void DataplaneSink::Shared::ScheduleRefreshLocked() {
  if (options.refresh_interval.count() == 0 || refresh_scheduled) return;
  MonotonicTime due = MonotonicTime::max();
  for (const auto& [stream, subscription] : streams) {
    if (!subscription.closed) due = std::min(due, subscription.refresh_due);
  }
  if (due == MonotonicTime::max()) return;
  refresh_scheduled = true;
  options.call_after(due - clock.Monotonic(), [weak = weak_from_this()] {
    if (const auto shared = weak.lock()) shared->Refresh();
  });
}

void DataplaneSink::Shared::Refresh() {
  const std::lock_guard lock(mutex);
  refresh_scheduled = false;
  const MonotonicTime now = clock.Monotonic();
  // Those that are due soon go along.
  const MonotonicTime until = now + options.refresh_interval / 8;
  bool any = false;
  for (auto& [stream, subscription] : streams) {
    if (subscription.closed || subscription.refresh_due > until) continue;
    ++subscription.generation;
    subscription.refresh_due = now + options.refresh_interval;
    subscription.dirty = any = true;
  }
  if (any) ScheduleLocked(options.first_flush);
  ScheduleRefreshLocked();
}

void DataplaneSink::Shared::WriteDirty() {
  const std::lock_guard one_round(write_mutex);
  std::vector<std::pair<xds::StreamId, Subscription>> dirty;
  {
    const std::lock_guard lock(mutex);
    scheduled = false;
    for (auto it = streams.begin(); it != streams.end();) {
      Subscription& subscription = it->second;
      if (subscription.dirty) {
        subscription.dirty = false;
        dirty.emplace_back(it->first, subscription);
      }
      it = subscription.closed ? streams.erase(it) : std::next(it);
    }
  }
  for (const auto& [stream, subscription] : dirty) {
    const Status written = Write(subscription);
    if (written.ok()) continue;
    // A store that does not answer now will later, and so will one with many writers: nobody else knows that this proxy has left.
    const bool later = written.error().code == ErrorCode::kUnavailable || written.error().code == ErrorCode::kConflict;
    if (subscription.closed && later) {
      const std::lock_guard lock(mutex);
      if (const auto [it, is_new] = streams.emplace(stream, subscription); is_new) MarkLocked(it->second, options.flush_interval);
      continue;
    }
    if (subscription.closed) {
      log.Debug("failed to flush the status of a proxy that left; its resource may be gone already",
                {{"mesh", subscription.proxy.mesh}, {"name", subscription.proxy.name}, {"reason", written.error().ToString()}});
      continue;
    }
    log.Warn("failed to flush an insight, will try again",
             {{"type", subscription.insight.type}, {"mesh", subscription.proxy.mesh}, {"name", subscription.proxy.name}, {"reason", written.error().ToString()}});
    const std::lock_guard lock(mutex);
    if (auto it = streams.find(stream); it != streams.end()) MarkLocked(it->second, options.flush_interval);
  }
}

Status DataplaneSink::Shared::Write(const Subscription& subscription) {
  Status last = Ok();
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    Result<ResourcePtr> stored = store.Get(subscription.insight);
    if (!stored.ok() && stored.error().code != ErrorCode::kNotFound) return std::move(stored).error();
    Resource insight;
    if (stored.ok()) insight = **stored;
    insight.meta.key = subscription.insight;
    MergeSubscription(insight.spec, subscription.ToJson(options.control_plane_id), FormatRfc3339(clock.Now()), options.subscription_limit);
    insight.spec["metadata"] = subscription.metadata;
    if (Json warnings = WarningList(subscription); warnings.empty()) {
      insight.spec.erase("warnings");
    } else {
      insight.spec["warnings"] = std::move(warnings);
    }
    if (subscription.notes != nullptr && !subscription.notes->telemetry.is_null()) {
      insight.spec["openTelemetry"] = subscription.notes->telemetry;
    } else {
      insight.spec.erase("openTelemetry");
    }
    if (subscription.insight.type == "DataplaneInsight") MergeIdentity(insight.spec, subscription.identity.get());
    if (stored.ok() && insight.spec == (*stored)->spec) return Ok();
    const bool exists = stored.ok();
    Result<ResourcePtr> written = exists ? store.Update(std::move(insight)) : store.Create(std::move(insight), subscription.proxy);
    if (written.ok()) return Ok();
    last = std::move(written).error();
    // Another writer came between (conflict), or the insight went away: read again.
    const bool retry = last.error().code == ErrorCode::kConflict || (exists && last.error().code == ErrorCode::kNotFound);
    if (!retry) break;
  }
  return last;
}

DataplaneSink::DataplaneSink(SinkOptions options, store::Store& store, io::WorkerPool& workers, const Clock& clock, Random& random)
    : shared_(std::make_shared<Shared>(std::move(options), store, workers, clock, random)) {}

DataplaneSink::~DataplaneSink() = default;

void DataplaneSink::OnConnected(xds::StreamId stream, bool /*delta*/, const xds::ProxyNode& node) {
  Subscription subscription;
  subscription.proxy = ProxyKey(node);
  subscription.insight = {subscription.proxy.type + "Insight", subscription.proxy.mesh, node.name};
  subscription.id = shared_->random.Uuid();
  subscription.metadata = node.metadata;
  subscription.version = MakeVersion(node.metadata, shared_->options.control_plane_version);
  subscription.connected = subscription.updated = shared_->clock.Now();
  subscription.refresh_due = shared_->clock.Monotonic() + shared_->options.refresh_interval;
  const std::lock_guard lock(shared_->mutex);
  if (auto it = shared_->identities.find(subscription.proxy); it != shared_->identities.end()) subscription.identity = it->second;
  if (auto it = shared_->notes.find(subscription.proxy); it != shared_->notes.end()) subscription.notes = it->second;
  shared_->by_proxy[subscription.proxy] = stream;
  Subscription& entry = shared_->streams[stream] = std::move(subscription);
  // Soon, so that users see the proxy online and removal delays can be short.
  shared_->MarkLocked(entry, shared_->options.first_flush);
  shared_->ScheduleRefreshLocked();
}

void DataplaneSink::OnRequest(xds::StreamId stream, const xds::RequestOutcome& outcome) {
  if (outcome.kind != xds::RequestKind::kAck && outcome.kind != xds::RequestKind::kNack) return;
  const std::lock_guard lock(shared_->mutex);
  auto it = shared_->streams.find(stream);
  if (it == shared_->streams.end()) return;
  Subscription& subscription = it->second;
  Counts& counts = subscription.by_type[static_cast<size_t>(outcome.type)];
  if (outcome.kind == xds::RequestKind::kAck) {
    ++subscription.total.acknowledged;
    ++counts.acknowledged;
    subscription.rejected[static_cast<size_t>(outcome.type)].clear();
  } else {
    ++subscription.total.rejected;
    ++counts.rejected;
    subscription.rejection = std::string(xds::TypeUrl(outcome.type)) + ": " + outcome.error;
    subscription.rejected[static_cast<size_t>(outcome.type)] = outcome.error;
  }
  subscription.updated = shared_->clock.Now();
  shared_->MarkLocked(subscription, shared_->options.flush_interval);
}

void DataplaneSink::OnResponse(xds::StreamId stream, const xds::Response& response, size_t /*bytes*/) {
  const std::lock_guard lock(shared_->mutex);
  auto it = shared_->streams.find(stream);
  if (it == shared_->streams.end()) return;
  ++it->second.total.sent;
  ++it->second.by_type[static_cast<size_t>(response.type)].sent;
  it->second.updated = shared_->clock.Now();
  shared_->MarkLocked(it->second, shared_->options.flush_interval);
}

void DataplaneSink::OnClosed(xds::StreamId stream) {
  const std::lock_guard lock(shared_->mutex);
  auto it = shared_->streams.find(stream);
  if (it == shared_->streams.end()) return;
  it->second.closed = true;
  it->second.disconnected = shared_->clock.Now();
  if (auto current = shared_->by_proxy.find(it->second.proxy); current != shared_->by_proxy.end() && current->second == stream) {
    shared_->by_proxy.erase(current);
    shared_->identities.erase(it->second.proxy);
    shared_->notes.erase(it->second.proxy);
  }
  shared_->MarkLocked(it->second, shared_->options.first_flush);
}

void DataplaneSink::OnIdentity(const std::string& mesh, const std::string& name, std::shared_ptr<const IssuedIdentity> identity) {
  const ResourceKey key{"Dataplane", mesh, name};
  const std::lock_guard lock(shared_->mutex);
  if (identity) {
    shared_->identities[key] = identity;
  } else {
    shared_->identities.erase(key);
  }
  auto current = shared_->by_proxy.find(key);
  if (current == shared_->by_proxy.end()) return;
  Subscription& subscription = shared_->streams.at(current->second);
  subscription.identity = std::move(identity);
  shared_->MarkLocked(subscription, shared_->options.first_flush);
}

void DataplaneSink::OnNotes(const xds::ProxyNode& node, xds::ViewNotesPtr notes) {
  const ResourceKey key = ProxyKey(node);
  const std::lock_guard lock(shared_->mutex);
  if (notes) {
    shared_->notes[key] = notes;
  } else {
    shared_->notes.erase(key);
  }
  auto current = shared_->by_proxy.find(key);
  if (current == shared_->by_proxy.end()) return;
  Subscription& subscription = shared_->streams.at(current->second);
  subscription.notes = std::move(notes);
  shared_->MarkLocked(subscription, shared_->options.first_flush);
}

std::string DataplaneSink::LastRejection(const std::string& mesh, const std::string& name) const {
  const std::lock_guard lock(shared_->mutex);
  auto current = shared_->by_proxy.find({"Dataplane", mesh, name});
  return current == shared_->by_proxy.end() ? std::string() : shared_->streams.at(current->second).rejection;
}

void DataplaneSink::Flush() { shared_->WriteDirty(); }

bool VersionsCompatible(const std::string& control_plane, const std::string& proxy) {
  auto parse = [](const std::string& text, int64_t& major, int64_t& minor) {
    const std::vector<std::string> parts = Split(text, '.');
    if (parts.size() < 2 || Contains(text, "-preview")) return false;
    const auto a = ParseInt(parts[0]);
    const auto b = ParseInt(parts[1]);
    if (!a || !b) return false;
    major = *a;
    minor = *b;
    return true;
  };
  int64_t own_major = 0, own_minor = 0, major = 0, minor = 0;
  if (!parse(control_plane, own_major, own_minor) || !parse(proxy, major, minor)) return true;
  return major == own_major && minor >= own_minor - 2 && minor <= own_minor + 2;
}

}  // namespace kuma::insights
