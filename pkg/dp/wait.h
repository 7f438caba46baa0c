// `kuma-dp wait`: blocks until a proxy on this machine answers that it is ready.
#pragma once

#include <ostream>
#include <string>

#include "pkg/base/duration.h"
#include "pkg/base/result.h"

namespace kuma::dp {

struct WaitOptions {
  std::string url = "http://localhost:9901/ready";
  std::string unix_socket;  // wins over url
  Nanos check_frequency = std::chrono::seconds(1);
  Nanos timeout = std::chrono::seconds(180);
  Nanos request_timeout = std::chrono::milliseconds(500);
};

// The error says what the proxy answered last. The first question is asked at once.
Status WaitUntilReady(const WaitOptions& options);

}  // namespace kuma::dp
