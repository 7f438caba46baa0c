// What policies edit: typed drafts of one unit each, the facts of the proxy they are for, and the slice of the merged rules that
// concerns the unit. Built in pkg/xds/generate; hooks of a policy get drafts in the order of PolicyTraits::order. A hook reads
// nothing but its arguments, for they are what the unit's digest covers.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/digest.h"
#include "pkg/envoy/cluster.h"
#include "pkg/envoy/draft.h"
#include "pkg/envoy/listener.h"
#include "pkg/envoy/tls.h"
#include "pkg/mesh/facts.h"
#include "pkg/model/type.h"
#include "pkg/model/warning.h"
#include "pkg/policy/otel.h"
#include "pkg/policy/rules/ruleset.h"

namespace kuma::policy {

struct TransparentProxyFacts {
  bool enabled = false;  // listeners of services do not bind to their ports
  bool outbound = false;
  bool dns = false;
  bool ipv6 = false;
  uint32_t inbound_port = 0;
  uint32_t outbound_port = 0;
  uint32_t dns_port = 0;
};

// What the units of a proxy share. Replicas of a service have equal facts.
struct ProxyFacts {
  std::string mesh;
  std::string zone;
  std::string service;  // identifying service
  std::string system_ca_path;
  std::string work_dir;
  bool gateway = false;  // delegated
  bool unified_naming = false;
  bool ipv6_enabled = false;  // of Envoy's host
  bool ipv6_address = false;  // the proxy's own address
  bool reuse_port = false;
  bool bind_outbounds = false;
  bool strict_inbound_ports = false;
  std::vector<envoy::Cidr> internal_addresses;
  TransparentProxyFacts transparent;
  bool mtls = false;        // enabled in the mesh
  bool permissive = false;  // mode of the mesh's CA backend
  bool passthrough = true;
  bool zone_egress = false;
  bool kafka_filter = true;  // Envoy has it: a build with the contrib extensions, or unknown
  bool workload_identity = false;          // by a MeshIdentity
  envoy::TlsIdentity tls;                  // names of the secrets
  std::vector<std::string> trust_domains;  // of MeshTrusts, sorted; then the CA secret is the trust bundle
  std::map<std::string, std::vector<std::string>, std::less<>> tags_header;  // sent in x-kuma-tags when a policy reads it; else empty
  // The proxy's own tags and labels; only set when a matched policy reads them (PolicyHooks::reads_tags).
  std::map<std::string, std::vector<std::string>, std::less<>> tags;
  Labels labels;  // without the name of the proxy, which differs between replicas
  // Only set when a matched policy writes them into its configuration (access logs, metrics): they differ between replicas.
  std::string proxy_name;
  std::string proxy_address;
  Labels proxy_labels;
  TelemetryFacts telemetry;
  Digest digest;                        // of everything above
  const TypeRegistry* types = nullptr;  // constant in a process: no part of the digest

  bool UsesTls() const { return mtls || workload_identity; }
};

// Rules of one policy type that concern one unit; pointers live as long as the unit's input.
struct PolicySlice {
  bool matched = false;                     // some policy of the type selects the proxy
  bool has_to = false;                      // ... and has `to` rules, perhaps for other services
  std::vector<const SubsetRule*> from;      // inbound units
  std::vector<const InboundRule*> inbound;  // inbound units; of the first inbound elsewhere
  std::vector<const SubsetRule*> to;
  std::map<Kri, const ResourceRule*> to_resources;
  const ProxyRule* proxy = nullptr;
  std::vector<const ResourcePtr*> policies;

