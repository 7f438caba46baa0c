#include "cmd/kuma-cp/leadership.h"

namespace kuma::cp {
namespace {

constexpr std::chrono::seconds kRetry{1};

}  // namespace

void Leadership::Start() {
  leader_.Set(0);
  thread_ = std::thread([this] { Run(); });
  election_->Start([this](bool leading) {
    leader_.Set(leading ? 1 : 0);
    const std::lock_guard lock(mutex_);
    leading_ = leading;
    changed_.notify_all();
  });
}

void Leadership::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  election_->Stop();
}

void Leadership::Run() {
  bool working = false;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (leading_ == working) {
      changed_.wait(lock, [&] { return stopping_ || leading_ != working; });
      continue;
    }
    const bool start = leading_;
    lock.unlock();
    bool done = true;
    if (start) {
      done = start_();
    } else {
      stop_();
    }
    lock.lock();
    if (done) {
      working = start;
    } else {
      changed_.wait_for(lock, kRetry, [&] { return stopping_ || !leading_; });
    }
  }
  lock.unlock();
  if (working) stop_();
}

}  // namespace kuma::cp
