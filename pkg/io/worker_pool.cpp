#include "pkg/io/worker_pool.h"

#include <exception>
#include <system_error>

#include "pkg/base/log.h"

namespace kuma::io {

namespace {
constexpr std::chrono::seconds kIdleTime{10};

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

WorkerPool::WorkerPool(size_t threads, size_t max_queued, size_t kept) : thread_count_(threads), max_queued_(max_queued), kept_(kept) {
  const std::lock_guard lock(mutex_);
  for (size_t i = 0; i < kept; ++i) AddThreadLocked();
}

void WorkerPool::AddThreadLocked() {
  for (std::thread& thread : ended_) thread.join();
  ended_.clear();
  try {
    std::thread thread([this] { Work(); });
    const std::thread::id id = thread.get_id();
    workers_.emplace(id, std::move(thread));
  } catch (const std::system_error&) {
    // No more threads to be had: those there are take the work in turn.
    if (workers_.empty()) throw;
  }
}

bool WorkerPool::Enqueue(std::function<void()>& fn) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || queue_.size() >= max_queued_) return false;
    queue_.push_back(std::move(fn));
    if (idle_ < queue_.size() && workers_.size() < thread_count_) AddThreadLocked();
  }
  wake_.notify_one();
  return true;
}

void WorkerPool::Submit(std::function<void()> fn) {
  if (!Enqueue(fn)) RunGuarded(fn);
}

bool WorkerPool::TrySubmit(std::function<void()> fn) { return Enqueue(fn); }

void WorkerPool::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    const auto ready = [this] { return stopping_ || !queue_.empty(); };
    if (workers_.size() > kept_) {
      wake_.wait_for(lock, kIdleTime, ready);
    } else {
      wake_.wait(lock, ready);
    }
    --idle_;
    if (queue_.empty()) {
      if (!stopping_ && workers_.size() <= kept_) continue;
      // Stop() has taken the thread's handle when it is not here.
      if (auto own = workers_.extract(std::this_thread::get_id()); !own.empty()) ended_.push_back(std::move(own.mapped()));
      return;
    }
    std::function<void()> fn = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    RunGuarded(fn);
    fn = nullptr;
    lock.lock();
  }
}

void WorkerPool::Stop() {
  std::map<std::thread::id, std::thread> workers;
  std::vector<std::thread> ended;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    workers.swap(workers_);
    ended.swap(ended_);
  }
  wake_.notify_all();
  for (auto& [id, worker] : workers) worker.join();
  for (std::thread& thread : ended) thread.join();
}

}  // namespace kuma::io
