#include "pkg/store/postgres/migrations.h"

#include <algorithm>
#include <array>
#include <optional>

#include "pkg/base/log.h"
#include "pkg/store/postgres/connection.h"
#include "pkg/store/postgres/session.h"

namespace kuma::store::postgres {
namespace {

struct Step {
  int64_t version;
  const char* sql;
};

// Versions are those of Kuma's own migrations, so that either program continues where the other one stopped. Every step must also
// work on rows that an old Kuma has written.
constexpr std::array<Step, 11> kSteps = {{
    {1579518998, R"(
CREATE TABLE IF NOT EXISTS resources (
  name varchar(100) NOT NULL,
  namespace varchar(100) NOT NULL,
  mesh varchar(100) NOT NULL,
  type varchar(100) NOT NULL,
  version integer NOT NULL,
  spec text,
  CONSTRAINT resources_pkey PRIMARY KEY (name, namespace, mesh, type)
))"},
    {1580128050, R"(
ALTER TABLE resources
  ADD COLUMN creation_time timestamp NOT NULL DEFAULT now(),
  ADD COLUMN modification_time timestamp NOT NULL DEFAULT now())"},
    // Namespaces go; ownership comes: everything but a mesh is owned by its mesh. Insights are made anew by the proxies.
    {1589041445, R"(
ALTER TABLE resources DROP CONSTRAINT resources_pkey;
ALTER TABLE resources DROP COLUMN namespace;
ALTER TABLE resources ADD CONSTRAINT resources_pkey PRIMARY KEY (name, mesh, type);
ALTER TABLE resources
  ADD COLUMN owner_name varchar(100),
  ADD COLUMN owner_mesh varchar(100),
  ADD COLUMN owner_type varchar(100);
ALTER TABLE resources ADD CONSTRAINT owner_fk
  FOREIGN KEY (owner_name, owner_mesh, owner_type) REFERENCES resources (name, mesh, type) ON DELETE CASCADE;
DELETE FROM resources WHERE type = 'DataplaneInsight';
UPDATE resources AS owned SET owner_name = mesh.name, owner_mesh = mesh.mesh, owner_type = mesh.type
  FROM resources AS mesh WHERE mesh.type = 'Mesh' AND mesh.name = owned.mesh AND owned.type <> 'Mesh';
DELETE FROM resources WHERE type <> 'Mesh' AND owner_type IS NULL)"},
    {1592232449, R"(
CREATE TABLE locks (
  name varchar(255) CONSTRAINT locks_pkey PRIMARY KEY,
  record_version_number bigint,
  data bytea,
  owner varchar(255)
);
CREATE SEQUENCE locks_rvn OWNED BY locks.record_version_number)"},
    // Global resources have no mesh; the reference is taken off while both of its sides change.
    {1604501001, R"(
ALTER TABLE resources DROP CONSTRAINT owner_fk;
UPDATE resources SET mesh = '' WHERE type IN ('Mesh', 'Zone');
UPDATE resources SET owner_mesh = '' WHERE owner_type IN ('Mesh', 'Zone');
ALTER TABLE resources ADD CONSTRAINT owner_fk
  FOREIGN KEY (owner_name, owner_mesh, owner_type) REFERENCES resources (name, mesh, type) ON DELETE CASCADE)"},
    // The function is written by the next step; a trigger needs one to exist.
    {1605012491, R"(
CREATE OR REPLACE FUNCTION notify_event() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END;';
CREATE TRIGGER products_notify_event AFTER INSERT OR DELETE OR UPDATE ON resources FOR EACH ROW EXECUTE FUNCTION notify_event())"},
    {1610445956, R"(
CREATE OR REPLACE FUNCTION notify_event() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
  changed record;
BEGIN
  IF TG_OP = 'DELETE' THEN
    changed := OLD;
  ELSE
    changed := NEW;
  END IF;
  PERFORM pg_notify('resource_events', json_build_object(
    'action', TG_OP,
    'data', json_build_object('name', changed.name, 'mesh', changed.mesh, 'type', changed.type))::text);
  RETURN NULL;
END;
$body$)"},
    {1677096751, "ALTER TABLE resources ALTER COLUMN name TYPE varchar(253)"},
    {1693473198, "CREATE INDEX IF NOT EXISTS owner_fk_index ON resources (owner_type, owner_mesh, owner_name)"},
    {1701180642, "ALTER TABLE resources ADD COLUMN labels jsonb DEFAULT '{}'::jsonb"},
    {kNewestSchema, "ALTER TABLE resources ADD COLUMN status jsonb NOT NULL DEFAULT '{}'::jsonb"},
}};

constexpr std::chrono::milliseconds kPatience{std::chrono::hours(1)};  // an index over many rows takes its time

constexpr Statement kTableExists{"table_exists", "SELECT to_regclass('schema_migrations') IS NOT NULL"};
constexpr Statement kVersion{"schema_version", "SELECT version, dirty FROM schema_migrations LIMIT 1"};
constexpr Statement kSetVersion{"set_schema_version", "INSERT INTO schema_migrations (version, dirty) VALUES ($1::bigint, false)"};
constexpr Statement kNames{"names", "SELECT current_database(), current_schema()"};
constexpr Statement kLock{"lock", "SELECT pg_advisory_lock($1::bigint)"};

struct Found {
  std::optional<int64_t> version;  // nullopt: nothing was migrated yet
  bool dirty = false;
};

Result<Rows> Ask(Connection& connection, const Statement& statement, const std::vector<Param>& params = {}) {
  std::optional<Rows> rows;
  if (std::optional<Failure> failure = connection.Run(statement, params, kPatience, &rows)) return std::move(failure->error);
  return *std::move(rows);
}

Result<Found> ReadVersion(Connection& connection) {
  KUMA_TRY_ASSIGN(const Rows exists, Ask(connection, kTableExists));
  Found found;
  if (!exists.Bool(0, 0)) return found;
  KUMA_TRY_ASSIGN(const Rows rows, Ask(connection, kVersion));
  if (rows.count() == 0) return found;
  found.version = rows.Int(0, 0);
  found.dirty = rows.Bool(0, 1);
  return found;
}

// The advisory lock that Kuma's migration library takes for this database: its CRC-32 of the names, times a salt.
int64_t LockId(const std::string& database, const std::string& schema) {
  std::string text = schema;
  text += '\0';
  text += "schema_migrations";
  text += '\0';
  text += database;
  uint32_t crc = 0xffffffffU;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
  }
  return static_cast<int64_t>(static_cast<uint32_t>(~crc * 1486364155U));
}

Error Dirty(int64_t version) {
  return Invalid("the database's migration " + std::to_string(version) +
                 " has begun and not ended (schema_migrations.dirty is true): if none is running now, it failed; restore a backup or finish it by hand, "
                 "set dirty to false and try again");
}

Error Newer(int64_t version) {
  return Invalid("the database's schema has version " + std::to_string(version) + ", which is newer than version " + std::to_string(kNewestSchema) +
                 " of this Kuma; run a newer version of Kuma, or set store.postgres.tolerateNewerDBVersions when the newer schema is known to be compatible");
}

Options WithoutStatementTimeout(Options options) {
  options.statement_timeout = std::chrono::milliseconds(0);
  return options;
}

}  // namespace

