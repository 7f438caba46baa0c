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

const ResourceTable::Entry* ResourceTable::Find(const ResourceKey& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

std::vector<ResourcePtr> ResourceTable::List(const std::string& type, const ListOptions& options) const {
  std::vector<ResourcePtr> items;
  for (auto it = entries_.lower_bound(ResourceKey{type, options.mesh, ""}); it != entries_.end() && it->first.type == type; ++it) {
    if (!options.mesh.empty() && it->first.mesh != options.mesh) break;
    if (MatchesList(*it->second.resource, options)) items.push_back(it->second.resource);
  }
  return items;
}

std::vector<ResourcePtr> ResourceTable::All() const {
  std::vector<ResourcePtr> items;
  items.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) items.push_back(entry.resource);
  return items;
}

std::vector<ImportedResource> ResourceTable::AllWithOwners() const {
  std::vector<ImportedResource> items;
  items.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) items.push_back({entry.resource, entry.owner});
  return items;
}

void ResourceTable::Load(ResourcePtr resource, std::optional<ResourceKey> owner) {
  const ResourceKey& key = resource->meta.key;
  if (owner) owned_by_[*owner].insert(key);
  entries_.insert_or_assign(key, Entry{std::move(resource), std::move(owner)});
}

Event ResourceTable::Insert(ResourcePtr resource, std::optional<ResourceKey> owner) {
  Load(resource, std::move(owner));
  return Event{nullptr, std::move(resource), ++revision_};
}

Event ResourceTable::Replace(ResourcePtr resource) {
  Entry& entry = entries_.find(resource->meta.key)->second;
  ResourcePtr old = std::exchange(entry.resource, std::move(resource));
  return Event{std::move(old), entry.resource, ++revision_};
}

void ResourceTable::AppendOwned(const ResourceKey& key, std::vector<ResourceKey>& out) const {
  if (const auto owned = owned_by_.find(key); owned != owned_by_.end()) {
    for (const ResourceKey& child : owned->second) AppendOwned(child, out);
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
    const Entry entry = std::move(found->second);
    entries_.erase(found);
    owned_by_.erase(gone);
    if (entry.owner) {
      if (const auto siblings = owned_by_.find(*entry.owner); siblings != owned_by_.end()) {
        siblings->second.erase(gone);
        if (siblings->second.empty()) owned_by_.erase(siblings);
      }
    }
    events.push_back(Event{entry.resource, nullptr, ++revision_});
  }
  return events;
}

}  // namespace kuma::store
