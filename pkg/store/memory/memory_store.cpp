#include "pkg/store/memory/memory_store.h"

#include <algorithm>

#include "pkg/base/strings.h"

namespace kuma::store {
namespace {

std::string Describe(const ResourceKey& key) { return "type=\"" + key.type + "\" name=\"" + key.name + "\" mesh=\"" + key.mesh + "\""; }

void Call(const std::vector<std::function<void()>>& wakes) {
  for (const std::function<void()>& wake : wakes) wake();
}

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

Result<ResourcePtr> MemoryStore::Get(const ResourceKey& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return ResourceNotFound(key);
  return found->second.resource;
}

Result<std::vector<ResourcePtr>> MemoryStore::List(const std::string& type, const ListOptions& options) {
  std::vector<ResourcePtr> items;
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto it = entries_.lower_bound(ResourceKey{type, options.mesh, ""}); it != entries_.end() && it->first.type == type; ++it) {
    if (!options.mesh.empty() && it->first.mesh != options.mesh) break;
    if (MatchesList(*it->second.resource, options)) items.push_back(it->second.resource);
  }
  return items;
}

Result<ResourcePtr> MemoryStore::Create(Resource resource, std::optional<ResourceKey> owner) {
  const SystemTime now = clock_.Now();
  resource.meta.version = 1;
  resource.meta.creation_time = now;
  resource.meta.modification_time = now;
  const ResourcePtr created = std::make_shared<const Resource>(std::move(resource));
  const ResourceKey& key = created->meta.key;
  std::vector<std::function<void()>> wakes;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (owner && !entries_.contains(*owner)) return ResourceNotFound(*owner);
    if (!entries_.try_emplace(key, Entry{created, owner}).second) return ResourceAlreadyExists(key);
    if (owner) owned_by_[*owner].insert(key);
    wakes = feed_.Publish({Event{nullptr, created, ++revision_}});
  }
  Call(wakes);
  return created;
}

Result<ResourcePtr> MemoryStore::Update(Resource resource) {
  resource.meta.modification_time = clock_.Now();
  auto updated = std::make_shared<Resource>(std::move(resource));
  ResourcePtr stored;
  std::vector<std::function<void()>> wakes;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto found = entries_.find(updated->meta.key);
    if (found == entries_.end()) return ResourceNotFound(updated->meta.key);
    const ResourcePtr old = found->second.resource;
    if (old->meta.version != updated->meta.version) return ResourceConflict(updated->meta.key);
    updated->meta.version += 1;
    updated->meta.creation_time = old->meta.creation_time;
    stored = std::move(updated);
    found->second.resource = stored;
    wakes = feed_.Publish({Event{old, stored, ++revision_}});
  }
  Call(wakes);
  return stored;
}

void MemoryStore::EraseLocked(const ResourceKey& key, std::vector<Event>& events) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  const Entry entry = found->second;
  entries_.erase(found);
  if (entry.owner) {
    const auto siblings = owned_by_.find(*entry.owner);
    if (siblings != owned_by_.end()) {
      siblings->second.erase(key);
      if (siblings->second.empty()) owned_by_.erase(siblings);
    }
  }
  if (const auto owned = owned_by_.find(key); owned != owned_by_.end()) {
    const std::set<ResourceKey> children = std::move(owned->second);
    owned_by_.erase(owned);
    for (const ResourceKey& child : children) EraseLocked(child, events);
  }
  // What is owned goes first, so that a watcher never sees an orphan.
  events.push_back(Event{entry.resource, nullptr, ++revision_});
}

Status MemoryStore::Delete(const ResourceKey& key) {
  std::vector<std::function<void()>> wakes;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!entries_.contains(key)) return ResourceNotFound(key);
    std::vector<Event> events;
    EraseLocked(key, events);
    wakes = feed_.Publish(events);
  }
  Call(wakes);
  return Ok();
}

std::unique_ptr<Watch> MemoryStore::StartWatch(std::function<void()> wake) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<ResourcePtr> initial;
  initial.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) initial.push_back(entry.resource);
  return feed_.Add(std::move(initial), std::move(wake));
}

}  // namespace kuma::store
