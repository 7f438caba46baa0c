#include "pkg/policy/all.h"

#include "pkg/policy/mesh_access_log/spec.h"
#include "pkg/policy/mesh_circuit_breaker/spec.h"
#include "pkg/policy/mesh_fault_injection/spec.h"
#include "pkg/policy/mesh_health_check/spec.h"
#include "pkg/policy/mesh_http_route/spec.h"
#include "pkg/policy/mesh_load_balancing_strategy/spec.h"
#include "pkg/policy/mesh_metric/spec.h"
#include "pkg/policy/mesh_passthrough/spec.h"
#include "pkg/policy/mesh_proxy_patch/spec.h"
#include "pkg/policy/mesh_rate_limit/spec.h"
#include "pkg/policy/mesh_retry/spec.h"
#include "pkg/policy/mesh_tcp_route/spec.h"
#include "pkg/policy/mesh_timeout/spec.h"
#include "pkg/policy/mesh_tls/spec.h"
#include "pkg/policy/mesh_trace/spec.h"
#include "pkg/policy/mesh_traffic_permission/spec.h"

namespace kuma::policy {

void RegisterPolicyTypes(TypeRegistry& types) {
  types.Add(MakeMeshHTTPRouteType());
  types.Add(MakeMeshTCPRouteType());
  types.Add(MakeMeshTLSType());
  types.Add(MakeMeshLoadBalancingStrategyType());
  types.Add(MakeMeshPassthroughType());
  types.Add(MakeMeshAccessLogType());
  types.Add(MakeMeshTraceType());
  types.Add(MakeMeshFaultInjectionType());
  types.Add(MakeMeshRateLimitType());
  types.Add(MakeMeshTimeoutType());
  types.Add(MakeMeshTrafficPermissionType());
  types.Add(MakeMeshHealthCheckType());
  types.Add(MakeMeshCircuitBreakerType());
  types.Add(MakeMeshRetryType());
  types.Add(MakeMeshMetricType());
  types.Add(MakeMeshProxyPatchType());
}

}  // namespace kuma::policy
