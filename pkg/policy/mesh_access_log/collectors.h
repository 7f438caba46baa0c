// OpenTelemetry collectors of access logs. Their clusters are numbered over the whole proxy, so they are found before its units are made.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pkg/policy/drafts.h"

namespace kuma::policy {

struct LoggedOutbound {
  std::string service;
  std::optional<Kri> destination;  // with section
};

// In the order in which logs of inbounds, of outbounds, and of redirected traffic (`passthrough`) first use them.
std::vector<LogCollector> PlanLogCollectors(const RuleSet& rules, const TelemetryFacts& telemetry, const std::string& work_dir,
                                            const std::vector<InboundKey>& inbounds, const std::vector<LoggedOutbound>& outbounds,
                                            bool passthrough);

// Nothing: there is no such collector.
std::optional<LogCollector> FindLogCollector(const Json& open_telemetry, const TelemetryFacts& telemetry, const std::string& work_dir);

// Name of its cluster. REQUIRES: the collector is one of the proxy's.
std::string LogCollectorCluster(const LogCollector& collector, const ProxyFacts& proxy);

}  // namespace kuma::policy
