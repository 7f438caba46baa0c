#include "pkg/xds/generate/policies.h"

#include <algorithm>

#include "pkg/policy/mesh_access_log/apply.h"
#include "pkg/policy/mesh_circuit_breaker/apply.h"
#include "pkg/policy/mesh_fault_injection/apply.h"
#include "pkg/policy/mesh_health_check/apply.h"
#include "pkg/policy/mesh_load_balancing_strategy/apply.h"
#include "pkg/policy/mesh_metric/apply.h"
#include "pkg/policy/mesh_passthrough/apply.h"
#include "pkg/policy/mesh_rate_limit/apply.h"
#include "pkg/policy/mesh_retry/apply.h"
#include "pkg/policy/mesh_timeout/apply.h"
#include "pkg/policy/mesh_tls/apply.h"
#include "pkg/policy/mesh_trace/apply.h"
#include "pkg/policy/mesh_traffic_permission/apply.h"

namespace kuma::xds {

const std::vector<policy::PolicyHooks>& Policies() {
  static const std::vector<policy::PolicyHooks> kPolicies = [] {
    std::vector<policy::PolicyHooks> all = {
        policy::MeshAccessLogHooks(), policy::MeshTraceHooks(), policy::MeshMetricHooks(),
        policy::MeshTLSHooks(), policy::MeshTimeoutHooks(), policy::MeshTrafficPermissionHooks(), policy::MeshCircuitBreakerHooks(),
        policy::MeshRetryHooks(), policy::MeshFaultInjectionHooks(), policy::MeshRateLimitHooks(), policy::MeshHealthCheckHooks(),
        policy::MeshLoadBalancingStrategyHooks(), policy::MeshPassthroughHooks(),
    };
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.order < b.order; });
    return all;
  }();
  return kPolicies;
}

}  // namespace kuma::xds
