#include "pkg/store/sqlite/sqlite_store.h"

#include <future>
#include <set>

#include "pkg/store/sqlite/schema.h"

namespace kuma::store::sqlite {
namespace {

constexpr size_t kMaxBatch = 512;
constexpr std::chrono::seconds kProbePause{1};

// The file is large only for moments: a checkpoint after 1000 pages, and what is left of the log is cut.
constexpr const char* kPragmas =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = 1; PRAGMA checkpoint_fullfsync = 1;"
    "PRAGMA journal_size_limit = 8388608; PRAGMA cache_size = -2000; PRAGMA foreign_keys = OFF";

}  // namespace

// What one caller waits for.
struct SqliteStore::Write {
  enum class Kind { kCreate, kUpdate, kDelete, kImport };
  struct Item {
    std::shared_ptr<Resource> made;  // create, update
    ResourcePtr resource;            // import
    RowText text;
    std::optional<ResourceKey> owner;
  };

  Kind kind = Kind::kDelete;
  ResourceKey key;          // all but import
  std::vector<Item> items;  // one for create and update
  std::vector<ResourceKey> deleted;  // with what is owned; set by the writer thread
  std::promise<Status> done;

  // The waiting thread may destroy the write at once.
  void Answer(Status status) {
    std::promise<Status> promise = std::move(done);
    promise.set_value(std::move(status));
  }
};

// Writes of one transaction. None depends on another one of it: then each can be checked against the table as it is, and the
// table changes only after the commit.
class SqliteStore::Batch {
 public:
  explicit Batch(const ResourceTable& table) : table_(table) {}

  // False: it has to wait for the commit of what is in the batch.
  bool Fits(const Write& write) const {
    if (writes_.size() >= kMaxBatch) return false;
    switch (write.kind) {
      case Write::Kind::kDelete:
        for (const ResourceKey& key : table_.WithOwned(write.key)) {
          if (written_.contains(key) || needed_.contains(key)) return false;
        }
        return true;
      case Write::Kind::kImport: return writes_.empty();
      default: {
        if (written_.contains(write.key)) return false;
        const std::optional<ResourceKey>& owner = write.items[0].owner;
        return !owner || !written_.contains(*owner);
      }
    }
  }

  // Checks the write against the table and completes what depends on it. An error is the write's answer.
  Status Add(Write& write) {
    const TableEntry* entry = write.kind == Write::Kind::kImport ? nullptr : table_.Find(write.key);
    switch (write.kind) {
      case Write::Kind::kCreate: {
        const std::optional<ResourceKey>& owner = write.items[0].owner;
        if (owner && table_.Find(*owner) == nullptr) return ResourceNotFound(*owner);
        if (entry != nullptr) return ResourceAlreadyExists(write.key);
        if (owner) needed_.insert(*owner);
        written_.insert(write.key);
        break;
      }
      case Write::Kind::kUpdate: {
        if (entry == nullptr) return ResourceNotFound(write.key);
        ResourceMeta& meta = write.items[0].made->meta;
        if (entry->resource->meta.version != meta.version) return ResourceConflict(write.key);
        meta.version += 1;
        meta.creation_time = entry->resource->meta.creation_time;
        written_.insert(write.key);
        break;
      }
      case Write::Kind::kDelete:
        if (entry == nullptr) return ResourceNotFound(write.key);
        write.deleted = table_.WithOwned(write.key);
        written_.insert(write.deleted.begin(), write.deleted.end());
        events_ += write.deleted.size() - 1;
        break;
      case Write::Kind::kImport:
        for (const Write::Item& item : write.items) {
          if (table_.Find(item.resource->meta.key) != nullptr) return ResourceAlreadyExists(item.resource->meta.key);
        }
        events_ += write.items.size() - 1;
        break;
    }
    ++events_;
    writes_.push_back(&write);
    return Ok();
  }

  const std::vector<Write*>& writes() const { return writes_; }
  uint64_t revision() const { return table_.revision() + events_; }  // after it

