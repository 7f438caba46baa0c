// A loop on its own thread for tests that block in the main thread, and certificates made on the spot.
#pragma once

#include <functional>
#include <future>
#include <string>
#include <thread>

#include "pkg/io/loop.h"

namespace kuma::io {

class LoopThread {
 public:
  LoopThread() : thread_([this] { loop_.Run(); }) {}
  ~LoopThread() {
    loop_.Stop();
    thread_.join();
  }
  EventLoop& loop() { return loop_; }
  // Runs on the loop and waits for it.
  template <typename F>
  auto Do(F fn) {
    std::promise<decltype(fn())> promise;
    loop_.Post([&] {
      if constexpr (std::is_void_v<decltype(fn())>) {
        fn();
        promise.set_value();
      } else {
        promise.set_value(fn());
      }
    });
    return promise.get_future().get();
  }

 private:
  EventLoop loop_;
  std::thread thread_;
};

struct TestPair {
  std::string cert_pem;
  std::string key_pem;
};
// Self-signed, with the SAN text in OpenSSL's form ("DNS:localhost,IP:127.0.0.1"); valid from now+from_seconds to now+to_seconds.
TestPair MakeTestPair(const std::string& common_name, const std::string& san, long from_seconds = -60, long to_seconds = 3600);

}  // namespace kuma::io
