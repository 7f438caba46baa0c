// The durable store of one control plane: one SQLite file in WAL mode. A write is answered once it is on the disk. All writes go
// through one thread, which puts those that wait into one transaction (group commit), so writers are many and syncs are few. Reads and
// watches come from a table in memory that changes after each commit. Thread-safe; writes wait for the disk.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <thread>

#include "pkg/base/clock.h"
#include "pkg/base/log.h"
#include "pkg/store/exporter.h"
#include "pkg/store/feed.h"
#include "pkg/store/resource_table.h"
#include "pkg/store/sqlite/file_lock.h"
#include "pkg/store/sqlite/rows.h"

namespace kuma::store::sqlite {

class SqliteStore final : public Store, public Exporter {
 public:
  // Makes the file when there is none, migrates an older one, loads everything. Errors say what to do: kUnavailable when another
  // process has the file, kInvalid when its content is damaged or newer than this program.
  static Result<std::unique_ptr<SqliteStore>> Open(const std::string& path, const Clock& clock);
  ~SqliteStore() override;

  Result<ResourcePtr> Get(const ResourceKey& key) override;
  Result<std::vector<ResourcePtr>> List(const std::string& type, const ListOptions& options) override;
  Result<ResourcePtr> Create(Resource resource, std::optional<ResourceKey> owner) override;
  Result<ResourcePtr> Update(Resource resource) override;
  Status Delete(const ResourceKey& key) override;
  std::unique_ptr<Watch> StartWatch(std::function<void()> wake) override;
  Status Import(const std::vector<ImportedResource>& resources) override;
  std::vector<ImportedResource> Export() override;
  // Health() stays ok while the file cannot be written: what is read is right all the same, since nobody else writes to it.
  // The error of the last write until writes work again, which is tried every second.
  Status WriteHealth() const;

  struct Stats {
    uint64_t writes = 0;   // committed
    uint64_t commits = 0;
    uint64_t failures = 0;  // transactions that could not be written
    uint64_t writable = 1;  // 0: the last one could not be
  };
  Stats stats() const;

 private:
  struct Write;
  class Batch;
  SqliteStore(const Clock& clock, FileLock lock, std::unique_ptr<Database> database, RowWriter rows)
      : clock_(clock), lock_(std::move(lock)), database_(std::move(database)), rows_(std::move(rows)) {}

  Status Submit(Write& write);
  void Run();
  void Commit(std::deque<Write*>& waiting);
  Status WriteBatch(const Batch& batch);
  void Probe();
  void SetWriteHealth(Status health);

  const Clock& clock_;
  const FileLock lock_;
  const std::unique_ptr<Database> database_;  // after Open only the writer thread uses it, and rows_
  RowWriter rows_;
  const Logger log_{"store.sqlite"};

  mutable std::shared_mutex table_mutex_;  // the writer thread changes the table, so it may read it without the lock
  ResourceTable table_;
  Feed feed_;

  mutable std::mutex queue_mutex_;  // guards the rest
  std::condition_variable queue_changed_;
  std::deque<Write*> queue_;  // owned by the threads that wait for them
  bool stopping_ = false;
  Status write_health_;
  Stats stats_;

  std::thread writer_;  // last: it uses all of the above
};

}  // namespace kuma::store::sqlite
