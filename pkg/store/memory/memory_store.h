// Keeps everything in memory; the default store of a standalone control plane and of tests. Thread-safe: one writer lock.
#pragma once

#include <map>
#include <mutex>
#include <set>

#include "pkg/base/clock.h"
#include "pkg/store/feed.h"
#include "pkg/store/store.h"

namespace kuma::store {

class MemoryStore : public Store {
 public:
  explicit MemoryStore(const Clock& clock) : clock_(clock) {}

  Result<ResourcePtr> Get(const ResourceKey& key) override;
  Result<std::vector<ResourcePtr>> List(const std::string& type, const ListOptions& options) override;
  Result<ResourcePtr> Create(Resource resource, std::optional<ResourceKey> owner) override;
  Result<ResourcePtr> Update(Resource resource) override;
  Status Delete(const ResourceKey& key) override;
  std::unique_ptr<Watch> StartWatch(std::function<void()> wake) override;

 private:
  struct Entry {
    ResourcePtr resource;
    std::optional<ResourceKey> owner;
  };
  void EraseLocked(const ResourceKey& key, std::vector<Event>& events);

  const Clock& clock_;
  std::mutex mutex_;
  std::map<ResourceKey, Entry> entries_;                  // guarded by mutex_; ordered by type, mesh, name
  std::map<ResourceKey, std::set<ResourceKey>> owned_by_;  // guarded by mutex_
  uint64_t revision_ = 0;                                 // guarded by mutex_
  Feed feed_;
};

// Errors that every backend words the same way.
Error ResourceNotFound(const ResourceKey& key);
Error ResourceAlreadyExists(const ResourceKey& key);
Error ResourceConflict(const ResourceKey& key);
bool MatchesList(const Resource& resource, const ListOptions& options);

}  // namespace kuma::store
