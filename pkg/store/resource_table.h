// Resources in memory with their owners: finding, listing, and the events that changes make. Backends hold one under a lock of their
// own; this has none. Resources are immutable, so what a reader got stays as it was.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "pkg/store/store.h"

namespace kuma::store {

class ResourceTable {
 public:
  struct Entry {
    ResourcePtr resource;
    std::optional<ResourceKey> owner;
  };

  const Entry* Find(const ResourceKey& key) const;  // null: not there
  // Ordered by mesh, then name.
  std::vector<ResourcePtr> List(const std::string& type, const ListOptions& options) const;
  std::vector<ResourcePtr> All() const;
  std::vector<ImportedResource> AllWithOwners() const;
  size_t size() const { return entries_.size(); }

  // Puts in what another store or a file has, without an event; its owner may come later.
  void Load(ResourcePtr resource, std::optional<ResourceKey> owner);

  // REQUIRES: the key is not there.
  Event Insert(ResourcePtr resource, std::optional<ResourceKey> owner);
  // REQUIRES: the key is there.
  Event Replace(ResourcePtr resource);
  // The key and all it owns; what is owned goes first, so that a watcher never sees an orphan. REQUIRES: the key is there.
  std::vector<Event> Erase(const ResourceKey& key);
  // What Erase would delete, in its order.
  std::vector<ResourceKey> WithOwned(const ResourceKey& key) const;

  // Of the last event.
  uint64_t revision() const { return revision_; }
  void set_revision(uint64_t revision) { revision_ = revision; }

 private:
  void AppendOwned(const ResourceKey& key, std::vector<ResourceKey>& out) const;

  std::map<ResourceKey, Entry> entries_;  // ordered by type, mesh, name
  std::map<ResourceKey, std::set<ResourceKey>> owned_by_;
  uint64_t revision_ = 0;
};

// Errors that every backend words the same way.
Error ResourceNotFound(const ResourceKey& key);
Error ResourceAlreadyExists(const ResourceKey& key);
Error ResourceConflict(const ResourceKey& key);
bool MatchesList(const Resource& resource, const ListOptions& options);

}  // namespace kuma::store
