// Threads with a bounded queue for work that computes or blocks. When the queue is full Submit runs the work in
// the caller, which slows producers down; TrySubmit refuses instead, for callers that must not block (loops).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace kuma::io {

class WorkerPool {
 public:
  // REQUIRES: threads > 0, max_queued > 0
  WorkerPool(size_t threads, size_t max_queued) : WorkerPool(threads, max_queued, threads) {}
  // Starts with `kept` threads, makes more as work waits, up to `threads`, and ends those that had nothing to do for a while.
  WorkerPool(size_t threads, size_t max_queued, size_t kept);
  ~WorkerPool() { Stop(); }
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void Submit(std::function<void()> fn);
  bool TrySubmit(std::function<void()> fn);
  // Finishes what is queued, then ends the threads. Work submitted afterwards runs in the caller.
  void Stop();
  size_t threads() const { return thread_count_; }

 private:
  void Work();
  bool Enqueue(std::function<void()>& fn);
  void AddThreadLocked();

  const size_t thread_count_;
  const size_t max_queued_;
  const size_t kept_;
  std::mutex mutex_;  // guards the rest
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  size_t idle_ = 0;
  std::map<std::thread::id, std::thread> workers_;
  std::vector<std::thread> ended_;  // to be joined
};

}  // namespace kuma::io
