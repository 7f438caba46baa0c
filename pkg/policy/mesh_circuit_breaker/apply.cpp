#include "pkg/policy/mesh_circuit_breaker/apply.h"

#include <cmath>

#include "pkg/policy/conf.h"

namespace kuma::policy {

namespace {

using OutlierDetection = ::envoy::config::cluster::v3::OutlierDetection;

void SetLimits(envoy::Cluster& cluster, const Json& limits) {
  auto& threshold = envoy::DefaultThreshold(cluster);
  if (const auto n = FindUint(limits, "maxConnectionPools")) threshold.mutable_max_connection_pools()->set_value(*n);
  if (const auto n = FindUint(limits, "maxConnections")) threshold.mutable_max_connections()->set_value(*n);
  if (const auto n = FindUint(limits, "maxPendingRequests")) threshold.mutable_max_pending_requests()->set_value(*n);
  if (const auto n = FindUint(limits, "maxRetries")) threshold.mutable_max_retries()->set_value(*n);
  if (const auto n = FindUint(limits, "maxRequests")) threshold.mutable_max_requests()->set_value(*n);
}

// A detector that is not configured is switched off explicitly: Envoy has some of them on by default.
void SetConsecutive(OutlierDetection& detection, const Json& detectors) {
  const auto total = FindUint(Get(detectors, "totalFailures"), "consecutive");
  detection.mutable_enforcing_consecutive_5xx()->set_value(total ? 100 : 0);
  if (total) detection.mutable_consecutive_5xx()->set_value(*total);
  const auto local = FindUint(Get(detectors, "localOriginFailures"), "consecutive");
  detection.mutable_enforcing_consecutive_local_origin_failure()->set_value(local ? 100 : 0);
  if (local) detection.mutable_consecutive_local_origin_failure()->set_value(*local);
  const auto gateway = FindUint(Get(detectors, "gatewayFailures"), "consecutive");
  detection.mutable_enforcing_consecutive_gateway_failure()->set_value(gateway ? 100 : 0);
  if (gateway) detection.mutable_consecutive_gateway_failure()->set_value(*gateway);
}

void SetSuccessRate(OutlierDetection& detection, const Json& conf) {
  const uint32_t enforcing = conf.is_object() ? 100 : 0;
  detection.mutable_enforcing_success_rate()->set_value(enforcing);
  detection.mutable_enforcing_local_origin_success_rate()->set_value(enforcing);
  if (const auto n = FindUint(conf, "minimumHosts")) detection.mutable_success_rate_minimum_hosts()->set_value(*n);
  if (const auto n = FindUint(conf, "requestVolume")) detection.mutable_success_rate_request_volume()->set_value(*n);
  if (const auto factor = FindDecimal(conf, "standardDeviationFactor")) {
    // Envoy takes thousandths; the tolerance keeps "1.9" from becoming 1899.
    detection.mutable_success_rate_stdev_factor()->set_value(static_cast<uint32_t>(std::floor(*factor * 1000 + 1e-6)));
  }
}

void SetFailurePercentage(OutlierDetection& detection, const Json& conf) {
  const uint32_t enforcing = conf.is_object() ? 100 : 0;
  detection.mutable_enforcing_failure_percentage()->set_value(enforcing);
  detection.mutable_enforcing_failure_percentage_local_origin()->set_value(enforcing);
  if (const auto n = FindUint(conf, "minimumHosts")) detection.mutable_failure_percentage_minimum_hosts()->set_value(*n);
  if (const auto n = FindUint(conf, "requestVolume")) detection.mutable_failure_percentage_request_volume()->set_value(*n);
  if (const auto n = FindUint(conf, "threshold")) detection.mutable_failure_percentage_threshold()->set_value(*n);
}

void SetOutlierDetection(envoy::Cluster& cluster, const Json& conf) {
  if (!conf.is_object() || GetBool(conf, "disabled")) return;
  OutlierDetection& detection = *cluster.mutable_outlier_detection();
  detection.Clear();
  if (const auto interval = FindDuration(conf, "interval")) envoy::SetDuration(detection.mutable_interval(), *interval);
  if (const auto time = FindDuration(conf, "baseEjectionTime")) envoy::SetDuration(detection.mutable_base_ejection_time(), *time);
  detection.set_split_external_local_origin_errors(GetBool(conf, "splitExternalAndLocalErrors"));
  if (const auto n = FindUint(conf, "maxEjectionPercent")) detection.mutable_max_ejection_percent()->set_value(*n);
  const Json& detectors = Get(conf, "detectors");
  SetConsecutive(detection, detectors);
  if (detectors.is_object()) {
    SetSuccessRate(detection, Get(detectors, "successRate"));
    SetFailurePercentage(detection, Get(detectors, "failurePercentage"));
  }
  if (const auto panic = FindDecimal(conf, "healthyPanicThreshold")) {
    cluster.mutable_common_lb_config()->mutable_healthy_panic_threshold()->set_value(*panic);
  }
}

void Configure(envoy::Cluster& cluster, const Json& conf) {
  SetLimits(cluster, Get(conf, "connectionLimits"));
  SetOutlierDetection(cluster, Get(conf, "outlierDetection"));
}

void Inbound(InboundDraft& draft, const PolicySlice& slice) { Configure(draft.cluster.cluster, slice.CatchAll()); }

void Cluster(OutboundClusterDraft& draft, const PolicySlice& slice) {
  const Json* conf = nullptr;
  if (draft.destination) {
    const ResourceRule* rule = slice.ToResource(*draft.destination);
    conf = rule == nullptr ? nullptr : &rule->confs.front();
  } else if (draft.has_outbound) {
    conf = slice.ToService(draft.service);
  }
  Configure(draft.cluster.cluster, conf == nullptr ? Json::object() : *conf);
}

// Gauges of remaining resources are on for every cluster that exists at this point.
void Proxy(ProxyDraft& draft, const PolicySlice&) {
  for (auto& [name, cluster] : draft.clusters) envoy::DefaultThreshold(cluster.cluster);
}

}  // namespace

PolicyHooks MeshCircuitBreakerHooks() {
  return {.type = "MeshCircuitBreaker", .order = 1300, .inbound = Inbound, .cluster = Cluster, .proxy = Proxy};
}

}  // namespace kuma::policy
