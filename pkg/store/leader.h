// Who of several control planes on one store runs the work that only one may do. Stores of one process are always led by it.
#pragma once

#include <functional>

namespace kuma::store {

class LeaderElection {
 public:
  virtual ~LeaderElection() = default;
  // `changed` is called with true when this process becomes the leader and with false when it is not any more; from any thread, one
  // call at a time, and it must not block: work that takes longer loses the lease.
  virtual void Start(std::function<void(bool leading)> changed) = 0;
  // Gives the lead up, so that others need not wait for the lease to end. No call comes after it.
  virtual void Stop() = 0;
};

// For stores that no second process can open.
class AlwaysLeader final : public LeaderElection {
 public:
  void Start(std::function<void(bool leading)> changed) override { changed(true); }
  void Stop() override {}
};

}  // namespace kuma::store
