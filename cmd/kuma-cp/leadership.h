// Starts the work of the leader when this control plane becomes it and ends it when it is not any more. Both may take a while and
// happen on a thread of their own, while the election goes on.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "pkg/base/metrics.h"
#include "pkg/store/leader.h"

namespace kuma::cp {

class Leadership {
 public:
  // `start` returns false when it could not; it is called again after a pause for as long as this is the leader.
  Leadership(std::unique_ptr<store::LeaderElection> election, MetricRegistry& metrics, std::function<bool()> start, std::function<void()> stop)
      : election_(std::move(election)), leader_(metrics.GetGauge("leader", "1 if this instance is the leader.")), start_(std::move(start)), stop_(std::move(stop)) {}
  ~Leadership() { Stop(); }

  void Start();
  // Ends the work first and then gives up the lead.
  void Stop();

 private:
  void Run();

  std::unique_ptr<store::LeaderElection> election_;
  Gauge& leader_;
  const std::function<bool()> start_;
  const std::function<void()> stop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool leading_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace kuma::cp
