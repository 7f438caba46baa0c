// One thread that waits: posted closures, timers, descriptors and signals. Servers and child processes live on a loop.
// Post, PostAfter, Stop and Timer::Cancel may be called from any thread; everything else on the loop's thread or before Run().
// The loop outlives everything that was given a reference to it; LoopHandle is for those that cannot promise that.
#pragma once

#include <chrono>
#include <functional>
#include <initializer_list>
#include <memory>

#include "pkg/base/clock.h"
#include "pkg/base/duration.h"

namespace kuma::io {

struct LoopCore;

// A cancelable delayed call. Letting go of the handle does not cancel it.
class Timer {
 public:
  Timer() = default;
  Timer(std::weak_ptr<LoopCore> core, MonotonicTime due, uint64_t id) : core_(std::move(core)), due_(due), id_(id) {}
  // The closure is destroyed and will not start; one that is running on another thread finishes.
  void Cancel();

 private:
  std::weak_ptr<LoopCore> core_;
  MonotonicTime due_{};
  uint64_t id_ = 0;
};

// Posts to a loop that may be gone.
class LoopHandle {
 public:
  LoopHandle() = default;
  explicit LoopHandle(std::weak_ptr<LoopCore> core) : core_(std::move(core)) {}
  // False when the loop no longer exists; the closure is then dropped.
  bool Post(std::function<void()> fn) const;

 private:
  std::weak_ptr<LoopCore> core_;
};

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs on the calling thread until Stop(). May be called again after it returned.
  void Run();
  // Also before Run(), which then returns at once.
  void Stop();
  bool InLoop() const;

  void Post(std::function<void()> fn);
  Timer PostAfter(Nanos delay, std::function<void()> fn);
  // Calls fn(signal) on the loop each time one of the signals arrives.
  void OnSignal(std::initializer_list<int> signals, std::function<void(int)> fn);
  LoopHandle handle() const { return LoopHandle(core_); }

 private:
  friend class FdWatcher;
  std::shared_ptr<LoopCore> core_;
};

// Readiness of one non-blocking descriptor, which it owns. Loop thread only. At most one wait per direction at a time.
// Close() drops waiting closures without calling them; one that is already queued may still run, so callers keep a closed flag.
class FdWatcher {
 public:
  FdWatcher(EventLoop& loop, int fd);
  ~FdWatcher();
  FdWatcher(const FdWatcher&) = delete;
  FdWatcher& operator=(const FdWatcher&) = delete;

  int fd() const;
  void WaitReadable(std::function<void()> fn);
  void WaitWritable(std::function<void()> fn);
  void Close();
  // Stops watching and gives the descriptor back.
  int Release();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kuma::io
