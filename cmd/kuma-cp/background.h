// Runs a reconciler whose work may wait (keys, writes) on the workers: store events gather for a moment, then one job applies them and
// runs it; never two at once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "pkg/io/loop.h"
#include "pkg/io/worker_pool.h"
#include "pkg/store/store.h"

namespace kuma::cp {

class Background {
 public:
  using Step = std::function<void(const std::vector<store::Event>& events)>;

  Background(store::Store& store, io::EventLoop& loop, io::WorkerPool& workers) : store_(store), loop_(loop), workers_(workers) {}

  // `step` sees the initial state as events without an old value, then every change. Called on workers, one call at a time.
  void Start(Step step);
  // The same for steps that tell when they want to be called again although nothing happened.
  using TimedStep = std::function<std::optional<Nanos>(const std::vector<store::Event>& events)>;
  void StartTimed(TimedStep step);
  // One call on the workers, without events.
  void StartOnce(std::function<void()> step);
  // Waits for a call that runs; none begins after this. Not on the workers.
  void Stop();

 private:
  struct Shared;
  store::Store& store_;
  io::EventLoop& loop_;
  io::WorkerPool& workers_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace kuma::cp
