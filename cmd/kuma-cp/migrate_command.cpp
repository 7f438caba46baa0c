#include "cmd/kuma-cp/migrate_command.h"

#include "cmd/kuma-cp/postgres_wiring.h"
#include "pkg/base/version.h"
#include "pkg/config/command.h"
#include "pkg/config/options.h"
#include "pkg/store/postgres/migrations.h"

namespace kuma::cp {
namespace {

int MigrateUp(const cli::Invocation& invocation) {
  Result<config::Loaded> loaded = config::LoadFor(invocation, config::ControlPlaneTable(), config::LoadControlPlane, config::ProcessEnvironment());
  if (!loaded.ok()) {
    invocation.err() << "Error: the configuration is not valid:\n" << loaded.error().ToString() << "\n";
    return cli::kUsageError;
  }
  const std::string type = loaded->config.GetString("store.type");
  if (type != "postgres") {
    invocation.err() << "Error: the store \"" << type << "\" needs no migration by hand; this command is for store.type postgres (KUMA_STORE_TYPE=postgres)\n";
    return 1;
  }
  const Result<store::postgres::Options> options = PostgresOptionsOf(loaded->config);
  const Result<store::postgres::Migrated> migrated = options.ok() ? store::postgres::Migrate(*options) : Result<store::postgres::Migrated>(options.error());
  if (!migrated.ok()) {
    invocation.err() << "Error: " << migrated.error().ToString() << "\n";
    return 1;
  }
  invocation.out() << (migrated->changed ? "DB has been migrated for Kuma " : "DB has already been migrated for Kuma ") << GetBuildInfo().version << "\n";
  return 0;
}

}  // namespace

cli::Command MakeMigrateCommand() {
  cli::Command up;
  up.name = "up";
  up.summary = "Apply the newest schema changes to the database";
  up.help =
      "Creates the tables in an empty database, or brings those of an older Kuma up to date; rows are kept. Run it once before the control\n"
      "planes of a new version start. The database is the one of store.postgres.* in the configuration.";
  up.example = "KUMA_STORE_TYPE=postgres KUMA_STORE_POSTGRES_HOST=db.example.com kuma-cp migrate up\nkuma-cp migrate up --config-file kuma.yaml";
  up.flags = {config::ConfigFileFlag()};
  up.run = MigrateUp;
  cli::Command command;
  command.name = "migrate";
  command.summary = "Bring the database's schema up to date";
  command.children = {std::move(up)};
  return command;
}

}  // namespace kuma::cp
