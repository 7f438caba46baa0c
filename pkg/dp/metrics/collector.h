// Asks every target of a plan at once and hands over what came: one that fails, hangs or answers nonsense costs only its own metrics.
// Collect may be called from any thread; the callback runs on a thread of the collector.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/base/log.h"
#include "pkg/dp/metrics/plan.h"
#include "pkg/io/worker_pool.h"

namespace kuma::dp::metrics {

// What one target gave.
struct Part {
  Families families;
  int64_t time_ms = 0;
  bool own = false;  // of kuma-dp itself: no extra labels
};

using Parts = std::vector<Part>;  // in the order of the targets, then our own

class Collector {
 public:
  // `own` gives kuma-dp's metrics as text, from any thread.
  Collector(const Clock& clock, std::function<std::string()> own);

  // `timeout` is for all targets together.
  void Collect(std::shared_ptr<const Plan> plan, Nanos timeout, std::function<void(Parts)> done);
  // Ends the threads; a collection under way finishes first.
  void Stop() { pool_.Stop(); }

 private:
  struct Round;
  Part Ask(const Plan& plan, const Target& target, MonotonicTime deadline) const;

  const Clock& clock_;
  const std::function<std::string()> own_;
  const Logger log_{"kuma-dp.metrics"};
  io::WorkerPool pool_;  // last: its end waits for Ask
};

// All parts as one, every sample with the plan's labels and its OpenTelemetry scope, sorted by name. Of equal series the first one is
// kept, families of one name must have one type.
Families Merge(Parts parts, const Plan& plan);

}  // namespace kuma::dp::metrics
