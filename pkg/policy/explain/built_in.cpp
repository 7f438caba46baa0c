#include "pkg/policy/explain/built_in.h"

namespace kuma::policy {
namespace {

enum class When { kAlways, kHttp, kApplied };

struct Row {
  std::string_view type;
  Side side;
  When when;
  const char* path;
  const char* value;
};

constexpr Row kRows[] = {
    {"MeshTimeout", Side::kInbound, When::kAlways, "connectionTimeout", "5s"},
    {"MeshTimeout", Side::kInbound, When::kAlways, "idleTimeout", "1h0m0s"},
    {"MeshTimeout", Side::kInbound, When::kHttp, "http.maxConnectionDuration", "0s"},
    {"MeshTimeout", Side::kInbound, When::kHttp, "http.maxStreamDuration", "0s"},
    {"MeshTimeout", Side::kInbound, When::kHttp, "http.requestHeadersTimeout", "0s"},
    {"MeshTimeout", Side::kInbound, When::kHttp, "http.requestTimeout", "15s"},
    {"MeshTimeout", Side::kInbound, When::kHttp, "http.streamIdleTimeout", "30m0s"},
    {"MeshTimeout", Side::kOutbound, When::kAlways, "connectionTimeout", "5s"},
    {"MeshTimeout", Side::kOutbound, When::kAlways, "idleTimeout", "1h0m0s"},
    {"MeshTimeout", Side::kOutbound, When::kHttp, "http.maxConnectionDuration", "0s"},
    {"MeshTimeout", Side::kOutbound, When::kHttp, "http.maxStreamDuration", "0s"},
    {"MeshTimeout", Side::kOutbound, When::kHttp, "http.requestHeadersTimeout", "0s"},
    {"MeshTimeout", Side::kOutbound, When::kHttp, "http.requestTimeout", "15s"},
    {"MeshTimeout", Side::kOutbound, When::kHttp, "http.streamIdleTimeout", "30m0s"},
    {"MeshHealthCheck", Side::kOutbound, When::kApplied, "healthyThreshold", "1"},
    {"MeshHealthCheck", Side::kOutbound, When::kApplied, "interval", "1m0s"},
    {"MeshHealthCheck", Side::kOutbound, When::kApplied, "timeout", "15s"},
    {"MeshHealthCheck", Side::kOutbound, When::kApplied, "unhealthyThreshold", "5"},
};

constexpr Row kOfEnvoy[] = {
    {"MeshCircuitBreaker", Side::kOutbound, When::kAlways, "connectionLimits.maxConnections", "1024"},
    {"MeshCircuitBreaker", Side::kOutbound, When::kAlways, "connectionLimits.maxPendingRequests", "1024"},
    {"MeshCircuitBreaker", Side::kOutbound, When::kAlways, "connectionLimits.maxRequests", "1024"},
    {"MeshCircuitBreaker", Side::kOutbound, When::kAlways, "connectionLimits.maxRetries", "3"},
    {"MeshLoadBalancingStrategy", Side::kOutbound, When::kAlways, "loadBalancer.type", "RoundRobin"},
    {"MeshRetry", Side::kOutbound, When::kApplied, "http.numRetries", "1"},
};

Json ValueOf(const char* text) {
  const Result<Json> value = ParseJson(text);
  return value.ok() ? *value : Json(text);
}

}  // namespace

std::vector<BuiltIn> BuiltInsOf(std::string_view policy_type, Side side, mesh::Protocol protocol, const mesh::MeshConfig& mesh,
                                bool applies) {
  std::vector<BuiltIn> out;
  const auto add = [&](const Row& row, const char* note) {
    if (row.type != policy_type || row.side != side || (row.when == When::kHttp && !mesh::IsHttp(protocol)) ||
        (row.when == When::kApplied && !applies))
      return;
    if (std::string_view(row.path).starts_with("http.") && !mesh::IsHttp(protocol)) return;
    out.push_back({row.path, ValueOf(row.value), note});
  };
  for (const Row& row : kRows) add(row, "");
  for (const Row& row : kOfEnvoy) add(row, "Envoy's own");
  if (policy_type == "MeshTrafficPermission" && side == Side::kInbound && !applies) {
    out.push_back(mesh.mtls_enabled ? BuiltIn{"action", "Deny", "mutual TLS is on and no policy allows anybody"}
                                    : BuiltIn{"action", "Allow", "mutual TLS is off: nobody is asked who they are"});
  }
  if (policy_type == "MeshTLS" && side == Side::kInbound && mesh.mtls_enabled) {
    out.push_back({"mode", mesh.mtls_mode == mesh::MtlsMode::kPermissive ? "Permissive" : "Strict", "the mesh's mtls backend"});
  }
  if (policy_type == "MeshPassthrough" && side == Side::kProxy) {
    out.push_back({"passthroughMode", mesh.passthrough ? "All" : "None", "the mesh's networking.outbound.passthrough"});
  }
  return out;
}

bool RulesAddUp(std::string_view policy_type) { return policy_type == "MeshTrafficPermission"; }

}  // namespace kuma::policy
