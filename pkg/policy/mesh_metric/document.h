// /meshmetric of the dynamic configuration: what kuma-dp scrapes, filters and exports.
#pragma once

#include <string>
#include <vector>

#include "pkg/policy/drafts.h"

namespace kuma::policy {

// An OpenTelemetry collector that Envoy connects kuma-dp to.
struct MetricExport {
  std::string name;
  std::string socket_path;
  std::string refresh_interval;  // Go's text of a duration
};

std::string MetricDocument(const Json& conf, bool prometheus, const std::vector<MetricExport>& exports, const ProxyFacts& proxy,
                           const ProxySelf& self);

// "otel-collector:4317" -> "otel-collector-4317": the name is part of a file's name.
std::string MetricBackendName(std::string endpoint);

}  // namespace kuma::policy
