// The gRPC side of port 5678: ADS in both variants, and HDS held open. Connections come from outside (Adopt) or from an own plain-text
// port (tests). Used by cmd/ and pkg/dpserver.
// gRPC callback threads own the streams; what may block (admission) and what the mesh loop wakes (new views) runs on the worker pool.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "pkg/base/clock.h"
#include "pkg/base/metrics.h"
#include "pkg/base/result.h"
#include "pkg/io/worker_pool.h"
#include "pkg/xds/stream_hooks.h"

namespace kuma::xds {

struct ServerOptions {
  std::string control_plane_id;  // told in every response
  std::chrono::nanoseconds nack_backoff = std::chrono::seconds(5);
  size_t max_request_bytes = 4u << 20;
  // Calls the closure later, on any thread.
  std::function<void(std::chrono::nanoseconds, std::function<void()>)> call_after;
};

struct ServerDeps {
  ProxyDirectory& directory;
  ProxyAdmission& admission;
  StreamObserver* observer = nullptr;
  io::WorkerPool& workers;
  MetricRegistry& metrics;
  const Clock& clock;
};

class Server {
 public:
  // `listen`: "127.0.0.1:0" and the like for a plain-text port, empty for none. kUnavailable when it is taken.
  static Result<std::unique_ptr<Server>> Start(ServerOptions options, ServerDeps deps, const std::string& listen = {});
  // Ends all streams, then returns. The dependencies must outlive it.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // An HTTP/2 connection without TLS, preface unread; the server owns the descriptor. Any thread.
  void Adopt(int fd);
  // The proxy was started (it asked for its bootstrap): its next stream may replace one that is still there. Any thread.
  void NoteStart(const std::string& mesh, const std::string& name);
  // Of the plain-text port; 0 without one.
  int port() const;
  size_t streams() const;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kuma::xds
