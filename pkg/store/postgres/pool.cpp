#include "pkg/store/postgres/pool.h"

#include <algorithm>
#include <limits>

namespace kuma::store::postgres {
namespace {

// While the server is away, one attempt speaks for all callers of this span; else each would wait for its own time-out.
constexpr std::chrono::milliseconds kRefusal{250};
// The server ends statements itself; this is for when it does not answer at all.
constexpr std::chrono::milliseconds kGrace{2000};
constexpr std::chrono::milliseconds kNoTimeout{std::chrono::minutes(10)};

std::chrono::milliseconds Patience(const Options& options) {
  return options.statement_timeout.count() > 0 ? options.statement_timeout + kGrace : kNoTimeout;
}

MonotonicTime Now() { return RealClock().Monotonic(); }

}  // namespace

Pool::Pool(Options options, Random& random) : options_(std::move(options)), random_(random), keeper_([this] { Keep(); }) {}

Pool::~Pool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  freed_.notify_all();
  keeper_.join();
}

Result<std::unique_ptr<Connection>> Pool::OpenOne() {
  Result<std::unique_ptr<Connection>> opened = Connection::Open(options_);
  const std::lock_guard lock(mutex_);
  --stats_.constructing;
  if (!opened.ok()) {
    --total_;
    refused_ = opened.error();
    refused_until_ = Now() + kRefusal;
    freed_.notify_all();
    return opened;
  }
  refused_.reset();
  ++stats_.opened;
  (*opened)->lifetime = options_.max_lifetime + std::chrono::nanoseconds(static_cast<int64_t>(random_.Unit() * static_cast<double>(options_.max_lifetime_jitter.count())));
  return opened;
}

Result<std::unique_ptr<Connection>> Pool::Acquire() {
  const MonotonicTime start = Now();
  const size_t most = options_.max_open == 0 ? std::numeric_limits<size_t>::max() : options_.max_open;
  std::unique_lock lock(mutex_);
  bool waited = false;
  for (;;) {
    if (stopping_) return Unavailable("stopping");
    if (!idle_.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle_.back());
      idle_.pop_back();
      if (!connection->Alive()) {
        --total_;
        continue;
      }
      ++stats_.acquired;
      stats_.waited_seconds += std::chrono::duration<double>(Now() - start).count();
      return connection;
    }
    if (total_ < most) {
      if (refused_ && Now() < refused_until_) return *refused_;
      ++total_;
      ++stats_.constructing;
      lock.unlock();
      KUMA_TRY_ASSIGN(std::unique_ptr<Connection> connection, OpenOne());
      lock.lock();
      ++stats_.acquired;
      stats_.waited_seconds += std::chrono::duration<double>(Now() - start).count();
      return connection;
    }
    if (!waited) ++stats_.waits;
    waited = true;
    if (freed_.wait_until(lock, start + options_.connect_timeout) == std::cv_status::timeout) {
      ++stats_.canceled;
      return Unavailable("all " + std::to_string(options_.max_open) + " connections to PostgreSQL are busy for " + std::to_string(options_.connect_timeout.count()) +
                         " s; see store.postgres.maxOpenConnections");
    }
  }
}

void Pool::Release(std::unique_ptr<Connection> connection) {
  const MonotonicTime now = Now();
  std::unique_lock lock(mutex_);
  const bool expired = now - connection->opened_at > connection->lifetime;
  const bool surplus = idle_.size() >= options_.max_idle;
  if (stopping_ || !connection->usable() || expired || surplus) {
    if (expired) ++stats_.closed_lifetime;
    if (surplus) ++stats_.closed_idle;
    --total_;
    lock.unlock();
    freed_.notify_one();
    return;
  }
  connection->idle_since = now;
  idle_.push_back(std::move(connection));
  lock.unlock();
  freed_.notify_one();
}

std::optional<Failure> Pool::Run(Kind kind, const Statement& statement, const std::vector<Param>& params, std::optional<Rows>* rows) {
  constexpr int kTries = 3;
  const MonotonicTime deadline = Now() + Patience(options_);
  for (int attempt = 1;; ++attempt) {
    Result<std::unique_ptr<Connection>> connection = Acquire();
    if (!connection.ok()) return Failure{std::move(connection).error(), {}, false, true};
    std::optional<Failure> failure = (*connection)->Run(statement, params, Patience(options_), rows);
    Release(std::move(connection).value());
    if (!failure) return std::nullopt;
    // Deadlocks and serialization failures are undone as a whole.
    const bool undone = failure->sqlstate == "40001" || failure->sqlstate == "40P01";
    // The others are probably gone as well, or wait for the same server in vain.
    if (failure->connection_lost) DropIdle();
    const bool unheard = failure->connection_lost && (kind == Kind::kRead || !failure->maybe_done);
    if ((!undone && !unheard) || attempt == kTries || Now() >= deadline) return failure;
  }
}

void Pool::DropIdle() {
  std::vector<std::unique_ptr<Connection>> dead;
  {
    const std::lock_guard lock(mutex_);
    dead.swap(idle_);
    total_ -= dead.size();
  }
  freed_.notify_all();
}

PoolStats Pool::stats() const {
  const std::lock_guard lock(mutex_);
  PoolStats stats = stats_;
  stats.open = total_ - stats_.constructing;
  stats.idle = idle_.size();
  stats.in_use = stats.open - stats.idle;
  stats.max = options_.max_open;
  return stats;
}

void Pool::Keep() {
  const std::chrono::nanoseconds interval = options_.health_check_interval.count() > 0 ? options_.health_check_interval : std::chrono::seconds(30);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const MonotonicTime now = Now();
    std::vector<std::unique_ptr<Connection>> closing;
    for (auto it = idle_.begin(); it != idle_.end();) {
      Connection& connection = **it;
      const bool expired = now - connection.opened_at > connection.lifetime;
      const bool lazy = now - connection.idle_since > options_.max_idle_time && total_ > options_.min_open;
      if (!expired && !lazy && connection.Alive()) {
        ++it;
        continue;
      }
      if (expired) ++stats_.closed_lifetime;
      if (lazy) ++stats_.closed_idle;
      --total_;
      closing.push_back(std::move(*it));
      it = idle_.erase(it);
    }
    const size_t most = options_.max_open == 0 ? std::numeric_limits<size_t>::max() : options_.max_open;
    while (!stopping_ && total_ < std::min(options_.min_open, most)) {
      ++total_;
      ++stats_.constructing;
      lock.unlock();
      closing.clear();
      Result<std::unique_ptr<Connection>> opened = OpenOne();
      if (opened.ok()) Release(std::move(opened).value());
      lock.lock();
      if (!opened.ok()) break;
    }
    lock.unlock();
    closing.clear();
    lock.lock();
    if (stopping_) break;
    stop_.wait_for(lock, interval);
  }
}

}  // namespace kuma::store::postgres
