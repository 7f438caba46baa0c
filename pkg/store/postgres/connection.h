// One connection to a PostgreSQL server: prepared statements with parameters, a deadline for each, notifications. The only place
// that talks to libpq. Not thread-safe; whoever holds it uses it alone.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/base/result.h"
#include "pkg/store/postgres/options.h"

struct pg_conn;
struct pg_result;

namespace kuma::store::postgres {

// A constant of the program; prepared once for each connection under its name.
struct Statement {
  const char* name;
  const char* sql;
};

using Param = std::optional<std::string>;  // nullopt: NULL

class Rows {
 public:
  explicit Rows(pg_result* result) : result_(result) {}
  ~Rows();
  Rows(Rows&& other) noexcept : result_(std::exchange(other.result_, nullptr)) {}
  Rows& operator=(Rows&&) = delete;

  int count() const;
  bool IsNull(int row, int column) const;
  std::string_view Text(int row, int column) const;  // "" for NULL
  int64_t Int(int row, int column) const;            // 0 for NULL
  bool Bool(int row, int column) const;
  uint64_t affected() const;  // by INSERT, UPDATE, DELETE

 private:
  pg_result* result_;
};

// What a caller branches on when a statement fails.
struct Failure {
  Error error;
  std::string sqlstate;      // empty: no answer from the server
  bool maybe_done = false;   // the statement was sent and its fate is unknown
  bool connection_lost = false;
};

class Connection {
 public:
  // Logs in within options.connect_timeout. kUnavailable with the server's reason.
  static Result<std::unique_ptr<Connection>> Open(const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;

  // Waits for the answer until `timeout`; a statement that takes longer makes the connection unusable.
  std::optional<Failure> Run(const Statement& statement, const std::vector<Param>& params, std::chrono::milliseconds timeout, std::optional<Rows>* rows);
  // Statements without parameters, several at once if separated by ";". Never with text from outside.
  Status Execute(const char* sql, std::chrono::milliseconds timeout);
  Result<Rows> Query(const char* sql, std::chrono::milliseconds timeout);

  // Payloads that have arrived; kUnavailable when the connection ended.
  Result<std::vector<std::string>> TakeNotifications();
  int fd() const;
  // Looks at the socket without waiting: false when the server has closed it.
  bool Alive();
  bool usable() const { return usable_; }
  int server_version() const;
  int announced_pid() const;  // of the server's process, as it was said at the login; poolers make one up

  MonotonicTime opened_at{};
  MonotonicTime idle_since{};
  std::chrono::nanoseconds lifetime{};

 private:
  explicit Connection(pg_conn* conn) : conn_(conn) {}
  std::optional<Failure> Await(std::chrono::milliseconds timeout, pg_result** result);
  Failure Lost(const std::string& what, bool maybe_done);

  pg_conn* conn_;
  bool usable_ = true;
  std::set<const Statement*> prepared_;
};

}  // namespace kuma::store::postgres
