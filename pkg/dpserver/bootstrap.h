// POST /bootstrap: checks the request, finds the proxy's resource, renders Envoy's bootstrap. Handle() may block on the store and on
// name lookups: call it on a worker.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "pkg/base/duration.h"
#include "pkg/base/log.h"
#include "pkg/dpserver/bootstrap_request.h"
#include "pkg/io/http_types.h"
#include "pkg/model/type.h"
#include "pkg/store/store.h"

namespace kuma::dpserver {

// bootstrapServer.params, dpServer and what they imply.
struct BootstrapOptions {
  std::string admin_address = "127.0.0.1";
  uint32_t default_admin_port = 9901;
  bool admin_unix_socket = true;
  std::string admin_access_log_path = "/dev/null";
  std::string xds_host;  // empty: the host the proxy came in by
  uint32_t xds_port = 5678;
  Nanos xds_connect_timeout = std::chrono::seconds(1);
  uint32_t xds_max_receive_bytes = 16u << 20;
  std::string corefile_template_path;
  std::string tls_cert_pem;               // of the data plane server; given to proxies that bring no CA
  std::map<std::string, bool> token_required;  // by proxy type
  bool reloadable_tokens = false;         // Envoy reads the token file itself
  bool health_discovery = true;
  bool inbound_tags_disabled = false;
  uint64_t gateway_max_connections = 50000;
};

class BootstrapHandler {
 public:
  BootstrapHandler(BootstrapOptions options, store::Store& store, const TypeRegistry& types, ValidationContext context);

  io::HttpResponse Handle(const io::HttpRequest& request) const;

 private:
  struct Proxy;
  Result<Proxy> FindProxy(const BootstrapRequest& request) const;
  Result<Resource> ParseInline(const BootstrapRequest& request, const std::string& type) const;
  Status CheckHost(const std::string& host) const;
  Result<std::string> CaFor(const BootstrapRequest& request) const;
  Result<Json> Render(BootstrapRequest request) const;  // {"bootstrap": YAML text, "sidecar": ...}

  const BootstrapOptions options_;
  store::Store& store_;
  const TypeRegistry& types_;
  const ValidationContext context_;
  const Logger log_{"xds.bootstrap"};
};

// The value of kuma.io/service that sorts first, over all inbounds and the gateway; the workload label when `inbound_tags_disabled`.
std::string IdentifyingName(const Resource& dataplane, bool inbound_tags_disabled);

}  // namespace kuma::dpserver
