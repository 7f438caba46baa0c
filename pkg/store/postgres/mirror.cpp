#include "pkg/store/postgres/mirror.h"

#include <algorithm>

#include "pkg/store/resource_table.h"

namespace kuma::store::postgres {
namespace {

RowState StateIn(const Resource& resource) { return {resource.meta.version, resource.meta.creation_time}; }

}  // namespace

Mirror::Ticket Mirror::Begin() {
  const std::lock_guard lock(mutex_);
  under_way_.insert(++clock_);
  return clock_;
}

void Mirror::End(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  under_way_.erase(under_way_.find(ticket));
  const Ticket oldest = under_way_.empty() ? clock_ + 1 : *under_way_.begin();
  std::erase_if(graves_, [oldest](const auto& grave) { return grave.second <= oldest; });
}

ResourcePtr Mirror::Find(const ResourceKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : found->second.resource;
}

std::vector<ResourcePtr> Mirror::List(const std::string& type, const ListOptions& options) const {
  std::vector<ResourcePtr> items;
  const std::lock_guard lock(mutex_);
  for (auto it = entries_.lower_bound(ResourceKey{type, options.mesh, ""}); it != entries_.end() && it->first.type == type; ++it) {
    if (!options.mesh.empty() && it->first.mesh != options.mesh) break;
    if (MatchesList(*it->second.resource, options)) items.push_back(it->second.resource);
  }
  return items;
}

std::optional<RowState> Mirror::StateOf(const ResourceKey& key) const {
  const ResourcePtr resource = Find(key);
  return resource ? std::optional<RowState>(StateIn(*resource)) : std::nullopt;
}

std::map<ResourceKey, RowState> Mirror::States() const {
  std::map<ResourceKey, RowState> states;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, entry] : entries_) states.emplace_hint(states.end(), key, StateIn(*entry.resource));
  return states;
}

std::vector<ImportedResource> Mirror::All() const {
  std::vector<ImportedResource> items;
  const std::lock_guard lock(mutex_);
  items.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) items.push_back({entry.resource, entry.owner});
  return items;
}

std::unique_ptr<Watch> Mirror::StartWatch(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  std::vector<ResourcePtr> initial;
  initial.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) initial.push_back(entry.resource);
  return feed_.Add(std::move(initial), std::move(wake));
}

bool Mirror::BuriedAfterLocked(const ResourceKey& key, Ticket ticket) const {
  const auto grave = graves_.find(key);
  return grave != graves_.end() && grave->second > ticket;
}

void Mirror::BuryLocked(const ResourceKey& key) { graves_[key] = ++clock_; }

void Mirror::InsertLocked(const ResourceKey& key, Entry entry, Changes& changes) {
  entry.touched = ++clock_;
  if (entry.owner) owned_by_[*entry.owner].insert(key);
  changes.events.push_back(Event{nullptr, entry.resource, ++revision_});
  entries_.insert_or_assign(key, std::move(entry));
}

// The key or anything that it owns.
bool Mirror::TouchedAfterLocked(const ResourceKey& key, Ticket ticket) const {
  const auto found = entries_.find(key);
  if (found != entries_.end() && found->second.touched > ticket) return true;
  const auto owned = owned_by_.find(key);
  return owned != owned_by_.end() && std::any_of(owned->second.begin(), owned->second.end(), [&](const ResourceKey& child) { return TouchedAfterLocked(child, ticket); });
}

// With all that it owns, since the database has deleted that too. What was touched after the ticket may belong to a new life; then the
// owner waits for it, so that a watcher never sees an orphan.
void Mirror::EraseLocked(const ResourceKey& key, Ticket ticket, Changes& changes) {
  BuryLocked(key);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  if (TouchedAfterLocked(key, ticket)) {
    changes.again.push_back(key);
    return;
  }
  const Entry entry = std::move(found->second);
  entries_.erase(found);
  if (entry.owner) {
    if (const auto siblings = owned_by_.find(*entry.owner); siblings != owned_by_.end()) {
      siblings->second.erase(key);
      if (siblings->second.empty()) owned_by_.erase(siblings);
    }
  }
  if (const auto owned = owned_by_.find(key); owned != owned_by_.end()) {
    const std::set<ResourceKey> children = owned->second;
    for (const ResourceKey& child : children) EraseLocked(child, ticket, changes);
  }
  changes.events.push_back(Event{entry.resource, nullptr, ++revision_});
}

