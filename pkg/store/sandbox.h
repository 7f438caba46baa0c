// A copy of a store's state in which writes can be tried: the same admission, and nothing of it reaches the store. Resources are
// shared, so the copy costs an entry of a map a resource. Used by dry runs; one thread.
#pragma once

#include <memory>
#include <vector>

#include "pkg/store/admission.h"
#include "pkg/store/memory/memory_store.h"

namespace kuma::store {

class Sandbox {
 public:
  // Hooks are not copied: those of the real one have effects outside of the store. See ApiDeps::prepare_sandbox.
  Sandbox(const TypeRegistry& types, const std::vector<ResourcePtr>& state, AdmissionOptions options, const Clock& clock);

  Store& store() { return store_; }
  Admission& admission() { return admission_; }
  // Owns something that hooks of the admission use.
  void Keep(std::shared_ptr<void> thing) { kept_.push_back(std::move(thing)); }
  // Changes since the last call, in order.
  std::vector<Event> Take() { return watch_->Take(); }

 private:
  MemoryStore store_;
  Admission admission_;
  std::unique_ptr<Watch> watch_;
  std::vector<std::shared_ptr<void>> kept_;
};

}  // namespace kuma::store
