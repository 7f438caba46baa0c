#include "pkg/store/sqlite/schema.h"

#include <iterator>

namespace kuma::store::sqlite {
namespace {

constexpr int64_t kApplicationId = 0x6b756d61;  // "kuma"

// Step i leads from version i to i + 1. A released step is never changed.
constexpr const char* kMigrations[] = {
    R"sql(
      CREATE TABLE resources (
        type TEXT NOT NULL, mesh TEXT NOT NULL, name TEXT NOT NULL,
        version INTEGER NOT NULL, created INTEGER NOT NULL, modified INTEGER NOT NULL,
        owner_type TEXT, owner_mesh TEXT, owner_name TEXT,
        labels TEXT NOT NULL, spec TEXT NOT NULL, status TEXT,
        UNIQUE (type, mesh, name)
      ) STRICT;
      CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL) STRICT;
      INSERT INTO state (id, revision) VALUES (1, 0);
    )sql",
};
static_assert(std::size(kMigrations) == kSchemaVersion);

}  // namespace

Result<int64_t> CheckSchema(Database& database) {
  KUMA_TRY_ASSIGN(const int64_t version, database.Number("PRAGMA user_version"));
  KUMA_TRY_ASSIGN(const int64_t application, database.Number("PRAGMA application_id"));
  KUMA_TRY_ASSIGN(const int64_t objects, database.Number("SELECT count(*) FROM sqlite_schema"));
  if (application != kApplicationId && objects > 0) return Invalid("this is a database of another program; give kuma a file of its own (store.sqlite.path)", database.path());
  if (version > kSchemaVersion) {
    return Invalid("the database was written by a newer kuma (schema " + std::to_string(version) + ", this one knows up to " + std::to_string(kSchemaVersion) +
                       "); start that version, or restore a backup of the time before it (`kuma cp store restore`)",
                   database.path());
  }
  return version;
}

Status MigrateSchema(Database& database) {
  KUMA_TRY_ASSIGN(int64_t version, CheckSchema(database));
  for (; version < kSchemaVersion; ++version) {
    const std::string sql = std::string("BEGIN IMMEDIATE;") + kMigrations[version] + "PRAGMA application_id = " + std::to_string(kApplicationId) +
                            "; PRAGMA user_version = " + std::to_string(version + 1) + "; COMMIT";
    if (const Status done = database.Execute(sql.c_str()); !done.ok()) {
      database.Rollback();
      return done;
    }
  }
  return Ok();
}

}  // namespace kuma::store::sqlite
