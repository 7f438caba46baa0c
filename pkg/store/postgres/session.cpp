#include "pkg/store/postgres/session.h"

#include <algorithm>

namespace kuma::store::postgres {
namespace {

constexpr int kRounds = 4;

Result<int64_t> ProcessOf(Connection& connection, const Options& options) {
  // Not prepared: that is what would fail.
  KUMA_TRY_ASSIGN(const Rows rows, connection.Query("SELECT pg_backend_pid()", std::max(options.connect_timeout, std::chrono::seconds(1))));
  return rows.Int(0, 0);
}

Error NoSession(const Options& options) {
  return Invalid("PostgreSQL at " + AddressOf(options) +
                 " is behind a connection pooler that gives every transaction another session (PgBouncer: pool_mode = transaction or statement); change events (LISTEN), "
                 "prepared statements and locks need one that stays: set pool_mode = session for the database \"" +
                 options.database + "\", or let store.postgres.host and store.postgres.port name PostgreSQL itself, for which Kuma keeps a pool of its own "
                 "(store.postgres.maxOpenConnections)");
}

}  // namespace

Status CheckSession(Connection& connection, const Options& options) {
  KUMA_TRY_ASSIGN(const int64_t mine, ProcessOf(connection, options));
  if (mine == connection.announced_pid()) return Ok();
  // A pooler. Two connections that take turns tell how it works: each has a process of its own all the time, or they share.
  KUMA_TRY_ASSIGN(const std::unique_ptr<Connection> other, Connection::Open(options));
  KUMA_TRY_ASSIGN(const int64_t theirs, ProcessOf(*other, options));
  for (int round = 0; round < kRounds; ++round) {
    KUMA_TRY_ASSIGN(const int64_t mine_now, ProcessOf(connection, options));
    KUMA_TRY_ASSIGN(const int64_t theirs_now, ProcessOf(*other, options));
    if (mine == theirs || mine_now != mine || theirs_now != theirs) return NoSession(options);
  }
  return Ok();
}

}  // namespace kuma::store::postgres