 private:
  const ResourceTable& table_;
  std::vector<Write*> writes_;
  std::set<ResourceKey> written_;
  std::set<ResourceKey> needed_;  // owners of what is created
  uint64_t events_ = 0;
};

Result<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::string& path, const Clock& clock) {
  KUMA_TRY_ASSIGN(FileLock lock, FileLock::Take(path));
  KUMA_TRY_ASSIGN(std::unique_ptr<Database> database, Database::Open(path, Database::Mode::kCreate));
  KUMA_TRY(CheckSchema(*database));
  KUMA_TRY(database->Execute(kPragmas));
  KUMA_TRY(MigrateSchema(*database));
  KUMA_TRY_ASSIGN(Contents contents, ReadContents(*database));
  if (!contents.bad.empty()) {
    const BadRow& row = contents.bad.front();
    return Invalid("the database has " + std::to_string(contents.bad.size()) + " resources that cannot be read, the first is " + row.key.type + " " + row.key.name + ": " +
                       row.reason + "; `kuma cp store check` lists them, `kuma cp store restore` puts a backup in the place of the file",
                   path);
  }
  KUMA_TRY_ASSIGN(RowWriter rows, RowWriter::Prepare(*database));
  std::unique_ptr<SqliteStore> store(new SqliteStore(clock, std::move(lock), std::move(database), std::move(rows)));
  for (ImportedResource& item : contents.resources) store->table_.Load(std::move(item.resource), std::move(item.owner));
  store->table_.set_revision(contents.revision);
  store->writer_ = std::thread([raw = store.get()] { raw->Run(); });
  return store;
}

SqliteStore::~SqliteStore() {
  {
    const std::lock_guard lock(queue_mutex_);
    stopping_ = true;
  }
  queue_changed_.notify_all();
  if (writer_.joinable()) writer_.join();
}

Result<ResourcePtr> SqliteStore::Get(const ResourceKey& key) {
  const std::shared_lock lock(table_mutex_);
  const TableEntry* entry = table_.Find(key);
  if (entry == nullptr) return ResourceNotFound(key);
  return entry->resource;
}

Result<std::vector<ResourcePtr>> SqliteStore::List(const std::string& type, const ListOptions& options) {
  const std::shared_lock lock(table_mutex_);
  return table_.List(type, options);
}

std::unique_ptr<Watch> SqliteStore::StartWatch(std::function<void()> wake) {
  const std::shared_lock lock(table_mutex_);
  return feed_.Add(table_.All(), std::move(wake));
}

std::vector<ImportedResource> SqliteStore::Export() {
  const std::shared_lock lock(table_mutex_);
  return table_.AllWithOwners();
}

Status SqliteStore::Submit(Write& write) {
  std::future<Status> done = write.done.get_future();
  bool first = false;  // the writer thread has been woken for those before
  {
    const std::lock_guard lock(queue_mutex_);
    if (stopping_) return Unavailable("the control plane is stopping");
    first = queue_.empty();
    queue_.push_back(&write);
  }
  if (first) queue_changed_.notify_one();
  return done.get();
}

Result<ResourcePtr> SqliteStore::Create(Resource resource, std::optional<ResourceKey> owner) {
  const SystemTime now = clock_.Now();
  resource.meta.version = 1;
  resource.meta.creation_time = now;
  resource.meta.modification_time = now;
  Write write;
  write.kind = Write::Kind::kCreate;
  write.key = resource.meta.key;
  RowText text = EncodeRow(resource);
  const auto made = std::make_shared<Resource>(std::move(resource));
  write.items.push_back({made, nullptr, std::move(text), std::move(owner)});
  KUMA_TRY(Submit(write));
  return ResourcePtr(made);
}

Result<ResourcePtr> SqliteStore::Update(Resource resource) {
  resource.meta.modification_time = clock_.Now();
  Write write;
  write.kind = Write::Kind::kUpdate;
  write.key = resource.meta.key;
  RowText text = EncodeRow(resource);
  const auto made = std::make_shared<Resource>(std::move(resource));
  write.items.push_back({made, nullptr, std::move(text), std::nullopt});
  KUMA_TRY(Submit(write));
  return ResourcePtr(made);
}

Status SqliteStore::Delete(const ResourceKey& key) {
  Write write;
  write.key = key;
  return Submit(write);
}

Status SqliteStore::Import(const std::vector<ImportedResource>& resources) {
  if (resources.empty()) return Ok();
  Write write;
  write.kind = Write::Kind::kImport;
  for (const ImportedResource& item : resources) write.items.push_back({nullptr, item.resource, EncodeRow(*item.resource), item.owner});
  return Submit(write);
}

Status SqliteStore::WriteHealth() const {
  const std::lock_guard lock(queue_mutex_);
  return write_health_;
}

SqliteStore::Stats SqliteStore::stats() const {
  const std::lock_guard lock(queue_mutex_);
  return stats_;
}

