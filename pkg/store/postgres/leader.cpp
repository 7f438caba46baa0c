#include "pkg/store/postgres/leader.h"

namespace kuma::store::postgres {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetry{1000};

constexpr Statement kNextNumber{"next_number", "SELECT nextval('locks_rvn')"};
// Takes the row when it does not exist, when it was released ($3 is compared with NULL) or when its number is the one seen before.
// Answers with the number that the row has then.
constexpr Statement kAcquire{"acquire",
                             "INSERT INTO locks AS held (name, record_version_number, data, owner) VALUES ($1, $2::bigint, ''::bytea, $4)"
                             " ON CONFLICT (name) DO UPDATE SET"
                             " record_version_number = CASE WHEN coalesce(held.record_version_number = $3::bigint, true) THEN $2::bigint ELSE held.record_version_number END,"
                             " owner = CASE WHEN coalesce(held.record_version_number = $3::bigint, true) THEN $4 ELSE held.owner END"
                             " RETURNING record_version_number"};
constexpr Statement kHeartbeat{"heartbeat",
                               "UPDATE locks SET record_version_number = nextval('locks_rvn') WHERE name = $1 AND record_version_number = $2::bigint"
                               " RETURNING record_version_number"};
constexpr Statement kRelease{"release", "DELETE FROM locks WHERE name = $1 AND record_version_number = $2::bigint"};

Result<Rows> Ask(Connection& connection, const Statement& statement, const std::vector<Param>& params, milliseconds timeout) {
  std::optional<Rows> rows;
  if (std::optional<Failure> failure = connection.Run(statement, params, timeout, &rows)) return std::move(failure->error);
  return *std::move(rows);
}

}  // namespace

void Leader::Start(std::function<void(bool)> changed) {
  changed_ = std::move(changed);
  thread_ = std::thread([this] { Run(); });
}

void Leader::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

bool Leader::Pause(milliseconds time) {
  std::unique_lock lock(mutex_);
  stop_.wait_for(lock, time, [this] { return stopping_; });
  return !stopping_;
}

void Leader::Run() {
  bool complained = false;
  do {
    Result<std::unique_ptr<Connection>> connection = Connection::Open(options_);
    Status status = Ok();
    if (!connection.ok()) {
      status = connection.error();
    } else {
      status = Campaign(**connection);
      if (status.ok()) {
        complained = false;
        status = Lead(**connection);
      }
    }
    if (!status.ok() && !complained) {
      const std::lock_guard lock(mutex_);
      if (stopping_) break;
      complained = true;
      log_.Warn("cannot take part in the election of the leader, will try again", {{"error", status.error().ToString()}});
    }
  } while (Pause(kRetry));
}

Result<bool> Leader::TryAcquire(Connection& connection) {
  KUMA_TRY_ASSIGN(const Rows next, Ask(connection, kNextNumber, {}, leader_.lease));
  const std::string number(next.Text(0, 0));
  KUMA_TRY_ASSIGN(const Rows row, Ask(connection, kAcquire, {leader_.lock, number, std::to_string(number_.value_or(0)), leader_.owner}, leader_.lease));
  number_ = row.Int(0, 0);
  return row.Text(0, 0) == number;
}

Status Leader::Campaign(Connection& connection) {
  for (;;) {
    KUMA_TRY_ASSIGN(const bool ours, TryAcquire(connection));
    if (ours) return Ok();
    if (!Pause(leader_.lease)) return Unavailable("stopping");
  }
}

Status Leader::Lead(Connection& connection) {
  log_.Info("this control plane is the leader now");
  changed_(true);
  // An answer that comes too late is as good as none: others may lead by then.
  const milliseconds patience = std::max<milliseconds>(leader_.lease - 2 * leader_.heartbeat, leader_.heartbeat);
  Status lost = Ok();
  while (Pause(leader_.heartbeat)) {
    const Result<Rows> row = Ask(connection, kHeartbeat, {leader_.lock, std::to_string(*number_)}, patience);
    if (!row.ok()) {
      lost = row.error();
      break;
    }
    if (row->count() == 0) {
      lost = Unavailable("another control plane took the lock over");
      number_.reset();
      break;
    }
    number_ = row->Int(0, 0);
  }
  changed_(false);
  if (lost.ok()) {
    Release(connection);
  } else {
    log_.Warn("this control plane is not the leader any more", {{"reason", lost.error().ToString()}});
  }
  return Ok();
}

void Leader::Release(Connection& connection) {
  if (const Result<Rows> released = Ask(connection, kRelease, {leader_.lock, std::to_string(*number_)}, leader_.heartbeat); !released.ok()) {
    log_.Info("could not release the lock; others wait for its end", {{"error", released.error().ToString()}});
  }
}

}  // namespace kuma::store::postgres
