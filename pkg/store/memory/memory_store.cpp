#include "pkg/store/memory/memory_store.h"

namespace kuma::store {
namespace {

void Call(const std::vector<std::function<void()>>& wakes) {
  for (const std::function<void()>& wake : wakes) wake();
}

}  // namespace

Result<ResourcePtr> MemoryStore::Get(const ResourceKey& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const TableEntry* entry = table_.Find(key);
  if (entry == nullptr) return ResourceNotFound(key);
  return entry->resource;
}

Result<std::vector<ResourcePtr>> MemoryStore::List(const std::string& type, const ListOptions& options) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return table_.List(type, options);
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
    if (owner && table_.Find(*owner) == nullptr) return ResourceNotFound(*owner);
    if (table_.Find(key) != nullptr) return ResourceAlreadyExists(key);
    wakes = feed_.Publish({table_.Insert(created, std::move(owner))});
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
    const TableEntry* entry = table_.Find(updated->meta.key);
    if (entry == nullptr) return ResourceNotFound(updated->meta.key);
    if (entry->resource->meta.version != updated->meta.version) return ResourceConflict(updated->meta.key);
    updated->meta.version += 1;
    updated->meta.creation_time = entry->resource->meta.creation_time;
    stored = std::move(updated);
    wakes = feed_.Publish({table_.Replace(stored)});
  }
  Call(wakes);
  return stored;
}

Status MemoryStore::Delete(const ResourceKey& key) {
  std::vector<std::function<void()>> wakes;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (table_.Find(key) == nullptr) return ResourceNotFound(key);
    wakes = feed_.Publish(table_.Erase(key));
  }
  Call(wakes);
  return Ok();
}

Status MemoryStore::Import(const std::vector<ImportedResource>& resources) {
  std::vector<std::function<void()>> wakes;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (const ImportedResource& item : resources) {
      if (table_.Find(item.resource->meta.key) != nullptr) return ResourceAlreadyExists(item.resource->meta.key);
    }
    std::vector<Event> events;
    for (const ImportedResource& item : resources) events.push_back(table_.Insert(item.resource, item.owner));
    wakes = feed_.Publish(events);
  }
  Call(wakes);
  return Ok();
}

void MemoryStore::Load(ResourcePtr resource, std::optional<ResourceKey> owner) {
  const std::lock_guard<std::mutex> lock(mutex_);
  table_.Load(std::move(resource), std::move(owner));
}

std::unique_ptr<Watch> MemoryStore::StartWatch(std::function<void()> wake) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return feed_.Add(table_.All(), std::move(wake));
}

}  // namespace kuma::store
