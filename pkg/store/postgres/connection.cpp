#include "pkg/store/postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cstdlib>

#include "pkg/base/strings.h"

namespace kuma::store::postgres {
namespace {

using std::chrono::milliseconds;

// libpq's messages have several lines and end with a newline.
std::string OneLine(const char* message) {
  std::string text(Trim(message != nullptr ? message : ""));
  text = ReplaceAll(std::move(text), "\n\t", " ");
  return ReplaceAll(std::move(text), "\n", "; ");
}

int LeftMs(MonotonicTime deadline) {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - RealClock().Monotonic()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 3600 * 1000));
}

ErrorCode CodeOf(std::string_view sqlstate) {
  const std::string_view group = sqlstate.substr(0, 2);
  if (sqlstate == "25006") return ErrorCode::kUnavailable;  // a standby: the primary moved
  for (const std::string_view unavailable : {"08", "53", "57", "58", "40", "55"}) {
    if (group == unavailable) return ErrorCode::kUnavailable;
  }
  if (group == "22") return ErrorCode::kInvalid;  // a value that the column cannot hold
  return ErrorCode::kInternal;
}

std::optional<Failure> FailureOf(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return std::nullopt;
  Failure failure;
  const char* sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (sqlstate != nullptr) failure.sqlstate = sqlstate;
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string message = OneLine(primary != nullptr ? primary : PQresultErrorMessage(result));
  failure.error = MakeError(failure.sqlstate.empty() ? ErrorCode::kUnavailable : CodeOf(failure.sqlstate), "PostgreSQL: " + message);
  return failure;
}

}  // namespace

Rows::~Rows() { PQclear(result_); }
int Rows::count() const { return PQntuples(result_); }
bool Rows::IsNull(int row, int column) const { return PQgetisnull(result_, row, column) != 0; }
std::string_view Rows::Text(int row, int column) const {
  return {PQgetvalue(result_, row, column), static_cast<size_t>(PQgetlength(result_, row, column))};
}
int64_t Rows::Int(int row, int column) const { return std::strtoll(PQgetvalue(result_, row, column), nullptr, 10); }
bool Rows::Bool(int row, int column) const { return Text(row, column) == "t"; }
uint64_t Rows::affected() const { return std::strtoull(PQcmdTuples(result_), nullptr, 10); }

Result<std::unique_ptr<Connection>> Connection::Open(const Options& options) {
  const auto parameters = ConnectionParameters(options);
  std::vector<const char*> keys, values;
  for (const auto& [key, value] : parameters) {
    keys.push_back(key.c_str());
    values.push_back(value.c_str());
  }
  keys.push_back(nullptr);
  values.push_back(nullptr);
  const auto failed = [&options](const std::string& why) { return Unavailable("cannot connect to PostgreSQL at " + AddressOf(options) + ": " + why); };

  std::unique_ptr<Connection> connection(new Connection(PQconnectStartParams(keys.data(), values.data(), 0)));
  PGconn* conn = connection->conn_;
  if (conn == nullptr) return failed("out of memory");
  const MonotonicTime deadline = RealClock().Monotonic() + std::max(options.connect_timeout, std::chrono::seconds(1));
  PostgresPollingStatusType state = PQstatus(conn) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING) {
    pollfd wait{PQsocket(conn), static_cast<short>(state == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    const int ready = poll(&wait, 1, LeftMs(deadline));
    if (ready == 0) return failed("no answer within " + std::to_string(options.connect_timeout.count()) + " s");
    if (ready < 0 && errno != EINTR) return failed("poll failed");
    if (ready > 0) state = PQconnectPoll(conn);
  }
  if (state != PGRES_POLLING_OK) return failed(OneLine(PQerrorMessage(conn)));
  PQsetnonblocking(conn, 1);
  // Notices would go to stderr past the log.
  PQsetNoticeProcessor(conn, [](void*, const char*) {}, nullptr);
  const std::string settings = "SET statement_timeout = " + std::to_string(options.statement_timeout.count()) + "; SET idle_in_transaction_session_timeout = 60000";
  // A pooler lets everybody log in and makes those wait here for whom it has no session.
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - RealClock().Monotonic());
  if (const Status set = connection->Execute(settings.c_str(), std::max(left, milliseconds(1))); !set.ok()) {
    if (RealClock().Monotonic() < deadline) return failed(set.error().message);
    return failed("no answer within " + std::to_string(options.connect_timeout.count()) + " s after the login; it hangs, or is a connection pooler without a free session");
  }
  connection->opened_at = RealClock().Monotonic();
  return connection;
}

Connection::~Connection() { PQfinish(conn_); }

int Connection::fd() const { return PQsocket(conn_); }
int Connection::server_version() const { return PQserverVersion(conn_); }
int Connection::announced_pid() const { return PQbackendPID(conn_); }

bool Connection::Alive() {
  if (!usable_ || PQstatus(conn_) != CONNECTION_OK) return false;
  pollfd wait{PQsocket(conn_), POLLIN, 0};
  if (poll(&wait, 1, 0) <= 0) return true;
  // Something to read on an idle connection: a farewell, or a notice.
  if (PQconsumeInput(conn_) == 0) usable_ = false;
  return usable_ && PQstatus(conn_) == CONNECTION_OK;
}

