#include "pkg/resources/legacy/type.h"

#include "pkg/resources/common_fields.h"

namespace kuma::resources {
namespace {

struct Row {
  const char* name;
  const char* path;
  const char* short_name;
  const char* singular;
  const char* plural;
  const char* argument;
  bool policy;
};

constexpr Row kRows[] = {
    {"CircuitBreaker", "circuit-breakers", "", "Circuit Breaker", "Circuit Breakers", "circuit-breaker", true},
    {"FaultInjection", "fault-injections", "", "Fault Injection", "Fault Injections", "fault-injection", true},
    {"HealthCheck", "health-checks", "", "Health Check", "Health Checks", "healthcheck", true},
    {"MeshGateway", "meshgateways", "mgw", "Mesh Gateway", "Mesh Gateways", "meshgateway", false},
    {"MeshGatewayRoute", "meshgatewayroutes", "", "Mesh Gateway Route", "Mesh Gateway Routes", "meshgatewayroute", true},
    {"ProxyTemplate", "proxytemplates", "", "Proxy Template", "Proxy Templates", "proxytemplate", true},
    {"RateLimit", "rate-limits", "", "Rate Limit", "Rate Limits", "rate-limit", true},
    {"Retry", "retries", "", "Retry", "Retries", "retry", true},
    {"Timeout", "timeouts", "", "Timeout", "Timeouts", "timeout", true},
    {"TrafficLog", "traffic-logs", "", "Traffic Log", "Traffic Logs", "traffic-log", true},
    {"TrafficPermission", "traffic-permissions", "", "Traffic Permission", "Traffic Permissions", "traffic-permission", true},
    {"TrafficRoute", "traffic-routes", "", "Traffic Route", "Traffic Routes", "traffic-route", true},
    {"TrafficTrace", "traffic-traces", "", "Traffic Trace", "Traffic Traces", "traffic-trace", true},
    {"VirtualOutbound", "virtual-outbounds", "", "Virtual Outbound", "Virtual Outbounds", "virtual-outbound", true},
};

}  // namespace

std::vector<TypeDescriptor> MakeLegacyTypes() {
  std::vector<TypeDescriptor> types;
  for (const Row& row : kRows) {
    TypeDescriptor type;
    type.name = row.name;
    type.path = row.path;
    type.short_name = row.short_name;
    type.singular_display = row.singular;
    type.plural_display = row.plural;
    type.kumactl_arg = row.argument;
    type.inlined_spec = true;
    type.is_policy = row.policy;  // without traits: no targetRef
    type.kds.global_to_zone = true;
    type.kds.zone_to_global = type.name == "MeshGateway";
    type.schema = ProtoSchema({});
    type.schema.preserve_unknown = true;
    types.push_back(std::move(type));
  }
  return types;
}

}  // namespace kuma::resources
