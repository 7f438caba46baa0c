// RSA-2048 keys made ahead of need by one background thread of low priority, so that issuing a certificate takes less than a
// millisecond instead of 70. Take() never waits for the pool: when it is empty the calling thread makes its own key, so a burst
// uses every thread of the caller. Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "pkg/ca/private_key.h"

namespace kuma::ca {

class KeyPool {
 public:
  explicit KeyPool(size_t capacity = 8);
  ~KeyPool() { Stop(); }
  KeyPool(const KeyPool&) = delete;
  KeyPool& operator=(const KeyPool&) = delete;

  // Starts filling; later calls change nothing. Apart from the constructor, so that a starting process can first do what is urgent.
  void Start();
  // Keys being made are given up here and in Take(), which then answers kUnavailable. On a busy machine one could take seconds.
  void Stop();
  // Kinds other than RSA-2048 are generated at once.
  Result<PrivateKey> Take(const KeySpec& spec);
  size_t Ready() const;
  bool stopped() const { return stopping_; }
  KeySource Source() {
    return [this](const KeySpec& spec) { return Take(spec); };
  }

 private:
  void Fill();

  const size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::deque<PrivateKey> keys_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};  // set under mutex_
};

}  // namespace kuma::ca
