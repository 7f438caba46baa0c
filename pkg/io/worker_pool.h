// A fixed number of threads with a bounded queue for work that computes or blocks. When the queue is full Submit runs the work in
// the caller, which slows producers down; TrySubmit refuses instead, for callers that must not block (loops).
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace kuma::io {

class WorkerPool {
 public:
  // REQUIRES: threads > 0, max_queued > 0
  WorkerPool(size_t threads, size_t max_queued);
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

  const size_t thread_count_;
  const size_t max_queued_;
  std::mutex mutex_;  // guards the rest
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace kuma::io
