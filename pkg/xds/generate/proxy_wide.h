// What a proxy has once: admin access, readiness, redirected traffic without a listener of its own, DNS, probes, direct access.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pkg/xds/generate/outbounds.h"
#include "pkg/xds/generate/slices.h"
#include "pkg/xds/identity.h"
#include "pkg/xds/units.h"

namespace kuma::xds {

struct AdminInput {
  std::string listen_address;  // of the Dataplane
  std::string admin_address;   // of Envoy's admin interface
  uint32_t port = 0;           // 0: nothing is made
  std::string socket_path;     // of the admin interface; wins over address and port
  uint32_t readiness_port = 0;
  std::string readiness_socket;  // wins over the port
  bool unified_naming = false;   // as the proxy can, whatever its mesh does
  AdminMaterialPtr material;
};

struct ProbeRoute {
  std::string path;
  std::string inbound_path;
  uint32_t inbound_port = 0;
  std::string cluster;  // "": no inbound has the port, the prober is redirected to it
};

struct DirectEndpoint {
  std::string address;
  uint32_t port = 0;
  friend auto operator<=>(const DirectEndpoint&, const DirectEndpoint&) = default;
};

struct ProxyWideInput {
  std::shared_ptr<const policy::ProxyFacts> facts;
  AdminInput admin;
  std::vector<mesh::Inbound> inbounds;
  policy::ProxySelf self;
  std::vector<VirtualName> names;  // DNS
  bool embedded_dns = false;       // served by kuma-dp
  std::string dns_labels;          // JSON of its extra labels
  std::string probes_address;
  uint32_t probes_port = 0;  // 0: none
  std::vector<ProbeRoute> probes;
  std::vector<DirectEndpoint> direct_access;
  bool direct_access_enabled = false;
  Json prometheus;  // the Mesh's metrics, with what the Dataplane changes of them; null: none
  UnitRules rules;
};

Json PrometheusConf(const mesh::MeshConfig& mesh, const mesh::Dataplane& dataplane);

ProxyWideInput MakeProxyWideInput(const ProxyInput& input, const std::shared_ptr<const policy::ProxyFacts>& facts,
                                  const OutboundList& outbounds, RuleSlicer& slicer);
Unit ProxyWideUnit(ProxyWideInput input);

// From what the proxy said about itself.
AdminInput MakeAdminInput(const ProxyNode& node, const std::string& listen_address, AdminMaterialPtr material);
void AddAdminInput(DigestBuilder& digest, const AdminInput& admin);

// The pieces; each adds to the draft.
void AddAdmin(policy::ProxyDraft& draft, const AdminInput& input);
void AddTransparentProxy(policy::ProxyDraft& draft);
void AddDns(policy::ProxyDraft& draft, const ProxyWideInput& input);
void AddPrometheus(policy::ProxyDraft& draft, const ProxyWideInput& input);
void AddProbes(policy::ProxyDraft& draft, const ProxyWideInput& input);
void AddDirectAccess(policy::ProxyDraft& draft, const ProxyWideInput& input);

}  // namespace kuma::xds
