// Unary gRPC calls with messages that are bytes already: exports to collectors, health checks of applications. Any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "pkg/base/duration.h"
#include "pkg/base/result.h"

namespace kuma::dp::otel {

struct GrpcTarget {
  std::string address;  // host:port, or unix:/path
  bool tls = false;
  std::string ca_pem;  // of TLS
  std::string cert_pem;
  std::string key_pem;
};

struct GrpcCallOptions {
  Nanos timeout = std::chrono::seconds(10);
  std::map<std::string, std::string> headers;
  bool gzip = false;
};

class GrpcClient {
 public:
  // Connects with the first call.
  explicit GrpcClient(const GrpcTarget& target);
  // Over a connected, non-blocking descriptor, which it takes.
  GrpcClient(const std::string& authority, int fd);
  // Calls under way end with an error.
  ~GrpcClient();

  // The answer's bytes. `done` runs on a thread of gRPC.
  void CallAsync(const std::string& method, std::string request, const GrpcCallOptions& options,
                 std::function<void(Result<std::string>)> done);
  // Blocks.
  Result<std::string> Call(const std::string& method, std::string request, const GrpcCallOptions& options);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace kuma::dp::otel
