// Keeps lists whole while others write. A page ends after some resource; the offset that its `next` carries is remembered with that
// resource, so the next page goes on after it, whatever was added or deleted before it meanwhile: nothing is skipped or shown twice.
// Offsets stay the plain numbers that clients know; where one number would mean two places, the later gets a larger one. Marks that
// nobody used for some minutes are forgotten, then an offset counts from the beginning, as on another control plane. Thread-safe.
#pragma once

#include <list>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/model/resource.h"

namespace kuma::api {

class PageMarks {
 public:
  explicit PageMarks(const Clock& clock) : clock_(clock) {}

  // Index of the page's first item. `list` tells lists apart: the path and filters. REQUIRES: items are in the order of their keys.
  size_t Begin(const std::string& list, size_t offset, const std::vector<ResourcePtr>& items);
  // The offset for the page after `last`, which would be `offset` + `size` if nothing changed.
  size_t Next(const std::string& list, size_t offset, size_t size, const ResourceKey& last);

 private:
  using Place = std::pair<std::string, size_t>;
  struct Mark {
    ResourceKey last;
    MonotonicTime used;
    std::list<Place>::iterator in_order;
  };
  void ForgetOldLocked();

  const Clock& clock_;
  std::mutex mutex_;
  // Guarded by mutex_.
  std::map<Place, Mark> marks_;
  std::list<Place> order_;  // least recently used first
};

}  // namespace kuma::api
