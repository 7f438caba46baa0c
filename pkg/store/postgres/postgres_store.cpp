#include "pkg/store/postgres/postgres_store.h"

#include <algorithm>

#include "pkg/store/postgres/migrations.h"
#include "pkg/store/postgres/table.h"
#include "pkg/store/resource_table.h"

namespace kuma::store::postgres {
namespace {

constexpr const char* kUniqueViolation = "23505";
constexpr const char* kForeignKeyViolation = "23503";
constexpr std::chrono::milliseconds kStartPause{250};

}  // namespace

PostgresStore::PostgresStore(const Options& options, const Clock& clock, Random& random)
    : clock_(clock),
      primary_(options, random),
      replica_(options.replica_host.empty() ? nullptr : std::make_unique<Pool>(ReplicaOf(options), random)),
      combiner_(primary_),
      reader_(mirror_, primary_, replica_.get(), random),
      listener_(options, mirror_, reader_, primary_) {}

PostgresStore::~PostgresStore() = default;

Result<std::unique_ptr<PostgresStore>> PostgresStore::Open(const Options& options, const Clock& clock, Random& random) {
  const MonotonicTime deadline = RealClock().Monotonic() + options.connect_timeout;
  for (;;) {
    const Status schema = CheckSchema(options);
    if (schema.ok()) break;
    if (schema.error().code != ErrorCode::kUnavailable || RealClock().Monotonic() >= deadline) return schema.error();
    std::this_thread::sleep_for(kStartPause);
  }
  std::unique_ptr<PostgresStore> store(new PostgresStore(options, clock, random));
  KUMA_TRY(store->listener_.Start(std::max<std::chrono::nanoseconds>(options.connect_timeout, std::chrono::minutes(1))));
  return store;
}

void PostgresStore::LookAgain(const std::vector<ResourceKey>& keys) {
  if (keys.empty()) return;
  if (!reader_.FetchFromPrimary(keys).ok()) listener_.LookAt(keys);
}

Error PostgresStore::Report(Failure failure) {
  if (failure.connection_lost) listener_.CheckNow();
  return std::move(failure.error);
}

Result<ResourcePtr> PostgresStore::Get(const ResourceKey& key) {
  if (ResourcePtr known = mirror_.Find(key)) return known;
  // Another process may have made it a moment ago.
  KUMA_TRY(reader_.FetchFromPrimary({key}));
  if (ResourcePtr known = mirror_.Find(key)) return known;
  return ResourceNotFound(key);
}

Result<std::vector<ResourcePtr>> PostgresStore::List(const std::string& type, const ListOptions& options) { return mirror_.List(type, options); }

Result<ResourcePtr> PostgresStore::Create(Resource resource, std::optional<ResourceKey> owner) {
  const SystemTime now = ToColumnPrecision(clock_.Now());
  resource.meta.version = 1;
  resource.meta.creation_time = now;
  resource.meta.modification_time = now;
  const ResourceKey& key = resource.meta.key;
  const Mirror::Operation operation(mirror_);
  RowWrite write{RowWrite::Kind::kInsert, resource, owner};
  combiner_.Run(write);
  if (write.failure) {
    if (write.failure->sqlstate == kForeignKeyViolation && owner) {
      LookAgain({*owner});
      return ResourceNotFound(*owner);
    }
    return Report(*std::move(write.failure));
  }
  if (!write.applied) {
    LookAgain({key});  // the caller reads next what made it fail
    return ResourceAlreadyExists(key);
  }
  const ResourcePtr stored = std::make_shared<const Resource>(std::move(resource));
  LookAgain(mirror_.ApplyCreate(operation.ticket(), stored, owner));
  return stored;
}

Result<ResourcePtr> PostgresStore::Update(Resource resource) {
  resource.meta.modification_time = ToColumnPrecision(clock_.Now());
  const ResourceKey& key = resource.meta.key;
  const Mirror::Operation operation(mirror_);
  RowWrite write{RowWrite::Kind::kUpdate, resource, std::nullopt};
  combiner_.Run(write);
  if (write.failure) return Report(*std::move(write.failure));
  if (!write.applied) {
    KUMA_TRY(reader_.FetchFromPrimary({key}));
    if (mirror_.Find(key) == nullptr) return ResourceNotFound(key);
    return ResourceConflict(key);
  }
  resource.meta.version += 1;
  resource.meta.creation_time = write.created;
  const ResourcePtr stored = std::make_shared<const Resource>(std::move(resource));
  LookAgain(mirror_.ApplyUpdate(operation.ticket(), stored));
  return stored;
}

Status PostgresStore::Delete(const ResourceKey& key) {
  const Mirror::Operation operation(mirror_);
  std::optional<Rows> rows;
  if (std::optional<Failure> failure = primary_.Run(Pool::Kind::kWrite, key.type == "Mesh" ? kDeleteMesh : kDeleteRow, DeleteParams(key), &rows)) {
    return Report(*std::move(failure));
  }
  std::vector<ResourceKey> keys = ParseKeys(*rows);
  const bool deleted = std::find(keys.begin(), keys.end(), key) != keys.end();
  if (!deleted) keys.push_back(key);  // gone before, which the mirror may not know yet
  LookAgain(mirror_.ApplyDelete(operation.ticket(), keys));
  return deleted ? Ok() : Status(ResourceNotFound(key));
}

std::unique_ptr<Watch> PostgresStore::StartWatch(std::function<void()> wake) { return mirror_.StartWatch(std::move(wake)); }

Status PostgresStore::Import(const std::vector<ImportedResource>& resources) {
  const Mirror::Operation operation(mirror_);
  if (std::optional<Failure> failure = primary_.Run(Pool::Kind::kWrite, kImportRows, ImportParams(resources), nullptr)) {
    if (failure->sqlstate != kUniqueViolation) return Report(*std::move(failure));
    for (const ImportedResource& item : resources) {
      if (Get(item.resource->meta.key).ok()) return ResourceAlreadyExists(item.resource->meta.key);
    }
    return std::move(failure->error);
  }
  for (const ImportedResource& item : resources) {
    auto stored = std::make_shared<Resource>(*item.resource);
    stored->meta.creation_time = ToColumnPrecision(stored->meta.creation_time);
    stored->meta.modification_time = ToColumnPrecision(stored->meta.modification_time);
    LookAgain(mirror_.ApplyCreate(operation.ticket(), std::move(stored), item.owner));
  }
  return Ok();
}

Status PostgresStore::Health() { return listener_.health(); }

}  // namespace kuma::store::postgres
