// What the control plane answered to the bootstrap request: Envoy's configuration and what kuma-dp itself needs of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pkg/base/json.h"

namespace kuma::dp {

// Where Envoy's admin interface listens: a Unix socket or a TCP port. Neither: Envoy has none.
struct AdminAddress {
  std::string unix_path;
  std::string host;
  uint16_t port = 0;
  // Of the listener on the proxy's own address that leads to the interface, as the control plane is told. 0: none.
  uint16_t announced_port = 0;

  bool IsSet() const { return !unix_path.empty() || port != 0; }
  // For io::HttpFetch. REQUIRES: IsSet()
  std::string Url(std::string_view target) const;
};

struct BootstrapConfig {
  std::string yaml;  // as Envoy gets it
  AdminAddress admin;
  Json metrics_aggregate;       // kumaSidecarConfiguration.metrics.aggregate: applications of the Mesh's own metrics
  std::string sidecar_address;  // kumaSidecarConfiguration.networking.address

  // Moves a TCP admin interface and the listener in front of it to another port, also in the node's metadata, from which the control
  // plane knows it.
  Status MoveAdmin(uint16_t port);
};

Result<BootstrapConfig> ParseBootstrapReply(const std::string& body);

}  // namespace kuma::dp
