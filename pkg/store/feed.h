// Fans a store's changes out to watches. Backends own one and call Publish under their own write lock, so that the order of
// events is the order of writes. Thread-safe; wake callbacks run outside of the feed's lock.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "pkg/store/watch.h"

namespace kuma::store {

class Feed {
 public:
  // REQUIRES: `initial` is the state right before the next Publish (call it under the backend's write lock).
  std::unique_ptr<Watch> Add(std::vector<ResourcePtr> initial, std::function<void()> wake);
  // Gives the events a place in every watch's queue and returns the wake calls to make once the backend's lock is free.
  [[nodiscard]] std::vector<std::function<void()>> Publish(const std::vector<Event>& events);

 private:
  struct Subscriber;
  class FeedWatch;
  std::mutex mutex_;
  std::vector<std::weak_ptr<Subscriber>> subscribers_;  // guarded by mutex_
};

}  // namespace kuma::store
