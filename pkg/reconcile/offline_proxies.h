// Removes proxies that nobody ended in order: a Dataplane, ZoneIngress or ZoneEgress whose last connection ended longer ago than the
// cleanup age. Those that never connected (no insight) and those with an open subscription stay.
// Feed it the store's initial state and events, then Run(). Not thread-safe.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "pkg/base/clock.h"
#include "pkg/base/duration.h"
#include "pkg/store/admission.h"

namespace kuma::reconcile {

struct OfflineProxyOptions {
  std::map<std::string, Nanos> ages;  // by type of the proxy
};

class OfflineProxies {
 public:
  OfflineProxies(store::Admission& admission, const Clock& clock, OfflineProxyOptions options);

  void Apply(const ResourcePtr& old_value, const ResourcePtr& new_value);
  // Removes what is due and tells when to call again; nothing: not before the next event.
  std::optional<Nanos> Run();

 private:
  struct Rule {
    std::string proxy_type;
    Nanos age{};
  };
  void Place(const ResourceKey& insight, std::optional<SystemTime> due);
  // What is left to do with a proxy that was due: nothing, or when.
  std::optional<SystemTime> Remove(const ResourceKey& insight, SystemTime now);

  store::Admission& admission_;
  const Clock& clock_;
  std::map<std::string, Rule> rules_;        // by type of the insight
  std::map<ResourceKey, SystemTime> due_;    // insights of offline proxies
  std::set<std::pair<SystemTime, ResourceKey>> queue_;
};

}  // namespace kuma::reconcile
