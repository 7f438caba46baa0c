// The OpenTelemetry instrumentation scope that a sample's otel_scope_ labels name; kuma's own without them.
#pragma once

#include <string>

#include "pkg/dp/metrics/families.h"

namespace kuma::dp::metrics {

struct Scope {
  std::string name;
  std::string version;
  std::string schema_url;
  Labels attributes;

  auto operator<=>(const Scope&) const = default;
};

// Removes those labels.
Scope TakeScope(Labels& labels);

}  // namespace kuma::dp::metrics
