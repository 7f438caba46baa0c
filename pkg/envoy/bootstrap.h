// The configuration that Envoy starts with: how to reach the control plane, who the proxy is, and little else. Used by pkg/dpserver.
// Pure: everything comes in through the parameters.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pkg/base/duration.h"
#include "pkg/base/json.h"

namespace kuma::envoy {

struct BootstrapParams {
  std::string node_id;       // <mesh>.<name>
  std::string node_cluster;  // service, workload, "ingress" or "egress"
  Json metadata = Json::object();

  bool delta_xds = false;
  bool health_discovery = false;
  bool unified_names = false;       // system_ads instead of ads_cluster
  bool v4_only_lookup = false;      // the control plane's name has only IPv4 addresses

  std::string xds_host;
  uint32_t xds_port = 5678;
  Nanos xds_connect_timeout = std::chrono::seconds(1);
  uint32_t xds_max_receive_bytes = 16u << 20;
  std::string ca_pem;               // empty: no CA
  std::string token;                // sent as the authorization header
  std::string token_path;           // non-empty: Envoy reads the token from this file and may see it change

  std::string admin_address = "127.0.0.1";
  uint32_t admin_port = 0;          // 0: no admin interface
  std::string admin_socket_path;    // wins over address and port
  std::string admin_access_log_path;

  std::string access_log_socket_path;

  bool builtin_gateway = false;
  uint64_t gateway_max_connections = 50000;
  uint64_t max_heap_bytes = 0;      // of gateways; 0: no limit
};

// YAML text. kInternal only when protobuf cannot print its own message.
Result<std::string> MakeBootstrap(const BootstrapParams& params);

}  // namespace kuma::envoy
