// The control plane's copy of the table, and the events that bringing it up to date makes. Reads and watches are served from it, also
// while the database is away. Two sources change it: the results of this process's own writes, and rows that were fetched because a
// notification named them. They race, so every operation takes a ticket before it asks the database; what was changed here after the
// ticket was taken is not overwritten by an older answer but looked up again. Thread-safe; no input or output.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "pkg/store/feed.h"
#include "pkg/store/store.h"

namespace kuma::store::postgres {

// Tells one life of a key from the next, and its state within a life.
struct RowState {
  uint64_t version = 0;  // as in ResourceMeta: one more than in the table
  SystemTime created{};
  friend bool operator==(const RowState&, const RowState&) = default;
};

// What the database said about a key.
struct FetchedRow {
  ResourceKey key;
  bool exists = false;
  RowState state = {};          // of a row that exists
  ResourcePtr resource;         // null: as in the mirror when it was asked
  std::optional<ResourceKey> owner;
};

class Mirror {
 public:
  using Ticket = uint64_t;

  // Held while an operation is under way with the database.
  class Operation {
   public:
    explicit Operation(Mirror& mirror) : mirror_(mirror), ticket_(mirror.Begin()) {}
    ~Operation() { mirror_.End(ticket_); }
    Operation(const Operation&) = delete;
    Ticket ticket() const { return ticket_; }

   private:
    Mirror& mirror_;
    const Ticket ticket_;
  };

  ResourcePtr Find(const ResourceKey& key) const;  // null: not there
  std::vector<ResourcePtr> List(const std::string& type, const ListOptions& options) const;
  std::optional<RowState> StateOf(const ResourceKey& key) const;
  std::map<ResourceKey, RowState> States() const;
  std::vector<ImportedResource> All() const;
  std::unique_ptr<Watch> StartWatch(std::function<void()> wake);

  // Results of own writes. Keys to fetch again, because others wrote at the same time.
  std::vector<ResourceKey> ApplyCreate(Ticket ticket, const ResourcePtr& stored, const std::optional<ResourceKey>& owner);
  std::vector<ResourceKey> ApplyUpdate(Ticket ticket, const ResourcePtr& stored);
  std::vector<ResourceKey> ApplyDelete(Ticket ticket, const std::vector<ResourceKey>& keys);
  // Rows as the database had them at some time after the ticket.
  std::vector<ResourceKey> ApplyFetched(Ticket ticket, const std::vector<FetchedRow>& rows);

 private:
  struct Entry {
    ResourcePtr resource;
    std::optional<ResourceKey> owner;
    Ticket touched = 0;
  };
  struct Changes {
    std::vector<Event> events;
    std::vector<ResourceKey> again;
  };
  Ticket Begin();
  void End(Ticket ticket);
  bool BuriedAfterLocked(const ResourceKey& key, Ticket ticket) const;
  bool TouchedAfterLocked(const ResourceKey& key, Ticket ticket) const;
  void BuryLocked(const ResourceKey& key);
  void InsertLocked(const ResourceKey& key, Entry entry, Changes& changes);
  void EraseLocked(const ResourceKey& key, Ticket ticket, Changes& changes);
  std::vector<ResourceKey> PublishAndUnlock(std::unique_lock<std::mutex> lock, Changes changes);

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::map<ResourceKey, Entry> entries_;  // ordered by type, mesh, name
  std::map<ResourceKey, std::set<ResourceKey>> owned_by_;
  std::map<ResourceKey, Ticket> graves_;  // keys that were gone at that time; only while older operations are under way
  std::multiset<Ticket> under_way_;
  Ticket clock_ = 0;
  uint64_t revision_ = 0;
  Feed feed_;
};

}  // namespace kuma::store::postgres
