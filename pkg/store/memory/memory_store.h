// Keeps everything in memory only: for tests, tries and dry runs. Thread-safe: one lock.
#pragma once

#include <mutex>

#include "pkg/base/clock.h"
#include "pkg/store/feed.h"
#include "pkg/store/resource_table.h"

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
  Status Import(const std::vector<ImportedResource>& resources) override;

  // Puts a resource of another store in as it is, version and times included. Before anything watches; its owner may come later.
  void Load(ResourcePtr resource, std::optional<ResourceKey> owner);

 private:
  const Clock& clock_;
  std::mutex mutex_;
  ResourceTable table_;  // guarded by mutex_
  Feed feed_;
};

}  // namespace kuma::store