Failure Connection::Lost(const std::string& what, bool maybe_done) {
  usable_ = false;
  Failure failure;
  failure.error = Unavailable("the connection to PostgreSQL was lost: " + what + (maybe_done ? "; the statement may or may not have been carried out" : ""));
  failure.maybe_done = maybe_done;
  failure.connection_lost = true;
  return failure;
}

// Collects results until the server is ready for the next statement; the last one counts.
std::optional<Failure> Connection::Await(milliseconds timeout, pg_result** result) {
  const MonotonicTime deadline = RealClock().Monotonic() + timeout;
  *result = nullptr;
  for (;;) {
    const int unsent = PQflush(conn_);
    if (unsent < 0) return Lost(OneLine(PQerrorMessage(conn_)), true);
    if (PQisBusy(conn_) == 0) {
      PGresult* next = PQgetResult(conn_);
      if (next == nullptr) {
        if (*result != nullptr) return std::nullopt;
        return Lost(OneLine(PQerrorMessage(conn_)), true);
      }
      if (*result != nullptr) {
        // An error stays: what follows it only repeats that the connection is gone.
        if (PQresultStatus(*result) == PGRES_FATAL_ERROR) {
          PQclear(next);
          continue;
        }
        PQclear(*result);
      }
      *result = next;
      continue;
    }
    pollfd wait{PQsocket(conn_), static_cast<short>(POLLIN | (unsent > 0 ? POLLOUT : 0)), 0};
    const int ready = poll(&wait, 1, LeftMs(deadline));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      PQclear(*result);
      *result = nullptr;
      return Lost("no answer within " + std::to_string(timeout.count()) + " ms", true);
    }
    if ((wait.revents & (POLLIN | POLLERR | POLLHUP)) != 0 && PQconsumeInput(conn_) == 0) {
      PQclear(*result);
      *result = nullptr;
      return Lost(OneLine(PQerrorMessage(conn_)), true);
    }
  }
}

std::optional<Failure> Connection::Run(const Statement& statement, const std::vector<Param>& params, milliseconds timeout, std::optional<Rows>* rows) {
  if (!usable_) return Lost("it ended earlier", false);
  std::vector<const char*> values;
  for (const Param& param : params) {
    if (param && param->find('\0') != std::string::npos) {
      return Failure{Invalid("a value contains a NUL character, which PostgreSQL cannot keep"), "22021", false, false};
    }
    values.push_back(param ? param->c_str() : nullptr);
  }
  pg_result* raw = nullptr;
  const auto collect = [&](bool maybe_done) -> std::optional<Failure> {
    if (std::optional<Failure> failure = Await(timeout, &raw)) {
      failure->maybe_done = maybe_done;
      return failure;
    }
    std::optional<Failure> failure = FailureOf(raw);
    if (failure) {
      PQclear(raw);
      if (PQstatus(conn_) != CONNECTION_OK || failure->sqlstate == "25006") usable_ = false;
      failure->connection_lost = !usable_;
      // An error undoes the statement. Without a code, or when the server ends the session, the commit may have been before that.
      failure->maybe_done = maybe_done && (failure->sqlstate.empty() || failure->sqlstate.starts_with("57P"));
    }
    return failure;
  };
  if (!prepared_.contains(&statement)) {
    if (PQsendPrepare(conn_, statement.name, statement.sql, 0, nullptr) == 0) return Lost(OneLine(PQerrorMessage(conn_)), false);
    if (std::optional<Failure> failure = collect(false)) return failure;
    PQclear(raw);
    prepared_.insert(&statement);
  }
  if (PQsendQueryPrepared(conn_, statement.name, static_cast<int>(values.size()), values.data(), nullptr, nullptr, 0) == 0) {
    return Lost(OneLine(PQerrorMessage(conn_)), false);
  }
  if (std::optional<Failure> failure = collect(true)) return failure;
  if (rows != nullptr) {
    rows->emplace(raw);
  } else {
    PQclear(raw);
  }
  return std::nullopt;
}

Status Connection::Execute(const char* sql, milliseconds timeout) {
  KUMA_TRY_ASSIGN(const Rows ignored, Query(sql, timeout));
  return Ok();
}

Result<Rows> Connection::Query(const char* sql, milliseconds timeout) {
  if (PQsendQuery(conn_, sql) == 0) return Lost(OneLine(PQerrorMessage(conn_)), false).error;
  pg_result* raw = nullptr;
  if (std::optional<Failure> failure = Await(timeout, &raw)) return failure->error;
  Rows rows(raw);
  if (const std::optional<Failure> failure = FailureOf(raw)) {
    if (PQstatus(conn_) != CONNECTION_OK) usable_ = false;
    return failure->error;
  }
  return rows;
}

Result<std::vector<std::string>> Connection::TakeNotifications() {
  if (!usable_ || PQconsumeInput(conn_) == 0 || PQstatus(conn_) != CONNECTION_OK) return Lost(OneLine(PQerrorMessage(conn_)), false).error;
  std::vector<std::string> payloads;
  while (PGnotify* notification = PQnotifies(conn_)) {
    payloads.emplace_back(notification->extra);
    PQfreemem(notification);
  }
  return payloads;
}

}  // namespace kuma::store::postgres
