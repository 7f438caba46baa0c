// Typed facts of a mesh, derived from stored resources. Everything here is an immutable value with a digest; generators and the
// rule engine read facts, never resources of the store. Built by pkg/mesh/snapshot.h on the mesh loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/digest.h"
#include "pkg/model/kri.h"
#include "pkg/model/resource.h"

namespace kuma::mesh {

using Tags = LabelMap;

// Wire protocols of a service, from the least to the most specific common denominator (docs: protocol support).
enum class Protocol { kUnknown, kTcp, kTls, kHttp, kHttp2, kGrpc, kKafka, kMysql };
std::string_view ProtocolName(Protocol protocol);
Protocol ParseProtocol(std::string_view text);  // kUnknown for anything else
inline bool IsHttp(Protocol p) { return p == Protocol::kHttp || p == Protocol::kHttp2 || p == Protocol::kGrpc; }
// What all of a service's endpoints can speak: http+http2 -> http, grpc+http2 -> http2, kafka+http -> tcp ... (reference: service protocol inference).
Protocol CommonProtocol(Protocol a, Protocol b);

enum class InboundState { kReady, kNotReady, kIgnored };

struct Inbound {
  std::string address;          // inbound address, else networking.address: where Envoy listens
  std::string advertised_address;  // networking.advertisedAddress, else `address`: what others connect to
  uint32_t port = 0;
  uint32_t service_port = 0;    // port when not given
  std::string service_address;  // "127.0.0.1" when not given (what the local application listens on)
  bool service_address_set = false;
  std::string name;             // "" when not given
  Protocol protocol = Protocol::kTcp;  // `protocol` field, else the kuma.io/protocol tag, else tcp
  std::string protocol_text;
  Tags tags;
  InboundState state = InboundState::kReady;  // health.ready false counts as kNotReady

  // name, else the port as text: what sectionName refers to.
  std::string SectionName() const;
  std::string_view Service() const;  // kuma.io/service or ""
};

struct BackendRef {
  std::string kind;
  std::string name;
  uint32_t port = 0;
  Tags labels;
};

struct Outbound {
  std::string address;  // "127.0.0.1" when not given
  uint32_t port = 0;
  Tags tags;            // legacy; empty with a backend_ref
  std::shared_ptr<const BackendRef> backend_ref;  // null: named by tags
};

struct TransparentProxying {
  uint32_t redirect_port_inbound = 0;
  uint32_t redirect_port_outbound = 0;
  std::vector<std::string> direct_access_services;
  std::vector<std::string> reachable_services;
  std::string ip_family_mode;
  bool has_reachable_backends = false;
  Json reachable_backends;  // refs
};

struct Gateway {
  Tags tags;
  bool builtin = false;
};

struct ProxyListener {  // mesh-scoped zone proxy listener of a Dataplane
  std::string type;     // ZoneIngress, ZoneEgress
  std::string address;
  uint32_t port = 0;
  std::string name;
  InboundState state = InboundState::kReady;
};

struct Dataplane {
  ResourcePtr resource;
  Digest digest;  // of labels and spec; status-like changes do not move it
  std::string name;
  std::string address;
  uint32_t admin_port = 0;  // 0: not set
  std::vector<Inbound> inbounds;
  std::vector<Outbound> outbounds;
  std::optional<Gateway> gateway;
  std::shared_ptr<const TransparentProxying> transparent_proxying;  // null: none
  std::vector<ProxyListener> listeners;
  Json metrics;
  Json probes;

