// What copying a whole store needs beyond Store: resources together with their owners. Stores that outlive a process have it.
#pragma once

#include <vector>

#include "pkg/store/store.h"

namespace kuma::store {

class Exporter {
 public:
  virtual ~Exporter() = default;
  // Everything, as of one moment.
  virtual std::vector<ImportedResource> Export() = 0;
};

}  // namespace kuma::store
