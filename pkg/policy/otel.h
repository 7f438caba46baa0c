// OpenTelemetry collectors as MeshAccessLog, MeshTrace and MeshMetric name them: by address, or by the labels of a
// MeshOpenTelemetryBackend. Those named by labels are reached through a socket of kuma-dp when it offers that; /otel of the dynamic
// configuration then tells kuma-dp where each socket leads. Values of one thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/envoy/cluster.h"
#include "pkg/model/resource.h"

namespace kuma::policy {

// A MeshOpenTelemetryBackend of the mesh.
struct OtelBackend {
  std::string name;  // display name
  Labels labels;
  std::string address;  // "": the collector of the proxy's own machine
  uint32_t port = 0;
  std::string path;
  bool http = false;  // OTLP over HTTP, else gRPC
  Json env;           // null when absent
};
using OtelBackends = std::vector<OtelBackend>;  // oldest first: of several that fit, the oldest is meant

OtelBackends MakeOtelBackends(const std::vector<ResourcePtr>& resources);

// What a policy's `openTelemetry` means.
struct OtelTarget {
  OtelBackend backend;  // without labels
  bool by_reference = false;

  bool UsesHttps() const { return backend.http && backend.port == 443; }
  std::string SignalPath(std::string_view suffix) const;  // "/base/v1/traces"
};

// Nothing: the backendRef leads nowhere.
std::optional<OtelTarget> ResolveOtel(const Json& open_telemetry, const OtelBackends& backends);

// "host:port", "host", "[::1]:4317"; the port of OTLP over gRPC when there is none.
std::pair<std::string, uint32_t> ParseOtelEndpoint(const std::string& text);

// Where kuma-dp listens for a backend.
std::string OtelSocketPath(std::string_view work_dir, std::string_view backend_name);
// The collector's address as Envoy connects to it; `host_ip` is the machine's, perhaps "".
std::string OtelDirectAddress(const OtelTarget& target, const std::string& host_ip);

// What is left of a name in names of system resources: what is not a lower case letter, digit, '-' or '_' becomes '-'.
std::string CleanSystemName(std::string_view name);

// TLS to a collector outside of the mesh. Its certificate is not checked: there is no CA to check it with.
void AddOutsideTls(envoy::ClusterDraft& cluster, const std::string& address, bool allow_renegotiation);

// A cluster of one collector, with the timeout all of them have.
envoy::ClusterDraft CollectorCluster(std::string name, envoy::Host host, bool http2, bool ipv6_dns);

enum class OtelSignal { kTraces, kLogs, kMetrics };

// What kuma-dp has to carry, gathered from the policies; text of /otel.
class OtelPipes {
 public:
  // `env_inventory`: what kuma-dp said about OTEL_ variables of its environment, null when it did not.
  void Add(const OtelTarget& target, OtelSignal signal, std::string_view work_dir, const Json& env_inventory,
           const std::string& refresh_interval = {});
  bool empty() const { return pipes_.empty(); }
  std::string ToText() const;
  // What users see of it, DataplaneInsight.openTelemetry.
  Json ToStatus() const;

 private:
  struct Plan {
    bool env_given = false;
    std::vector<std::string> overrides, missing, blocked;
    std::string refresh_interval;
  };
  struct Pipe {
    OtelBackend backend;
    std::string socket;
    bool https = false;
    std::map<OtelSignal, Plan> plans;
  };
  // Why a signal's environment counts for nothing or not fully.
  std::vector<std::string> BlockedReasons(const Pipe& pipe, OtelSignal signal, const Plan& plan) const;

  std::map<std::string, Pipe> pipes_;  // by name of the backend
};

// What telemetry policies write about a proxy; empty unless one of them matched it. Part of ProxyFacts.
struct LogCollector {
  std::string address;
  uint32_t port = 0;
  bool http2 = true;
  std::string socket_path;  // wins
  std::string backend_name;
  friend auto operator<=>(const LogCollector&, const LogCollector&) = default;
};
struct TelemetryFacts {
  std::string zone_label;  // zone of the Dataplane, as its label says
  std::string workload;    // identity of its Workload
  bool otel_pipe = false;  // kuma-dp offers sockets
  std::string host_ip;
  OtelBackends backends;
  std::vector<LogCollector> log_collectors;  // their place numbers the clusters of access logs
};

// JSON text as Go writes it: no '<', '>' or '&' in it.
std::string EscapeHtml(std::string text);

}  // namespace kuma::policy