  const Labels& labels() const { return resource->meta.labels; }
  bool IsDelegatedGateway() const { return gateway.has_value() && !gateway->builtin; }
  // Services of all inbounds (or the gateway's), sorted, unique.
  std::vector<std::string> Services() const;
  // The one that names the proxy's Envoy cluster and logs: of its inbounds or gateway the first by name, "unknown" without tags.
  std::string IdentifyingService() const;
  // Values of each tag over all inbounds/gateway.
  std::map<std::string, std::vector<std::string>, std::less<>> TagSet() const;
};
using DataplanePtr = std::shared_ptr<const Dataplane>;

// Never fails: a stored Dataplane has passed validation; fields that are missing get their defaults.
DataplanePtr ParseDataplane(const ResourcePtr& resource);

struct Locality {
  std::string zone;
  std::string sub_zone;
  uint32_t priority = 0;
  uint32_t weight = 0;
  friend auto operator<=>(const Locality&, const Locality&) = default;
};

struct ExternalEndpoint {  // endpoint outside of the mesh (MeshExternalService, or an ExternalService)
  bool tls_enabled = false;
  std::string server_name;
  std::string ca_cert;
  std::string client_cert;
  std::string client_key;
  bool allow_renegotiation = false;
  bool skip_hostname_verification = false;
  Json tls;  // the MeshExternalService's spec.tls, for what is not above
  Protocol protocol = Protocol::kTcp;
};

struct Endpoint {
  std::string address;   // IP, host name or unix path
  std::string unix_path;
  uint32_t port = 0;
  Tags tags;             // of the inbound, kuma.io/service included
  Labels labels;         // of the Dataplane
  uint32_t weight = 1;
  std::optional<Locality> locality;
  std::shared_ptr<const ExternalEndpoint> external;
};

struct EndpointSet {
  std::vector<Endpoint> endpoints;
  Digest digest;
};
using EndpointSetPtr = std::shared_ptr<const EndpointSet>;

// A service known by its kuma.io/service tag.
struct ServiceInfo {
  std::string name;
  Protocol protocol = Protocol::kTcp;
  bool tls_ready = false;      // every proxy of it holds a certificate (PERMISSIVE: clients use TLS only then)
  bool external = false;
  Digest digest;
};
using ServiceInfoPtr = std::shared_ptr<const ServiceInfo>;

struct DestinationPort {
  uint32_t port = 0;
  std::string name;         // "" when not given
  std::string target_port;  // number or name, MeshService only
  Protocol protocol = Protocol::kTcp;
  std::string SectionName() const;  // name, else the port as text
};

// MeshService, MeshExternalService or MeshMultiZoneService.
struct Destination {
  Kri kri;                // without section
  ResourcePtr resource;
  Digest digest;          // of labels, spec and the parts of status that proxies read (vips, addresses, tls, meshServices)
  std::vector<DestinationPort> ports;
  std::vector<std::string> vips;
  std::vector<std::string> hostnames;        // status.addresses[].hostname
  bool tls_ready = false;                    // MeshService status.tls.status == Ready
  bool local = true;                         // of this zone
  std::vector<std::string> service_tag_identities;  // MeshService spec.identities of type ServiceTag
  std::vector<std::string> spiffe_identities;       // ... of type SpiffeID
  std::vector<Kri> members;                  // MeshMultiZoneService: status.meshServices

  const DestinationPort* FindPort(std::string_view section_name) const;
  const DestinationPort* FindPort(uint32_t port) const;
  // <mesh>_<name>_<namespace>_<zone>_<msvc|extsvc|mzsvc>_<port>: cluster and endpoint name without unified naming.
  std::string LegacyName(const DestinationPort& port) const;
};
using DestinationPtr = std::shared_ptr<const Destination>;
DestinationPtr ParseDestination(const ResourcePtr& resource, std::string_view local_zone);

enum class MtlsMode { kStrict, kPermissive };
enum class MeshServicesMode { kDisabled, kEverywhere, kReachableBackends, kExclusive };

struct MeshConfig {
  std::string name;
  ResourcePtr resource;
  Digest digest;  // of the spec
  bool mtls_enabled = false;
  std::string backend_name;  // enabled backend
  Json backend;              // its document
  MtlsMode mtls_mode = MtlsMode::kStrict;
  bool skip_mtls_validation = false;
  bool passthrough = true;             // networking.outbound.passthrough
  bool locality_aware = false;         // routing.localityAwareLoadBalancing
  bool zone_egress = false;            // routing.zoneEgress
  bool forbid_external_access = false; // routing.defaultForbidMeshExternalServiceAccess
  MeshServicesMode mesh_services = MeshServicesMode::kDisabled;
};
using MeshConfigPtr = std::shared_ptr<const MeshConfig>;
MeshConfigPtr ParseMesh(const ResourcePtr& resource);

}  // namespace kuma::mesh