  // Conf for a service by tags, and for one of its routes by the hash of its matches. Null: none.
  const Json* ToService(std::string_view service) const;
  const Json* ToRoute(std::string_view service, std::string_view matches_hash) const;
  // Rule of the most specific of: resource with section, resource, mesh. `route` (may be null) goes before them.
  const ResourceRule* ToResource(const Kri& resource, const Kri* route = nullptr) const;
  // Whether some rule holds for every client, and the merge of these.
  bool HasCatchAll() const;
  Json CatchAll() const;
};
using PolicySlices = std::map<std::string, PolicySlice, std::less<>>;

// A hook that leaves a piece out says so in the draft's `warnings`.
struct InboundDraft {
  const ProxyFacts& proxy;
  const mesh::Inbound& inbound;
  InboundKey key;
  mesh::Protocol protocol = mesh::Protocol::kTcp;
  std::string section;  // contextual name
  std::string listener_name;
  std::string cluster_name;
  envoy::ListenerDraft listener;
  envoy::ClusterDraft cluster;
  std::vector<Warning> warnings = {};
};

// Makes the chains of an inbound anew: what the mesh's mode (or a policy) says about plain text.
void BuildInboundChains(InboundDraft& draft, bool permissive);

// Routes are in the draft's HTTP connection manager; their names say which rules concern them.
struct OutboundDraft {
  const ProxyFacts& proxy;
  std::string service;             // tag, or legacy name of the destination
  std::optional<Kri> destination;  // with section, when the outbound is to a resource
  mesh::Protocol protocol = mesh::Protocol::kTcp;
  envoy::ListenerDraft listener;
  std::vector<Warning> warnings = {};
};

struct OutboundClusterDraft {
  const ProxyFacts& proxy;
  std::string service;
  std::optional<Kri> destination;
  mesh::Protocol protocol = mesh::Protocol::kTcp;
  bool external = false;
  bool has_outbound = true;  // false: reached through a route only
  envoy::ClusterDraft cluster;
  std::vector<Warning> warnings = {};
};

// What only proxy-wide listeners tell about a proxy: no other unit differs between replicas because of it.
struct ProxySelf {
  std::string name;
  std::string address;
  Labels labels;
  std::map<std::string, std::vector<std::string>, std::less<>> tags;
  std::string role;              // "sidecar", "gateway", "zone-ingress", "zone-egress", "zone-proxy"
  bool zone_proxy_only = false;  // no application
  std::string metrics_cert_path;
  std::string metrics_key_path;
  Json otel_env;  // what kuma-dp found in OTEL_ variables; null when it did not look
};

// Proxy-wide listeners and clusters by role.
struct ProxyDraft {
  const ProxyFacts& proxy;
  const std::vector<mesh::Inbound>& inbounds;
  std::map<std::string, envoy::ListenerDraft> listeners;  // by name
  std::map<std::string, envoy::ClusterDraft> clusters;
  ProxySelf self = {};
  OtelPipes otel = {};
  // By name: what made a listener or cluster, as MeshProxyPatch calls it. New ones without get the origin of the step they are from.
  std::map<std::string, std::string, std::less<>> origins = {};
  std::vector<Warning> warnings = {};
};

// Where entry `index` of a list that merges by appending was written: the policy's KRI and the path there.
Warning BlameAppended(const ProxyRule& rule, std::string_view list, size_t index, const TypeRegistry& types);

// The listener that takes redirected inbound traffic for ports without a listener of their own. `strict`: only ports of inbounds.
envoy::ListenerDraft InboundPassthroughListener(const ProxyFacts& proxy, const std::vector<mesh::Inbound>& inbounds, bool ipv6,
                                                bool strict);

// Endpoints of one cluster of one proxy.
struct EndpointsDraft {
  const ProxyFacts& proxy;
  std::string service;
  std::optional<Kri> destination;
  bool has_outbound = true;  // false: reached through a route only
  envoy::LoadAssignment assignment;
};

// What a policy does to units. Absent hooks leave the unit alone; present ones are called whether a policy matched or not.
struct PolicyHooks {
  std::string_view type;
  int order = 0;
  void (*inbound)(InboundDraft&, const PolicySlice&) = nullptr;
  void (*outbound)(OutboundDraft&, const PolicySlice&) = nullptr;
  void (*cluster)(OutboundClusterDraft&, const PolicySlice&) = nullptr;
  void (*endpoints)(EndpointsDraft&, const PolicySlice&) = nullptr;
  void (*proxy)(ProxyDraft&, const PolicySlice&) = nullptr;
  bool cluster_reads_inbound = false;  // its cluster and proxy hooks read the rules of the first inbound
  bool names_proxy = false;            // writes name, address or labels of the proxy: fills ProxyFacts::proxy_...
  bool reads_tags = false;             // fills ProxyFacts::tags and labels
  std::string_view origin = {};        // of what its proxy hook adds (ProxyDraft::origins)
};

}  // namespace kuma::policy
