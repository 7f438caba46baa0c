// Resources in memory with their owners: finding, listing, and the events that changes make. Backends hold one under a lock of their
// own; this has none. Resources are immutable, so what a reader got stays as it was.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "pkg/store/store.h"

namespace kuma::store {

struct OwnedEntries;

struct TableEntry {
  mutable ResourcePtr resource;            // replaced in place: entries are ordered by its key, which stays
  const OwnedEntries* siblings = nullptr;  // all that one owner owns; null: not owned

  const ResourceKey& key() const { return resource->meta.key; }
  std::optional<ResourceKey> owner() const;
};

// By type, mesh, name. Keys are those of the resources, not stored again: with 10,000 resources that would be megabytes.
struct EntryOrder {
  using is_transparent = void;
  static const ResourceKey& Key(const ResourceKey& key) { return key; }
  static const ResourceKey& Key(const TableEntry& entry) { return entry.key(); }
  static const ResourceKey& Key(const TableEntry* entry) { return entry->key(); }
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const {
    return Key(a) < Key(b);
  }
};

struct OwnedEntries {
  ResourceKey owner;  // it may not be there yet
  std::set<const TableEntry*, EntryOrder> entries;
};

class ResourceTable {
 public:
  const TableEntry* Find(const ResourceKey& key) const;  // null: not there
  // Ordered by mesh, then name.
  std::vector<ResourcePtr> List(const std::string& type, const ListOptions& options) const;
  std::vector<ResourcePtr> All() const;
  std::vector<ImportedResource> AllWithOwners() const;
  size_t size() const { return entries_.size(); }

  // Puts in what another store or a file has, without an event; its owner may come later.
  // REQUIRES: the key is not there.
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

  std::set<TableEntry, EntryOrder> entries_;
  std::map<ResourceKey, OwnedEntries> owned_;  // by owner; none is empty
  uint64_t revision_ = 0;
};

// Errors that every backend words the same way.
Error ResourceNotFound(const ResourceKey& key);
Error ResourceAlreadyExists(const ResourceKey& key);
Error ResourceConflict(const ResourceKey& key);
bool MatchesList(const Resource& resource, const ListOptions& options);

}  // namespace kuma::store
