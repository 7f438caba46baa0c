// What both variants of the xDS protocol share: the words for requests and responses, the order of types, back-off after a rejection.
// SotwSession and DeltaSession are pure state machines: requests and views go in, responses come out; no sockets, clocks or threads.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/xds/cache.h"

namespace kuma::xds {

enum class RequestKind {
  kSubscribe,  // first request of a type, or one that only changes names
  kAck,
  kNack,
  kStale,    // answers a response that is not the last one; ignored
  kUnknown,  // a type that is not served; never answered
};

struct RequestOutcome {
  RequestKind kind = RequestKind::kSubscribe;
  ResourceType type = ResourceType::kCluster;  // meaningless for kUnknown
  std::string error;                           // kNack: Envoy's text
  std::string version;                         // kNack: the version that was rejected
  std::string nonce;                           // kNack: pass it to Retry()
  std::chrono::nanoseconds retry_after{0};     // kNack: when to call Retry()
};

struct Response {
  ResourceType type = ResourceType::kCluster;
  std::string version;  // version_info or system_version_info
  std::string nonce;
  SealedList resources;
  std::vector<std::string> removed;  // delta only
};

// Make before break: what is referred to goes first.
inline constexpr ResourceType kSendOrder[kResourceTypeCount] = {ResourceType::kCluster, ResourceType::kEndpoint, ResourceType::kListener,
                                                                ResourceType::kRoute, ResourceType::kSecret};

// Types that are subscribed to as a whole when the first request names nothing.
inline bool IsWildcardType(ResourceType type) { return type == ResourceType::kCluster || type == ResourceType::kListener; }

// Listeners and routes wait while clusters that the client should have cannot be sent yet. Endpoints and secrets never wait: Envoy holds
// back the ACK of clusters until these have arrived.
inline bool WaitsForClusters(ResourceType type) { return type == ResourceType::kListener || type == ResourceType::kRoute; }

// The same content that was rejected is offered again after the back-off, doubled each time (something else may have been in the way,
// such as a taken port); other content goes out at once.
class RejectionBackoff {
 public:
  explicit RejectionBackoff(std::chrono::nanoseconds base) : base_(base) {}
  std::chrono::nanoseconds Next(const std::string& version) {
    doublings_ = version == version_ ? std::min(doublings_ + 1, kMaxDoublings) : 0;
    version_ = version;
    return base_ * (1 << doublings_);
  }
  void Reset() {
    version_.clear();
    doublings_ = 0;
  }

 private:
  static constexpr int kMaxDoublings = 6;
  std::chrono::nanoseconds base_;
  std::string version_;
  int doublings_ = 0;
};

}  // namespace kuma::xds
