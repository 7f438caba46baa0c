#include "pkg/reconcile/offline_proxies.h"

#include <algorithm>

#include "pkg/base/log.h"

namespace kuma::reconcile {
namespace {

constexpr Nanos kRetry = std::chrono::minutes(1);
// Longer ones mean never; the sum with a date must stay one.
constexpr Nanos kLongestAge = std::chrono::hours(24 * 365 * 100);

const Logger& LogOf(const std::string& proxy_type) {
  static const Logger kProxies{"dp-gc"};
  static const Logger kZones{"zone-gc"};
  return proxy_type == "Dataplane" ? kProxies : kZones;
}

// When the last subscription ended; nothing while one is open, when there is none and when it does not say.
std::optional<SystemTime> OfflineSince(const Json& insight) {
  const Json& subscriptions = Get(insight, "subscriptions");
  if (!subscriptions.is_array() || subscriptions.empty()) return std::nullopt;
  for (const Json& subscription : subscriptions) {
    if (!Get(subscription, "connectTime").is_null() && Get(subscription, "disconnectTime").is_null()) return std::nullopt;
  }
  const Result<SystemTime> ended = ParseRfc3339(GetString(subscriptions.back(), "disconnectTime"));
  return ended.ok() ? std::optional(*ended) : std::nullopt;
}

}  // namespace

OfflineProxies::OfflineProxies(store::Admission& admission, const Clock& clock, OfflineProxyOptions options) : admission_(admission), clock_(clock) {
  for (const auto& [type, age] : options.ages) {
    if (age <= kLongestAge) rules_.emplace(type + "Insight", Rule{type, age});
  }
}

void OfflineProxies::Apply(const ResourcePtr& old_value, const ResourcePtr& new_value) {
  const ResourceKey& key = (new_value != nullptr ? new_value : old_value)->meta.key;
  const auto rule = rules_.find(key.type);
  if (rule == rules_.end()) return;
  std::optional<SystemTime> due;
  if (new_value != nullptr) due = OfflineSince(new_value->spec);
  if (due) *due += rule->second.age;
  Place(key, due);
}

void OfflineProxies::Place(const ResourceKey& insight, std::optional<SystemTime> due) {
  if (const auto known = due_.find(insight); known != due_.end()) {
    queue_.erase({known->second, insight});
    due_.erase(known);
  }
  if (!due) return;
  due_.emplace(insight, *due);
  queue_.emplace(*due, insight);
}

std::optional<Nanos> OfflineProxies::Run() {
  const SystemTime now = clock_.Now();
  while (!queue_.empty() && queue_.begin()->first <= now) {
    const ResourceKey insight = queue_.begin()->second;
    Place(insight, Remove(insight, now));
  }
  if (queue_.empty()) return std::nullopt;
  return queue_.begin()->first - now;
}

std::optional<SystemTime> OfflineProxies::Remove(const ResourceKey& insight, SystemTime now) {
  const Rule& rule = rules_.at(insight.type);
  const ResourceKey proxy{rule.proxy_type, insight.mesh, insight.name};
  const auto failed = [&](const Error& error) {
    LogOf(proxy.type).Error("unable to delete", {{"resourceType", proxy.type}, {"mesh", proxy.mesh}, {"name", proxy.name}, {"error", error.ToString()}});
    return std::optional(now + kRetry);
  };
  // The newest one: the proxy may be back, and its event on the way.
  const Result<ResourcePtr> stored = admission_.store().Get(insight);
  if (!stored.ok()) return stored.error().code == ErrorCode::kNotFound ? std::nullopt : failed(stored.error());
  const std::optional<SystemTime> since = OfflineSince((*stored)->spec);
  if (!since) return std::nullopt;
  if (*since + rule.age > now) return *since + rule.age;
  LogOf(proxy.type).Info("deleting resource which is offline",
                         {{"resourceType", proxy.type}, {"mesh", proxy.mesh}, {"name", proxy.name}, {"offlineFor", FormatDuration(now - *since)}});
  const Status deleted = admission_.Delete(proxy);
  if (deleted.ok() || deleted.error().code == ErrorCode::kNotFound) return std::nullopt;
  return failed(deleted.error());
}

}  // namespace kuma::reconcile
