#include "pkg/ca/key_pool.h"

#ifdef __linux__
#include <sys/resource.h>
#endif

#include "pkg/base/log.h"

namespace kuma::ca {

KeyPool::KeyPool(size_t capacity) : capacity_(capacity) {}

void KeyPool::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void KeyPool::Start() {
  const std::lock_guard lock(mutex_);
  if (thread_.joinable() || stopping_ || capacity_ == 0) return;
  thread_ = std::thread([this] { Fill(); });
}

Result<PrivateKey> KeyPool::Take(const KeySpec& spec) {
  if (spec == kRsa2048) {
    std::unique_lock lock(mutex_);
    if (!keys_.empty()) {
      PrivateKey key = std::move(keys_.front());
      keys_.pop_front();
      lock.unlock();
      wake_.notify_one();
      return key;
    }
  }
  return GenerateKeyUnless(stopping_, spec);
}

size_t KeyPool::Ready() const {
  const std::lock_guard lock(mutex_);
  return keys_.size();
}

void KeyPool::Fill() {
#ifdef __linux__
  // On Linux this is the priority of the calling thread: spare keys must not compete with serving.
  (void)setpriority(PRIO_PROCESS, 0, 10);
#endif
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || keys_.size() < capacity_; });
    if (stopping_) return;
    lock.unlock();
    Result<PrivateKey> key = GenerateKeyUnless(stopping_, kRsa2048);
    lock.lock();
    if (stopping_) return;
    if (!key.ok()) {
      // Take() generates by itself and reports the same error to its caller.
      Logger("ca").Error("key pool stopped", {{"error", key.error().ToString()}});
      return;
    }
    keys_.push_back(*std::move(key));
  }
}

}  // namespace kuma::ca
