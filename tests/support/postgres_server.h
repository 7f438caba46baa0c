// A real PostgreSQL server of the test's own: in a temporary folder, on a free port, gone with the object (and with the process).
// Needs initdb and postgres in PATH or in a usual place; a test without them fails and says what to install.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/store/postgres/options.h"

namespace kuma::test {

class PostgresServer {
 public:
  // `settings`: lines for postgresql.conf; `hba`: lines that come first in pg_hba.conf. `durable`: fsync as in production.
  static Result<std::unique_ptr<PostgresServer>> Start(std::vector<std::string> settings = {}, std::vector<std::string> hba = {}, bool durable = false);
  ~PostgresServer();

  // A streaming copy of this server, which must have been started with ReplicationRules().
  Result<std::unique_ptr<PostgresServer>> StartReplica() const;
  static std::vector<std::string> ReplicationRules();

  // One for all tests of a process.
  static PostgresServer& Shared();

  // To log in as the owner of a new, empty database.
  store::postgres::Options NewDatabase();
  // The same with the schema in it.
  store::postgres::Options NewMigratedDatabase();
  store::postgres::Options OptionsOf(const std::string& database) const;
  // SQL as the superuser, for what tests do behind the store's back. Rows by line, columns by "|".
  std::string Sql(const std::string& database, const std::string& sql) const;

  void Kill();     // kill -9 of the whole server
  Status Resume();  // starts it again on the same data and port
  const std::string& folder() const { return folder_; }
  int port() const { return port_; }

 private:
  PostgresServer() = default;
  static Result<std::unique_ptr<PostgresServer>> Prepare();
  Status WriteFiles(const std::vector<std::string>& settings, const std::vector<std::string>& hba, bool durable) const;
  Status Launch();

  std::string bin_, folder_;
  int port_ = 0;
  pid_t pid_ = -1;
  int databases_ = 0;
};

}  // namespace kuma::test
