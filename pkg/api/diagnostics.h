// The diagnostics port (5680): health, readiness, metrics, log levels. One function from requests to responses; thread-safe.
#pragma once

#include <functional>

#include "pkg/base/json.h"
#include "pkg/base/metrics.h"
#include "pkg/io/http_types.h"

namespace kuma::api {

struct DiagnosticsDeps {
  const MetricRegistry& metrics;
  std::function<bool()> is_ready;
  std::function<Json()> debug_info = {};  // GET /debug/info; empty: not served
};

class Diagnostics {
 public:
  explicit Diagnostics(DiagnosticsDeps deps) : deps_(std::move(deps)) {}
  io::HttpResponse Handle(const io::HttpRequest& request) const;

 private:
  const DiagnosticsDeps deps_;
};

}  // namespace kuma::api
