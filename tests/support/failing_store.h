// A store that answers as if it were away: the next N calls of a kind fail with kUnavailable, then it works again. What it is asked
// meanwhile is not carried out.
#pragma once

#include <atomic>

#include "pkg/store/store.h"

namespace kuma::test {

class FailingStore final : public store::Store {
 public:
  explicit FailingStore(store::Store& store) : store_(store) {}

  std::atomic<int> fail_reads{0};
  std::atomic<int> fail_writes{0};
  std::atomic<int> failed{0};  // calls that failed

  Result<ResourcePtr> Get(const ResourceKey& key) override {
    if (Fails(fail_reads)) return Away();
    return store_.Get(key);
  }
  Result<std::vector<ResourcePtr>> List(const std::string& type, const store::ListOptions& options) override {
    if (Fails(fail_reads)) return Away();
    return store_.List(type, options);
  }
  Result<ResourcePtr> Create(Resource resource, std::optional<ResourceKey> owner) override {
    if (Fails(fail_writes)) return Away();
    return store_.Create(std::move(resource), std::move(owner));
  }
  Result<ResourcePtr> Update(Resource resource) override {
    if (Fails(fail_writes)) return Away();
    return store_.Update(std::move(resource));
  }
  Status Delete(const ResourceKey& key) override {
    if (Fails(fail_writes)) return Away();
    return store_.Delete(key);
  }
  std::unique_ptr<store::Watch> StartWatch(std::function<void()> wake) override { return store_.StartWatch(std::move(wake)); }

 private:
  static Error Away() { return Unavailable("the store is away"); }
  bool Fails(std::atomic<int>& left) {
    if (left <= 0) return false;
    --left;
    ++failed;
    return true;
  }

  store::Store& store_;
};

}  // namespace kuma::test
