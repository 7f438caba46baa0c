// What one run of kuma-dp needs, as plain values taken from the loaded configuration. Built once in cmd/kuma-dp, immutable after.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pkg/base/duration.h"
#include "pkg/base/json.h"
#include "pkg/config/config.h"

namespace kuma::dp {

// Pauses between attempts grow from `first` to `longest`; after `total` the last error is final.
struct RetryPolicy {
  Nanos first = std::chrono::milliseconds(100);
  Nanos longest = std::chrono::seconds(3);
  Nanos total = std::chrono::minutes(5);
};

struct Settings {
  std::string cp_url;
  RetryPolicy retry;
  std::string ca_cert_pem;
  std::string ca_cert_file;
  bool skip_verify = false;

  std::string name;
  std::string mesh;
  std::string proxy_type = "dataplane";
  Nanos drain_time = std::chrono::seconds(30);
  Nanos stop_grace = std::chrono::seconds(5);  // between SIGTERM and SIGKILL of Envoy
  uint16_t readiness_port = 9902;
  bool readiness_port_fixed = false;  // set by the user: busy is an error then

  std::string envoy_path = "envoy";
  std::string work_dir;  // empty: a temporary one
  int64_t concurrency = 0;
  std::string token;
  std::string token_path;
  std::string resource_text;
  std::string resource_path;  // "-": standard input
  std::map<std::string, std::string> resource_vars;
  std::string envoy_log_level = "info";
  std::string envoy_component_log_level;
  uint64_t max_memory_bytes = 0;
  std::string metrics_cert_path;
  std::string metrics_key_path;
  Nanos refresh_interval = std::chrono::seconds(1);
  std::string system_ca_path;
  Json transparent_proxy;  // null: none
  bool bind_outbounds = false;
  std::string xds_variant;
  bool unified_naming = false;
  bool ipv6_enabled = true;
  bool spire_supported = false;
  std::string spire_socket_path;
  bool strict_inbound_ports = true;
  bool reuse_port = true;
  bool otel_pipe = true;    // telemetry goes through kuma-dp
  uint16_t probe_port = 0;  // of the application probe proxy; 0: off

  bool dns_enabled = true;
  uint16_t dns_port = 0;  // of our own DNS server; 0: off
  uint16_t envoy_dns_port = 15054;
  bool dns_logging = false;

  std::map<std::string, std::string> otel_environment;  // the variables OTEL_…
  std::string host_ip;           // HOST_IP
  bool in_kubernetes = false;    // POD_NAME is set
  std::string general_work_dir;  // where a control plane of this machine and user keeps its certificate

  bool IsZoneProxy() const { return proxy_type != "dataplane"; }
  bool DnsOn() const { return dns_enabled && dns_port != 0 && !IsZoneProxy(); }
};

// `environment` gives HOST_IP, POD_NAME and KUMA_GENERAL_WORK_DIR. `transparent_proxy` is null or what LoadTransparentProxy gave; it wins
// over the configuration's own.
Settings MakeSettings(const config::Config& config, const std::map<std::string, std::string>& environment, const Json& transparent_proxy);

// Names of what this kuma-dp can do, as the control plane knows them.
std::vector<std::string> FeaturesOf(const Settings& settings);

}  // namespace kuma::dp
