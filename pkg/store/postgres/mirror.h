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
#include "pkg/store/resource_table.h"

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
  struct Changes {
    std::vector<Event> events;
    std::vector<ResourceKey> again;
  };
  // When a key was changed here, and when it was known to be gone; 0: not since the oldest operation under way.
  struct Mark {
    Ticket touched = 0;
    Ticket gone = 0;
  };
  Ticket Begin();
  void End(Ticket ticket);
  Mark MarkOfLocked(const ResourceKey& key) const;
  void InsertLocked(const ResourcePtr& resource, const std::optional<ResourceKey>& owner, Changes& changes);
  void ReplaceLocked(const ResourcePtr& resource, Changes& changes);
  bool EraseLocked(const ResourceKey& key, Ticket ticket, Changes& changes);  // false: it has to be looked at again
  std::vector<ResourceKey> PublishAndUnlock(std::unique_lock<std::mutex> lock, Changes changes);

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  ResourceTable table_;
  std::map<ResourceKey, Mark> marks_;  // only of what happened while older operations are under way
  std::set<Ticket> under_way_;
  Ticket clock_ = 0;
  Feed feed_;
};

}  // namespace kuma::store::postgres
