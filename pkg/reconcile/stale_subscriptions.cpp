#include "pkg/reconcile/stale_subscriptions.h"

#include <algorithm>

#include "pkg/base/log.h"

namespace kuma::reconcile {
namespace {

constexpr int kAttempts = 4;
// After a store that did not answer.
constexpr Nanos kRetry = std::chrono::seconds(5);

const Logger& Log() {
  static const Logger kLog{"finalizer"};
  return kLog;
}

bool IsOpen(const Json& subscription) {
  return !Get(subscription, "connectTime").is_null() && Get(subscription, "disconnectTime").is_null();
}

const std::string& OwnerField(const std::string& type) {
  static const std::string kProxy = "controlPlaneInstanceId";
  static const std::string kZone = "globalInstanceId";
  return type == "ZoneInsight" ? kZone : kProxy;
}

}  // namespace

void StaleSubscriptions::Apply(const ResourcePtr& old_value, const ResourcePtr& new_value) {
  const ResourceKey& key = (new_value != nullptr ? new_value : old_value)->meta.key;
  if (!options_.types.contains(key.type)) return;
  Insight next;
  const auto known = insights_.find(key);
  if (new_value != nullptr) {
    const MonotonicTime due = clock_.Monotonic() + options_.idle_timeout;
    const Json& subscriptions = Get(new_value->spec, "subscriptions");
    if (subscriptions.is_array()) {
      for (const Json& subscription : subscriptions) {
        if (!IsOpen(subscription) || GetString(subscription, OwnerField(key.type)) == options_.own_instance) continue;
        const std::string id = GetString(subscription, "id");
        Watched watched{GetInt(subscription, "generation"), due};
        if (known != insights_.end()) {
          const auto before = known->second.open.find(id);
          if (before != known->second.open.end() && before->second.generation == watched.generation) watched.due = before->second.due;
        }
        next.open.emplace(id, watched);
      }
    }
  }
  Place(key, std::move(next));
}

void StaleSubscriptions::Place(const ResourceKey& key, Insight insight) {
  if (const auto known = insights_.find(key); known != insights_.end()) {
    queue_.erase({known->second.due, key});
    insights_.erase(known);
  }
  if (insight.open.empty()) return;
  insight.due = MonotonicTime::max();
  for (const auto& [id, watched] : insight.open) insight.due = std::min(insight.due, watched.due);
  queue_.emplace(insight.due, key);
  insights_.emplace(key, std::move(insight));
}

std::optional<Nanos> StaleSubscriptions::Run() {
  const MonotonicTime now = clock_.Monotonic();
  while (!queue_.empty() && queue_.begin()->first <= now) {
    const ResourceKey key = queue_.begin()->second;
    Insight left = insights_.at(key);
    std::map<std::string, Watched> ended;
    std::erase_if(left.open, [&](const auto& entry) { return entry.second.due <= now && ended.insert(entry).second; });
    if (const Status status = End(key, ended); !status.ok()) {
      Log().Warn("cannot end a subscription whose control plane is gone, will try again",
                 {{"type", key.type}, {"mesh", key.mesh}, {"name", key.name}, {"error", status.error().ToString()}});
      for (auto& [id, watched] : ended) left.open.emplace(id, Watched{watched.generation, now + kRetry});
    }
    Place(key, std::move(left));
  }
  if (queue_.empty()) return std::nullopt;
  return queue_.begin()->first - now;
}

Status StaleSubscriptions::End(const ResourceKey& key, const std::map<std::string, Watched>& ended) {
  Status last = Ok();
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Result<ResourcePtr> stored = store_.Get(key);
    if (!stored.ok()) return stored.error().code == ErrorCode::kNotFound ? Ok() : Status(stored.error());
    Resource insight = **stored;
    bool changed = false;
    if (const auto list = insight.spec.find("subscriptions"); list != insight.spec.end() && list->is_array()) {
      for (Json& subscription : *list) {
        const auto it = ended.find(GetString(subscription, "id"));
        // One that was heard of meanwhile comes back with its event.
        if (it == ended.end() || !IsOpen(subscription) || GetInt(subscription, "generation") != it->second.generation) continue;
        subscription["disconnectTime"] = FormatRfc3339(clock_.Now());
        changed = true;
      }
    }
    if (!changed) return Ok();
    const Result<ResourcePtr> written = store_.Update(std::move(insight));
    if (written.ok()) {
      Log().Info("ended a subscription whose control plane is gone", {{"type", key.type}, {"mesh", key.mesh}, {"name", key.name}});
      return Ok();
    }
    if (written.error().code == ErrorCode::kNotFound) return Ok();
    last = written.error();
    if (last.error().code != ErrorCode::kConflict) break;
  }
  return last;
}

}  // namespace kuma::reconcile
