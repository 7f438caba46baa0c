// A stream of changes. State and changes meet without a gap: Initial() is the state at the watch's start, Take() what came after.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "pkg/model/resource.h"

namespace kuma::store {

// Created: old_value is null. Deleted: new_value is null.
struct Event {
  ResourcePtr old_value;
  ResourcePtr new_value;
  uint64_t revision = 0;  // of the whole store, strictly growing

  const ResourceMeta& meta() const { return (new_value ? new_value : old_value)->meta; }
};

class Watch {
 public:
  virtual ~Watch() = default;  // ends the watch
  virtual const std::vector<ResourcePtr>& Initial() const = 0;
  // What happened since the last call; never blocks.
  virtual std::vector<Event> Take() = 0;
};

}  // namespace kuma::store
