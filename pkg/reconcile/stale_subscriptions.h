// Ends the subscriptions of control planes that are gone. A control plane that shares its store raises the `generation` of every
// subscription it holds before half an idle timeout has passed; one that stays the same for a whole idle timeout belongs to nobody and
// gets a disconnectTime. Should its owner come back after all, its next write opens it again.
// Feed it the store's initial state and events, then Run(). Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "pkg/base/clock.h"
#include "pkg/base/duration.h"
#include "pkg/store/store.h"

namespace kuma::reconcile {

struct StaleSubscriptionOptions {
  std::set<std::string> types;  // of insights
  Nanos idle_timeout{};
  std::string own_instance;     // its subscriptions are left alone: it knows best
};

class StaleSubscriptions {
 public:
  StaleSubscriptions(store::Store& store, const Clock& clock, StaleSubscriptionOptions options)
      : store_(store), clock_(clock), options_(std::move(options)) {}

  void Apply(const ResourcePtr& old_value, const ResourcePtr& new_value);
  // Ends what is due and tells when to call again; nothing: not before the next event.
  std::optional<Nanos> Run();

 private:
  struct Watched {
    int64_t generation = 0;
    MonotonicTime due{};  // since nothing was heard of it
  };
  struct Insight {
    std::map<std::string, Watched> open;  // by the subscription's id
    MonotonicTime due{};                  // of the first; its place in queue_
  };
  void Place(const ResourceKey& key, Insight insight);
  Status End(const ResourceKey& key, const std::map<std::string, Watched>& ended);

  store::Store& store_;
  const Clock& clock_;
  const StaleSubscriptionOptions options_;
  std::map<ResourceKey, Insight> insights_;  // those with a subscription of another control plane
  std::set<std::pair<MonotonicTime, ResourceKey>> queue_;
};

}  // namespace kuma::reconcile