// The writer thread.
void SqliteStore::Run() {
  std::unique_lock lock(queue_mutex_);
  for (;;) {
    const auto ready = [this] { return stopping_ || !queue_.empty(); };
    if (write_health_.ok()) {
      queue_changed_.wait(lock, ready);
    } else if (!queue_changed_.wait_for(lock, kProbePause, ready)) {
      lock.unlock();
      Probe();
      lock.lock();
      continue;
    }
    if (queue_.empty()) return;
    std::deque<Write*> waiting = std::exchange(queue_, {});
    lock.unlock();
    while (!waiting.empty()) Commit(waiting);
    lock.lock();
  }
}

// Takes writes from the front and answers them.
void SqliteStore::Commit(std::deque<Write*>& waiting) {
  Batch batch(table_);
  while (!waiting.empty() && batch.Fits(*waiting.front())) {
    Write* write = waiting.front();
    waiting.pop_front();
    if (Status refused = batch.Add(*write); !refused.ok()) write->Answer(std::move(refused));
  }
  if (batch.writes().empty()) return;
  Status written = WriteBatch(batch);
  // Whatever it is, the write was not wrong.
  if (!written.ok() && written.error().code != ErrorCode::kUnavailable) written = Unavailable(written.error().message, written.error().path);
  {
    const std::lock_guard lock(queue_mutex_);
    stats_.writes += written.ok() ? batch.writes().size() : 0;
    ++(written.ok() ? stats_.commits : stats_.failures);
  }
  SetWriteHealth(written);
  if (!written.ok()) {
    database_->Rollback();
    for (Write* write : batch.writes()) write->Answer(written);
    return;
  }
  std::vector<std::function<void()>> wakes;
  {
    const std::unique_lock lock(table_mutex_);
    std::vector<Event> events;
    for (Write* write : batch.writes()) {
      switch (write->kind) {
        case Write::Kind::kCreate: events.push_back(table_.Insert(write->items[0].made, std::move(write->items[0].owner))); break;
        case Write::Kind::kUpdate: events.push_back(table_.Replace(write->items[0].made)); break;
        case Write::Kind::kDelete:
          for (Event& event : table_.Erase(write->key)) events.push_back(std::move(event));
          break;
        case Write::Kind::kImport:
          for (Write::Item& item : write->items) events.push_back(table_.Insert(item.resource, std::move(item.owner)));
          break;
      }
    }
    wakes = feed_.Publish(events);
  }
  for (const std::function<void()>& wake : wakes) wake();
  for (Write* write : batch.writes()) write->Answer(Ok());
}

Status SqliteStore::WriteBatch(const Batch& batch) {
  KUMA_TRY(database_->Execute("BEGIN IMMEDIATE"));
  for (const Write* write : batch.writes()) {
    switch (write->kind) {
      case Write::Kind::kCreate: KUMA_TRY(rows_.Insert(*write->items[0].made, write->items[0].text, write->items[0].owner)); break;
      case Write::Kind::kUpdate: KUMA_TRY(rows_.Update(*write->items[0].made, write->items[0].text)); break;
      case Write::Kind::kDelete:
        for (const ResourceKey& key : write->deleted) KUMA_TRY(rows_.Delete(key));
        break;
      case Write::Kind::kImport:
        for (const Write::Item& item : write->items) KUMA_TRY(rows_.Insert(*item.resource, item.text, item.owner));
        break;
    }
  }
  KUMA_TRY(rows_.SetRevision(batch.revision()));
  return database_->Execute("COMMIT");
}

// Finds out whether the file can be written again when nobody writes.
void SqliteStore::Probe() {
  Status written = database_->Execute("BEGIN IMMEDIATE");
  if (written.ok()) written = rows_.SetRevision(table_.revision());
  if (written.ok()) written = database_->Execute("COMMIT");
  database_->Rollback();
  SetWriteHealth(std::move(written));
}

void SqliteStore::SetWriteHealth(Status health) {
  bool was_ok = false;
  {
    const std::lock_guard lock(queue_mutex_);
    was_ok = write_health_.ok();
    write_health_ = health;
    stats_.writable = health.ok() ? 1 : 0;
  }
  if (was_ok && !health.ok()) log_.Error("writes fail", {{"error", health.error().ToString()}});
  if (!was_ok && health.ok()) log_.Info("writes work again");
}

}  // namespace kuma::store::sqlite
