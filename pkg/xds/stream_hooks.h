// What others want to know and decide about ADS streams; implemented in levels above, joined in cmd/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pkg/base/result.h"
#include "pkg/xds/proxy_directory.h"
#include "pkg/xds/subscription.h"

namespace kuma::xds {

using StreamId = uint64_t;  // unique in the process

// Decides whether a proxy may have a stream, and registers it. Called on a worker thread; may block.
class ProxyAdmission {
 public:
  virtual ~ProxyAdmission() = default;
  // `credential`: the authorization header, empty when there is none. An error ends the stream and is shown to the proxy.
  virtual Status Admit(const ProxyNode& node, const std::string& credential, StreamId stream) = 0;
  // The stream of an admitted proxy has ended.
  virtual void Leave(const ProxyNode& node, StreamId stream) = 0;
};

// Called for admitted proxies, from gRPC threads under the stream's lock: must be quick and must not call back.
class StreamObserver {
 public:
  virtual ~StreamObserver() = default;
  virtual void OnConnected(StreamId stream, bool delta, const ProxyNode& node) = 0;
  virtual void OnRequest(StreamId stream, const RequestOutcome& outcome) = 0;
  virtual void OnResponse(StreamId stream, const Response& response, size_t bytes) = 0;
  virtual void OnClosed(StreamId stream) = 0;
};

}  // namespace kuma::xds
