// One proxy of the load: an ADS stream that acknowledges everything and follows the names it is told of, as Envoy does.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "envoy/config/core/v3/base.pb.h"

namespace kuma::bench {

using SteadyTime = std::chrono::steady_clock::time_point;

// What all proxies report to.
struct Tally {
  std::atomic<uint64_t> bytes{0};
  std::atomic<uint64_t> responses{0};
  std::atomic<uint64_t> failures{0};
  std::mutex mutex;  // guards the rest
  std::condition_variable changed;
  SteadyTime last_ack{};
};

class ProxyStream {
 public:
  virtual ~ProxyStream() = default;  // cancels and waits
  virtual SteadyTime last_ack() const = 0;
  // Clusters, listeners and all named resources have been answered.
  virtual bool complete() const = 0;
  virtual std::string error() const = 0;
};

struct StreamTarget {
  std::string address;  // host:port
  std::string ca_pem;   // empty: plain text
  std::string token;
  bool delta = false;
};

std::unique_ptr<ProxyStream> OpenStream(const StreamTarget& target, const envoy::config::core::v3::Node& node, Tally& tally);

}  // namespace kuma::bench
