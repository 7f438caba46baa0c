// The body of POST /bootstrap, and the node metadata made of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"

namespace kuma::dpserver {

struct BootstrapRequest {
  std::string mesh;
  std::string name;
  std::string proxy_type;  // "dataplane" when the request has none
  std::string dataplane_token;
  std::string dataplane_token_path;
  std::string dataplane_resource;  // YAML or JSON text
  std::string ca_cert;             // PEM with which the proxy verifies the control plane
  std::string host;                // of the URL, without port
  Json version = Json::object();   // {kumaDp{...}, envoy{...}}
  Json dynamic_metadata = Json::object();
  Json otel_env;                   // null when absent
  Json transparent_proxy;          // null when absent
  uint32_t dns_port = 0;
  uint32_t readiness_port = 0;
  bool app_probe_proxy_enabled = false;
  std::vector<std::string> features;
  uint64_t max_heap_bytes = 0;
  std::string workdir;
  std::string metrics_cert_path;
  std::string metrics_key_path;
  std::string system_ca_path;
  bool ipv6_enabled = false;
  std::string spire_socket_path;

  bool HasFeature(std::string_view feature) const;
  // Inbound or outbound traffic is redirected to the proxy at `address`.
  bool RedirectsTraffic(const std::string& address) const;
};

// kInvalid: not JSON, or fields of wrong types.
Result<BootstrapRequest> ParseBootstrapRequest(std::string_view body);

// Node metadata but for the admin interface. Ports travel as text, as proxies of all versions expect.
Json MakeNodeMetadata(const BootstrapRequest& request);

}  // namespace kuma::dpserver