std::vector<ResourceKey> Mirror::PublishAndUnlock(std::unique_lock<std::mutex> lock, Changes changes) {
  const std::vector<std::function<void()>> wakes = feed_.Publish(changes.events);
  lock.unlock();
  for (const std::function<void()>& wake : wakes) wake();
  return std::move(changes.again);
}

std::vector<ResourceKey> Mirror::ApplyCreate(Ticket ticket, const ResourcePtr& stored, const std::optional<ResourceKey>& owner) {
  const ResourceKey& key = stored->meta.key;
  std::unique_lock lock(mutex_);
  const auto found = entries_.find(key);
  if (found != entries_.end()) {
    // The notification may have been quicker than the answer to the write.
    if (found->second.resource->meta.creation_time == stored->meta.creation_time) return {};
    return {key};
  }
  if (BuriedAfterLocked(key, ticket) || (owner && BuriedAfterLocked(*owner, ticket))) return {key};
  Changes changes;
  InsertLocked(key, Entry{stored, owner}, changes);
  return PublishAndUnlock(std::move(lock), std::move(changes));
}

std::vector<ResourceKey> Mirror::ApplyUpdate(Ticket, const ResourcePtr& stored) {
  const ResourceKey& key = stored->meta.key;
  std::unique_lock lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return {key};
  const ResourcePtr old = found->second.resource;
  if (old->meta.creation_time != stored->meta.creation_time) return {key};
  if (old->meta.version >= stored->meta.version) return {};
  found->second.resource = stored;
  found->second.touched = ++clock_;
  Changes changes;
  changes.events.push_back(Event{old, stored, ++revision_});
  return PublishAndUnlock(std::move(lock), std::move(changes));
}

std::vector<ResourceKey> Mirror::ApplyDelete(Ticket ticket, const std::vector<ResourceKey>& keys) {
  std::unique_lock lock(mutex_);
  Changes changes;
  for (const ResourceKey& key : keys) EraseLocked(key, ticket, changes);
  return PublishAndUnlock(std::move(lock), std::move(changes));
}

std::vector<ResourceKey> Mirror::ApplyFetched(Ticket ticket, const std::vector<FetchedRow>& rows) {
  std::unique_lock lock(mutex_);
  Changes changes;
  for (const FetchedRow& row : rows) {
    if (!row.exists) EraseLocked(row.key, ticket, changes);
  }
  for (const FetchedRow& row : rows) {
    if (!row.exists) continue;
    const auto found = entries_.find(row.key);
    if (found == entries_.end()) {
      if (row.resource == nullptr || BuriedAfterLocked(row.key, ticket)) {
        changes.again.push_back(row.key);
      } else {
        InsertLocked(row.key, Entry{row.resource, row.owner}, changes);
      }
      continue;
    }
    Entry& entry = found->second;
    const RowState known = StateIn(*entry.resource);
    if (known == row.state) continue;
    const bool newer = known.created == row.state.created && row.state.version > known.version;
    if (row.resource == nullptr || (!newer && entry.touched > ticket)) {
      // Older than what we wrote meanwhile; a change after that is announced on its own. Another life is worth a look.
      if (known.created != row.state.created || row.resource == nullptr) changes.again.push_back(row.key);
      continue;
    }
    if (known.created != row.state.created) {
      EraseLocked(row.key, ticket, changes);
      InsertLocked(row.key, Entry{row.resource, row.owner}, changes);
      continue;
    }
    const ResourcePtr old = std::exchange(entry.resource, row.resource);
    entry.touched = ++clock_;
    changes.events.push_back(Event{old, row.resource, ++revision_});
  }
  return PublishAndUnlock(std::move(lock), std::move(changes));
}

}  // namespace kuma::store::postgres
