// Connections to one server, shared by threads: opened on demand up to a limit, tested before use, closed when old or idle for long.
// Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "pkg/base/random.h"
#include "pkg/store/postgres/connection.h"

namespace kuma::store::postgres {

struct PoolStats {
  size_t open = 0, in_use = 0, idle = 0, constructing = 0, max = 0;
  uint64_t opened = 0, acquired = 0, canceled = 0, waits = 0, closed_idle = 0, closed_lifetime = 0;
  double waited_seconds = 0;
};

class Pool {
 public:
  // Opens nothing yet; connections appear on first use and, up to options.min_open, in the background.
  Pool(Options options, Random& random);
  ~Pool();
  Pool(const Pool&) = delete;

  enum class Kind { kRead, kWrite };
  // Runs on a free connection. A read that met a dead connection is tried again on a fresh one; a write only when it was not sent.
  // Nothing is tried again once a statement's time is over, so a server that is silent costs that time once.
  std::optional<Failure> Run(Kind kind, const Statement& statement, const std::vector<Param>& params, std::optional<Rows>* rows);

  // Idle connections are closed: the server is known to have restarted.
  void DropIdle();
  PoolStats stats() const;
  const Options& options() const { return options_; }

 private:
  Result<std::unique_ptr<Connection>> Acquire();
  void Release(std::unique_ptr<Connection> connection);
  void Keep();  // the thread of housekeeping
  Result<std::unique_ptr<Connection>> OpenOne();

  const Options options_;
  Random& random_;
  mutable std::mutex mutex_;
  std::condition_variable freed_, stop_;
  // Guarded by mutex_.
  std::vector<std::unique_ptr<Connection>> idle_;  // the one used last is at the end
  size_t total_ = 0;                               // idle, in use and being opened
  bool stopping_ = false;
  PoolStats stats_;
  std::optional<Error> refused_;  // the last attempt to connect failed; answered to others until refused_until_
  MonotonicTime refused_until_{};
  std::thread keeper_;
};

}  // namespace kuma::store::postgres
