#include "pkg/store/postgres/mirror.h"

#include <algorithm>

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
  const bool was_oldest = *under_way_.begin() == ticket;
  under_way_.erase(ticket);
  if (!was_oldest) return;
  const Ticket oldest = under_way_.empty() ? clock_ : *under_way_.begin();
  std::erase_if(marks_, [oldest](const auto& mark) { return std::max(mark.second.touched, mark.second.gone) <= oldest; });
}

ResourcePtr Mirror::Find(const ResourceKey& key) const {
  const std::lock_guard lock(mutex_);
  const TableEntry* found = table_.Find(key);
  return found == nullptr ? nullptr : found->resource;
}

std::vector<ResourcePtr> Mirror::List(const std::string& type, const ListOptions& options) const {
  const std::lock_guard lock(mutex_);
  return table_.List(type, options);
}

std::optional<RowState> Mirror::StateOf(const ResourceKey& key) const {
  const ResourcePtr resource = Find(key);
  return resource ? std::optional<RowState>(StateIn(*resource)) : std::nullopt;
}

std::map<ResourceKey, RowState> Mirror::States() const {
  std::unique_lock lock(mutex_);
  const std::vector<ResourcePtr> all = table_.All();
  lock.unlock();
  std::map<ResourceKey, RowState> states;
  for (const ResourcePtr& resource : all) states.emplace_hint(states.end(), resource->meta.key, StateIn(*resource));
  return states;
}

std::vector<ImportedResource> Mirror::All() const {
  const std::lock_guard lock(mutex_);
  return table_.AllWithOwners();
}

std::unique_ptr<Watch> Mirror::StartWatch(std::function<void()> wake) {
  const std::lock_guard lock(mutex_);
  return feed_.Add(table_.All(), std::move(wake));
}

Mirror::Mark Mirror::MarkOfLocked(const ResourceKey& key) const {
  const auto found = marks_.find(key);
  return found == marks_.end() ? Mark{} : found->second;
}

void Mirror::InsertLocked(const ResourcePtr& resource, const std::optional<ResourceKey>& owner, Changes& changes) {
  marks_[resource->meta.key].touched = ++clock_;
  changes.events.push_back(table_.Insert(resource, owner));
}

void Mirror::ReplaceLocked(const ResourcePtr& resource, Changes& changes) {
  marks_[resource->meta.key].touched = ++clock_;
  changes.events.push_back(table_.Replace(resource));
}

// With all that it owns, since the database has deleted that too. What was touched after the ticket may belong to a new life; then the
// owner waits for it, so that a watcher never sees an orphan.
bool Mirror::EraseLocked(const ResourceKey& key, Ticket ticket, Changes& changes) {
  marks_[key].gone = ++clock_;
  if (table_.Find(key) == nullptr) return true;
  const std::vector<ResourceKey> keys = table_.WithOwned(key);
  if (std::any_of(keys.begin(), keys.end(), [&](const ResourceKey& one) { return MarkOfLocked(one).touched > ticket; })) {
    changes.again.push_back(key);
    return false;
  }
  for (const ResourceKey& one : keys) marks_[one].gone = clock_;
  for (Event& event : table_.Erase(key)) changes.events.push_back(std::move(event));
  return true;
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
  if (const TableEntry* found = table_.Find(key)) {
    // The notification may have been quicker than the answer to the write.
    if (found->resource->meta.creation_time == stored->meta.creation_time) return {};
    return {key};
  }
  if (MarkOfLocked(key).gone > ticket || (owner && MarkOfLocked(*owner).gone > ticket)) return {key};
  Changes changes;
  InsertLocked(stored, owner, changes);
  return PublishAndUnlock(std::move(lock), std::move(changes));
}

std::vector<ResourceKey> Mirror::ApplyUpdate(Ticket, const ResourcePtr& stored) {
  const ResourceKey& key = stored->meta.key;
  std::unique_lock lock(mutex_);
  const TableEntry* found = table_.Find(key);
  if (found == nullptr || found->resource->meta.creation_time != stored->meta.creation_time) return {key};
  if (found->resource->meta.version >= stored->meta.version) return {};
  Changes changes;
  ReplaceLocked(stored, changes);
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
    const TableEntry* found = table_.Find(row.key);
    if (found == nullptr) {
      if (row.resource == nullptr || MarkOfLocked(row.key).gone > ticket) {
        changes.again.push_back(row.key);
      } else {
        InsertLocked(row.resource, row.owner, changes);
      }
      continue;
    }
    const RowState known = StateIn(*found->resource);
    if (known == row.state) continue;
    const bool same_life = known.created == row.state.created;
    const bool newer = same_life && row.state.version > known.version;
    if (row.resource == nullptr || (!newer && MarkOfLocked(row.key).touched > ticket)) {
      // Older than what we wrote meanwhile; a change after that is announced on its own. Another life is worth a look.
      if (!same_life || row.resource == nullptr) changes.again.push_back(row.key);
    } else if (same_life) {
      ReplaceLocked(row.resource, changes);
    } else if (EraseLocked(row.key, ticket, changes)) {
      InsertLocked(row.resource, row.owner, changes);
    }
  }
  return PublishAndUnlock(std::move(lock), std::move(changes));
}

}  // namespace kuma::store::postgres
