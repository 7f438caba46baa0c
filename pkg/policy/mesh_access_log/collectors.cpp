#include "pkg/policy/mesh_access_log/collectors.h"

#include <algorithm>

#include "pkg/envoy/names.h"

namespace kuma::policy {

namespace {

class Plan {
 public:
  Plan(const TelemetryFacts& telemetry, const std::string& work_dir) : telemetry_(telemetry), work_dir_(work_dir) {}

  void Add(const Json& conf) {
    const Json& backends = Get(conf, "backends");
    if (!backends.is_array()) return;
    for (const Json& backend : backends) {
      const Json& otel = Get(backend, "openTelemetry");
      if (otel.is_null()) continue;
      std::optional<LogCollector> collector = FindLogCollector(otel, telemetry_, work_dir_);
      if (!collector || std::find(found_.begin(), found_.end(), *collector) != found_.end()) continue;
      found_.push_back(std::move(*collector));
    }
  }
  std::vector<LogCollector> Take() && { return std::move(found_); }

 private:
  const TelemetryFacts& telemetry_;
  const std::string& work_dir_;
  std::vector<LogCollector> found_;
};

}  // namespace

std::vector<LogCollector> PlanLogCollectors(const RuleSet& rules, const TelemetryFacts& telemetry, const std::string& work_dir,
                                            const std::vector<InboundKey>& inbounds, const std::vector<LoggedOutbound>& outbounds,
                                            bool passthrough) {
  Plan plan(telemetry, work_dir);
  for (const InboundKey& key : inbounds) {
    const auto it = rules.inbound.find(key);
    if (it == rules.inbound.end()) continue;
    for (const InboundRule& rule : it->second) plan.Add(rule.conf);
  }
  const auto add_service = [&](const std::string& service) {
    if (const Json* conf = FindToConf(rules.to, {{std::string(kServiceTag), service}})) plan.Add(*conf);
  };
  for (const LoggedOutbound& outbound : outbounds) {
    if (!outbound.destination) add_service(outbound.service);
  }
  if (passthrough) add_service("pass_through");
  bool has_destinations = false;
  for (const LoggedOutbound& outbound : outbounds) {
    if (!outbound.destination) continue;
    has_destinations = true;
    const ResourceRule* rule = FindResourceRule(rules.to_resources, *outbound.destination, outbound.destination->mesh);
    if (rule != nullptr && !rule->confs.empty()) plan.Add(rule->confs.front());
  }
  for (const auto& [id, rule] : rules.to_resources) {
    if (has_destinations && id.type == "MeshHTTPRoute" && !rule.confs.empty()) plan.Add(rule.confs.front());
  }
  return std::move(plan).Take();
}

std::optional<LogCollector> FindLogCollector(const Json& open_telemetry, const TelemetryFacts& telemetry, const std::string& work_dir) {
  const std::optional<OtelTarget> target = ResolveOtel(open_telemetry, telemetry.backends);
  if (!target) return std::nullopt;
  LogCollector collector;
  if (target->by_reference && telemetry.otel_pipe) {
    collector.socket_path = OtelSocketPath(work_dir, target->backend.name);
    collector.backend_name = target->backend.name;
    return collector;
  }
  collector.address = OtelDirectAddress(*target, telemetry.host_ip);
  collector.port = target->backend.port;
  collector.http2 = !target->backend.http;
  return collector;
}

std::string LogCollectorCluster(const LogCollector& collector, const ProxyFacts& proxy) {
  const auto& all = proxy.telemetry.log_collectors;
  const auto place = std::find(all.begin(), all.end(), collector) - all.begin();
  const std::string name = collector.socket_path.empty()
                               ? "meshaccesslog_" + CleanSystemName(collector.address + "-" + std::to_string(collector.port))
                               : "meshaccesslog_otel_" + CleanSystemName(collector.backend_name);
  return envoy::SystemName(proxy.unified_naming, name, "meshaccesslog:opentelemetry:" + std::to_string(place));
}

}  // namespace kuma::policy
