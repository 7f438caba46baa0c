#include "pkg/xds/generate/policies.h"

#include <algorithm>

#include "pkg/policy/mesh_circuit_breaker/apply.h"
#include "pkg/policy/mesh_retry/apply.h"
#include "pkg/policy/mesh_timeout/apply.h"
#include "pkg/policy/mesh_tls/apply.h"
#include "pkg/policy/mesh_traffic_permission/apply.h"

namespace kuma::xds {

const std::vector<policy::PolicyHooks>& Policies() {
  static const std::vector<policy::PolicyHooks> kPolicies = [] {
    std::vector<policy::PolicyHooks> all = {
        policy::MeshTLSHooks(),   policy::MeshTimeoutHooks(), policy::MeshTrafficPermissionHooks(), policy::MeshCircuitBreakerHooks(),
        policy::MeshRetryHooks(),
    };
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.order < b.order; });
    return all;
  }();
  return kPolicies;
}

}  // namespace kuma::xds
