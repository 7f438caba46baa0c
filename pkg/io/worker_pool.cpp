#include "pkg/io/worker_pool.h"

#include <exception>

#include "pkg/base/log.h"

namespace kuma::io {

namespace {
void RunGuarded(const std::function<void()>& fn) {
  static const Logger log("io.pool");
  try {
    fn();
  } catch (const std::exception& e) {
    log.Error("a task failed", {{"error", e.what()}});
  } catch (...) {
    log.Error("a task failed", {{"error", "unknown exception"}});
  }
}
}  // namespace

WorkerPool::WorkerPool(size_t threads, size_t max_queued) : thread_count_(threads), max_queued_(max_queued) {
  workers_.reserve(threads);
  for (size_t i = 0; i < threads; ++i) workers_.emplace_back([this] { Work(); });
}

bool WorkerPool::Enqueue(std::function<void()>& fn) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= max_queued_) return false;
    queue_.push_back(std::move(fn));
  }
  wake_.notify_one();
  return true;
}

void WorkerPool::Submit(std::function<void()> fn) {
  if (!Enqueue(fn)) RunGuarded(fn);
}

bool WorkerPool::TrySubmit(std::function<void()> fn) { return Enqueue(fn); }

void WorkerPool::Work() {
  while (true) {
    std::function<void()> fn;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      fn = std::move(queue_.front());
      queue_.pop_front();
    }
    RunGuarded(fn);
  }
}

void WorkerPool::Stop() {
  std::vector<std::thread> workers;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    workers.swap(workers_);
  }
  wake_.notify_all();
  for (auto& worker : workers) worker.join();
}

}  // namespace kuma::io
