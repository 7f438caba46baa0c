#include "pkg/store/postgres/migrations.h"

#include <catch2/catch.hpp>
#include <future>

#include "tests/support/postgres_server.h"

namespace kuma::store::postgres {
namespace {

using test::PostgresServer;

std::string Columns(PostgresServer& server, const std::string& database, const std::string& table) {
  return server.Sql(database,
                    "SELECT column_name || ' ' || udt_name || coalesce('(' || character_maximum_length || ')', '') || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END"
                    " || coalesce(' ' || column_default, '') FROM information_schema.columns WHERE table_name = '" +
                        table + "' ORDER BY ordinal_position");
}

}  // namespace

TEST_CASE("migrate up gives the schema that all versions share") {
  PostgresServer& server = PostgresServer::Shared();
  const Options options = server.NewDatabase();
  const Status before = CheckSchema(options);
  REQUIRE_FALSE(before.ok());
  CHECK_THAT(before.error().message, Catch::Contains("kuma-cp migrate up"));

  Result<Migrated> migrated = Migrate(options);
  REQUIRE(migrated.ok());
  CHECK(migrated->changed);
  CHECK(CheckSchema(options).ok());
  migrated = Migrate(options);
  REQUIRE(migrated.ok());
  CHECK_FALSE(migrated->changed);

  const std::string& db = options.database;
  CHECK(server.Sql(db, "SELECT version, dirty FROM schema_migrations") == "1710856785|f");
  CHECK(Columns(server, db, "resources") ==
        "name varchar(253) not null\nmesh varchar(100) not null\ntype varchar(100) not null\nversion int4 not null\nspec text\n"
        "creation_time timestamp not null now()\nmodification_time timestamp not null now()\nowner_name varchar(100)\nowner_mesh varchar(100)\n"
        "owner_type varchar(100)\nlabels jsonb '{}'::jsonb\nstatus jsonb not null '{}'::jsonb");
  CHECK(Columns(server, db, "locks") == "name varchar(255) not null\nrecord_version_number int8\ndata bytea\nowner varchar(255)");
  CHECK(server.Sql(db, "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY conname") ==
        "locks_pkey|PRIMARY KEY (name)\n"
        "owner_fk|FOREIGN KEY (owner_name, owner_mesh, owner_type) REFERENCES resources(name, mesh, type) ON DELETE CASCADE\n"
        "resources_pkey|PRIMARY KEY (name, mesh, type)\n"
        "schema_migrations_pkey|PRIMARY KEY (version)");
  CHECK(server.Sql(db, "SELECT indexdef FROM pg_indexes WHERE indexname = 'owner_fk_index'") ==
        "CREATE INDEX owner_fk_index ON public.resources USING btree (owner_type, owner_mesh, owner_name)");
  CHECK(server.Sql(db, "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'products_notify_event'") ==
        "CREATE TRIGGER products_notify_event AFTER INSERT OR DELETE OR UPDATE ON public.resources FOR EACH ROW EXECUTE FUNCTION notify_event()");
}

TEST_CASE("rows of an old schema are kept") {
  PostgresServer& server = PostgresServer::Shared();
  const Options options = server.NewDatabase();
  const std::string& db = options.database;
  server.Sql(db, "SET ROLE kuma; CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);"
                 "INSERT INTO schema_migrations VALUES (1580128050, false);"
                 "CREATE TABLE resources (name varchar(100) NOT NULL, namespace varchar(100) NOT NULL, mesh varchar(100) NOT NULL, type varchar(100) NOT NULL,"
                 " version integer NOT NULL, spec text, creation_time timestamp NOT NULL DEFAULT now(), modification_time timestamp NOT NULL DEFAULT now(),"
                 " PRIMARY KEY (name, namespace, mesh, type));"
                 "INSERT INTO resources VALUES ('m', 'default', 'm', 'Mesh', 1, '{}'), ('d', 'default', 'm', 'Dataplane', 2, '{}'),"
                 " ('d', 'default', 'm', 'DataplaneInsight', 2, '{}'), ('lost', 'default', 'gone', 'Dataplane', 0, '{}')");
  const Status status = CheckSchema(options);
  REQUIRE_FALSE(status.ok());
  CHECK_THAT(status.error().message, Catch::Contains("version 1580128050") && Catch::Contains("1710856785") && Catch::Contains("migrate up"));
  const Result<Migrated> migrated = Migrate(options);
  if (!migrated.ok()) FAIL(migrated.error().ToString());
  CHECK(server.Sql(db, "SELECT name, mesh, type, version, owner_name, owner_mesh, owner_type, labels, status FROM resources ORDER BY name") ==
        "d|m|Dataplane|2|m||Mesh|{}|{}\nm||Mesh|1||||{}|{}");
}

TEST_CASE("schemas that this program must not touch") {
  PostgresServer& server = PostgresServer::Shared();
  struct Row {
    const char* what;
    const char* record;
    bool tolerate;
    const char* check_says;    // null: fine
    const char* migrate_says;  // null: fine
  };
  const Row rows[] = {
      {"newer", "1999999999, false", false, "version 1999999999, which is newer", "version 1999999999, which is newer"},
      {"newer and tolerated", "1999999999, false", true, nullptr, nullptr},
      {"newer, tolerated, unfinished", "1999999999, true", true, "dirty", "dirty"},
      {"unfinished", "1710856785, true", false, "dirty", "dirty"},
      {"of another program", "42, false", false, "version 42", "which no version of Kuma has made"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Options options = server.NewDatabase();
    server.Sql(options.database, std::string("SET ROLE kuma; CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);"
                                             "INSERT INTO schema_migrations VALUES (") + row.record + ")");
    options.tolerate_newer_schema = row.tolerate;
    const Status check = CheckSchema(options);
    CHECK(check.ok() == (row.check_says == nullptr));
    if (row.check_says != nullptr && !check.ok()) CHECK_THAT(check.error().message, Catch::Contains(row.check_says));
    const Result<Migrated> migrated = Migrate(options);
    CHECK(migrated.ok() == (row.migrate_says == nullptr));
    if (row.migrate_says != nullptr && !migrated.ok()) CHECK_THAT(migrated.error().message, Catch::Contains(row.migrate_says));
  }
}

TEST_CASE("several that migrate at once wait for each other") {
  const Options options = PostgresServer::Shared().NewDatabase();
  std::vector<std::future<Result<Migrated>>> runs;
  for (int i = 0; i < 4; ++i) runs.push_back(std::async(std::launch::async, [&options] { return Migrate(options); }));
  int changed = 0;
  for (auto& run : runs) {
    const Result<Migrated> migrated = run.get();
    if (!migrated.ok()) FAIL(migrated.error().ToString());
    changed += migrated->changed ? 1 : 0;
  }
  CHECK(changed == 1);
}

}  // namespace kuma::store::postgres