Result<Migrated> Migrate(const Options& options) {
  KUMA_TRY_ASSIGN(const std::unique_ptr<Connection> connection, Connection::Open(WithoutStatementTimeout(options)));
  KUMA_TRY(CheckSession(*connection, options));
  KUMA_TRY_ASSIGN(const Rows names, Ask(*connection, kNames));
  // Held until the connection closes.
  KUMA_TRY_ASSIGN(const Rows locked, Ask(*connection, kLock, {std::to_string(LockId(std::string(names.Text(0, 0)), std::string(names.Text(0, 1))))}));
  KUMA_TRY_ASSIGN(const Found found, ReadVersion(*connection));
  if (found.dirty) return Dirty(*found.version);
  const int64_t from = found.version.value_or(0);
  if (from == kNewestSchema) return Migrated{from, false};
  if (from > kNewestSchema) {
    if (options.tolerate_newer_schema) return Migrated{from, false};
    return Newer(from);
  }
  const bool known = from == 0 || std::any_of(kSteps.begin(), kSteps.end(), [from](const Step& step) { return step.version == from; });
  if (!known) return Invalid("the database's schema has version " + std::to_string(from) + ", which no version of Kuma has made; is it the right database?");
  KUMA_TRY(connection->Execute("CREATE TABLE IF NOT EXISTS schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)", kPatience));
  const Logger log{"postgres-migrate"};
  for (const Step& step : kSteps) {
    if (step.version <= from) continue;
    KUMA_TRY(connection->Execute("BEGIN", kPatience));
    const Status done = [&]() -> Status {
      KUMA_TRY(connection->Execute(step.sql, kPatience));
      KUMA_TRY(connection->Execute("TRUNCATE schema_migrations", kPatience));
      KUMA_TRY_ASSIGN(const Rows set, Ask(*connection, kSetVersion, {std::to_string(step.version)}));
      return connection->Execute("COMMIT", kPatience);
    }();
    if (!done.ok()) {
      Error error = done.error();
      error.message = "migration " + std::to_string(step.version) + " failed and was undone: " + error.message;
      return error;
    }
    log.Info("migrated", {{"version", step.version}});
  }
  return Migrated{kNewestSchema, true};
}

Status CheckSchema(const Options& options) {
  KUMA_TRY_ASSIGN(const std::unique_ptr<Connection> connection, Connection::Open(options));
  KUMA_TRY(CheckSession(*connection, options));
  KUMA_TRY_ASSIGN(const Found found, ReadVersion(*connection));
  if (!found.version) return Invalid("the database has no schema yet: run `kuma-cp migrate up` with the same configuration, then start again");
  if (found.dirty) return Dirty(*found.version);
  if (*found.version < kNewestSchema) {
    return Invalid("the database's schema has version " + std::to_string(*found.version) + ", and this Kuma needs version " + std::to_string(kNewestSchema) +
                   ": run `kuma-cp migrate up` with the same configuration, then start again");
  }
  if (*found.version > kNewestSchema && !options.tolerate_newer_schema) return Newer(*found.version);
  return Ok();
}

}  // namespace kuma::store::postgres
