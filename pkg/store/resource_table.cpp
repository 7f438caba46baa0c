#include "pkg/store/resource_table.h"

#include <algorithm>

#include "pkg/base/strings.h"

namespace kuma::store {
namespace {

std::string Describe(const ResourceKey& key) { return "type=\"" + key.type + "\" name=\"" + key.name + "\" mesh=\"" + key.mesh + "\""; }

}  // namespace

Error ResourceNotFound(const ResourceKey& key) { return MakeError(ErrorCode::kNotFound, "resource not found: " + Describe(key)); }
Error ResourceAlreadyExists(const ResourceKey& key) { return MakeError(ErrorCode::kConflict, "resource already exists: " + Describe(key)); }
Error ResourceConflict(const ResourceKey& key) { return MakeError(ErrorCode::kConflict, "resource conflict: " + Describe(key)); }

bool MatchesList(const Resource& resource, const ListOptions& options) {
  if (!options.mesh.empty() && resource.meta.mesh() != options.mesh) return false;
  if (!options.name_contains.empty() && !Contains(resource.meta.name(), options.name_contains)) return false;
  return std::all_of(options.labels.begin(), options.labels.end(), [&](const auto& wanted) {
    const auto found = resource.meta.labels.find(wanted.first);
    return found != resource.meta.labels.end() && found->second == wanted.second;
  });
}

std::optional<ResourceKey> TableEntry::owner() const {
  return siblings == nullptr ? std::nullopt : std::optional<ResourceKey>(siblings->owner);
}

const TableEntry* ResourceTable::Find(const ResourceKey& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &*found;
}

std::vector<ResourcePtr> ResourceTable::List(const std::string& type, const ListOptions& options) const {
  std::vector<ResourcePtr> items;
  for (auto it = entries_.lower_bound(ResourceKey{type, options.mesh, ""}); it != entries_.end() && it->key().type == type; ++it) {
    if (!options.mesh.empty() && it->key().mesh != options.mesh) break;
    if (MatchesList(*it->resource, options)) items.push_back(it->resource);
  }
  return items;
}

std::vector<ResourcePtr> ResourceTable::All() const {
  std::vector<ResourcePtr> items;
  items.reserve(entries_.size());
  for (const TableEntry& entry : entries_) items.push_back(entry.resource);
  return items;
}

std::vector<ImportedResource> ResourceTable::AllWithOwners() const {
  std::vector<ImportedResource> items;
  items.reserve(entries_.size());
  for (const TableEntry& entry : entries_) items.push_back({entry.resource, entry.owner()});
  return items;
}

void ResourceTable::Load(ResourcePtr resource, std::optional<ResourceKey> owner) {
  OwnedEntries* siblings = nullptr;
  if (owner) {
    siblings = &owned_[*owner];
    siblings->owner = std::move(*owner);
  }
  const auto loaded = entries_.insert(TableEntry{std::move(resource), siblings});
  if (siblings != nullptr) siblings->entries.insert(&*loaded.first);
}

Event ResourceTable::Insert(ResourcePtr resource, std::optional<ResourceKey> owner) {
  Load(resource, std::move(owner));
  return Event{nullptr, std::move(resource), ++revision_};
}

Event ResourceTable::Replace(ResourcePtr resource) {
  const TableEntry& entry = *entries_.find(resource->meta.key);
  ResourcePtr old = std::exchange(entry.resource, std::move(resource));
  return Event{std::move(old), entry.resource, ++revision_};
}

void ResourceTable::AppendOwned(const ResourceKey& key, std::vector<ResourceKey>& out) const {
  if (const auto owned = owned_.find(key); owned != owned_.end()) {
    for (const TableEntry* child : owned->second.entries) AppendOwned(child->key(), out);
  }
  out.push_back(key);
}

std::vector<ResourceKey> ResourceTable::WithOwned(const ResourceKey& key) const {
  std::vector<ResourceKey> keys;
  AppendOwned(key, keys);
  return keys;
}

std::vector<Event> ResourceTable::Erase(const ResourceKey& key) {
  std::vector<Event> events;
  for (const ResourceKey& gone : WithOwned(key)) {
    const auto found = entries_.find(gone);
    if (found->siblings != nullptr) {
      const auto owned = owned_.find(found->siblings->owner);
      owned->second.entries.erase(&*found);
      if (owned->second.entries.empty()) owned_.erase(owned);
    }
    events.push_back(Event{found->resource, nullptr, ++revision_});
    entries_.erase(found);
  }
  return events;
}

}  // namespace kuma::store
