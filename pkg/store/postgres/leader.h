// Leader election by a row of the table `locks`, in the form that other versions of Kuma use, so that they take turns with us. The
// holder writes a new number into the row at every heartbeat; who finds the same number after a whole lease takes the row over. Clocks
// of machines are not compared. One thread and one connection.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "pkg/base/log.h"
#include "pkg/store/leader.h"
#include "pkg/store/postgres/connection.h"

namespace kuma::store::postgres {

struct LeaderOptions {
  std::string owner;  // of this process; shown in the row
  std::string lock = "kuma-cp-lock";
  std::chrono::milliseconds lease{5000};
  std::chrono::milliseconds heartbeat{1000};
};

class Leader final : public LeaderElection {
 public:
  Leader(Options options, LeaderOptions leader) : options_(std::move(options)), leader_(std::move(leader)) {}
  ~Leader() override { Stop(); }
  void Start(std::function<void(bool leading)> changed) override;
  void Stop() override;

 private:
  void Run();
  Status Campaign(Connection& connection);                  // until the row is ours
  Status Lead(Connection& connection);                      // until it is lost
  void Release(Connection& connection);
  Result<bool> TryAcquire(Connection& connection);
  bool Pause(std::chrono::milliseconds time);  // false: stop

  const Options options_;
  const LeaderOptions leader_;
  const Logger log_{"postgres-leader"};
  std::function<void(bool)> changed_;
  std::optional<int64_t> number_;  // of the row when it was last seen; only Run's thread
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace kuma::store::postgres
