#include "pkg/mesh/facts.h"

#include <algorithm>
#include <array>
#include <set>
#include <span>

#include "pkg/base/strings.h"

namespace kuma::mesh {
namespace {

std::vector<std::string> ParseStrings(const Json& value) {
  std::vector<std::string> out;
  if (!value.is_array()) return out;
  for (const Json& item : value) {
    if (item.is_string()) out.push_back(item.get<std::string>());
  }
  return out;
}

uint32_t ParsePort(const Json& object, std::string_view key) { return static_cast<uint32_t>(GetInt(object, key)); }

std::string OrElse(std::string value, const std::string& otherwise) { return value.empty() ? otherwise : value; }

InboundState ParseState(const Json& inbound) {
  const std::string state = GetString(inbound, "state");
  if (state == "Ignored") return InboundState::kIgnored;
  const Json& health = Get(inbound, "health");
  // A health document without `ready` is a protobuf bool that was left at false.
  if (state == "NotReady" || (health.is_object() && !GetBool(health, "ready"))) return InboundState::kNotReady;
  return InboundState::kReady;
}

Inbound ParseInbound(const Json& value, const std::string& networking_address, const std::string& advertised) {
  Inbound inbound;
  inbound.address = OrElse(GetString(value, "address"), networking_address);
  inbound.advertised_address = OrElse(OrElse(advertised, GetString(value, "address")), networking_address);
  inbound.port = ParsePort(value, "port");
  inbound.service_port = ParsePort(value, "servicePort");
  if (inbound.service_port == 0) inbound.service_port = inbound.port;
  inbound.service_address = GetString(value, "serviceAddress");
  inbound.service_address_set = !inbound.service_address.empty();
  if (!inbound.service_address_set) inbound.service_address = "127.0.0.1";
  inbound.name = GetString(value, "name");
  inbound.tags = TextMembers(Get(value, "tags"));
  inbound.protocol_text = GetString(value, "protocol");
  if (inbound.protocol_text.empty()) {
    if (const auto it = inbound.tags.find(kProtocolTag); it != inbound.tags.end()) inbound.protocol_text = it->second;
  }
  inbound.protocol = ParseProtocol(inbound.protocol_text);
  inbound.state = ParseState(value);
  return inbound;
}

Outbound ParseOutbound(const Json& value) {
  Outbound outbound;
  outbound.address = OrElse(GetString(value, "address"), "127.0.0.1");
  outbound.port = ParsePort(value, "port");
  outbound.tags = TextMembers(Get(value, "tags"));
  if (const Json& ref = Get(value, "backendRef"); ref.is_object()) {
    outbound.backend_ref = std::make_shared<const BackendRef>(BackendRef{GetString(ref, "kind"), GetString(ref, "name"), ParsePort(ref, "port"), TextMembers(Get(ref, "labels"))});
  }
  return outbound;
}

std::string IntOrStringText(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number()) return std::to_string(value.get<int64_t>());
  return {};
}

std::span<const Protocol> Stack(Protocol protocol) {
  static constexpr std::array kGrpcStack{Protocol::kGrpc, Protocol::kHttp2, Protocol::kTcp};
  static constexpr std::array kHttp2Stack{Protocol::kHttp2, Protocol::kTcp};
  static constexpr std::array kHttpStack{Protocol::kHttp, Protocol::kTcp};
  static constexpr std::array kKafkaStack{Protocol::kKafka, Protocol::kTcp};
  static constexpr std::array kTcpStack{Protocol::kTcp};
  switch (protocol) {
    case Protocol::kGrpc: return kGrpcStack;
    case Protocol::kHttp2: return kHttp2Stack;
    case Protocol::kHttp: return kHttpStack;
    case Protocol::kKafka: return kKafkaStack;
    case Protocol::kTls:
    case Protocol::kTcp: return kTcpStack;
    default: return {};
  }
}

void AddLabels(DigestBuilder& digest, const Labels& labels) {
  for (const auto& [key, value] : labels) digest.Add(key).Add(value);
}

}  // namespace

std::string_view ProtocolName(Protocol protocol) {
  switch (protocol) {
    case Protocol::kUnknown: return "unknown";
    case Protocol::kTcp: return "tcp";
    case Protocol::kTls: return "tls";
    case Protocol::kHttp: return "http";
    case Protocol::kHttp2: return "http2";
    case Protocol::kGrpc: return "grpc";
    case Protocol::kKafka: return "kafka";
    case Protocol::kMysql: return "mysql";
  }
  return "unknown";
}

Protocol ParseProtocol(std::string_view text) {
  const std::string lower = ToLower(text);
  for (const Protocol p : {Protocol::kTcp, Protocol::kTls, Protocol::kHttp, Protocol::kHttp2, Protocol::kGrpc, Protocol::kKafka, Protocol::kMysql}) {
    if (lower == ProtocolName(p)) return p;
  }
  return Protocol::kUnknown;
}

Protocol CommonProtocol(Protocol a, Protocol b) {
  if (a == b) return a;
  for (const Protocol pa : Stack(a)) {
    for (const Protocol pb : Stack(b)) {
      if (pa == pb) return pa;
    }
  }
  return Protocol::kUnknown;
}

std::string Inbound::SectionName() const { return name.empty() ? std::to_string(port) : name; }

std::string_view Inbound::Service() const {
  const auto it = tags.find(kServiceTag);
  return it == tags.end() ? std::string_view() : std::string_view(it->second);
}

std::vector<std::string> Dataplane::Services() const {
  std::set<std::string> services;
  if (gateway) {
    if (const auto it = gateway->tags.find(kServiceTag); it != gateway->tags.end()) services.insert(it->second);
  }
  for (const Inbound& inbound : inbounds) {
    if (const std::string_view service = inbound.Service(); !service.empty()) services.emplace(service);
  }
  return {services.begin(), services.end()};
}

std::string Dataplane::IdentifyingService() const {
  // The first by name: the order of inbounds tells nothing.
  std::set<std::string_view> services;
  if (gateway) {
    if (const auto it = gateway->tags.find(kServiceTag); it != gateway->tags.end()) services.insert(it->second);
  }
  for (const Inbound& inbound : inbounds) services.insert(inbound.Service());
  services.erase("");
  return services.empty() ? "unknown" : std::string(*services.begin());
}

std::map<std::string, std::vector<std::string>, std::less<>> Dataplane::TagSet() const {
  std::map<std::string, std::set<std::string>> sets;
  if (gateway) {
    for (const auto& [key, value] : gateway->tags) sets[key].insert(value);
  }
  for (const Inbound& inbound : inbounds) {
    for (const auto& [key, value] : inbound.tags) sets[key].insert(value);
  }
  std::map<std::string, std::vector<std::string>, std::less<>> out;
  for (const auto& [key, values] : sets) out[key] = {values.begin(), values.end()};
  return out;
}

DataplanePtr ParseDataplane(const ResourcePtr& resource) {
  auto dataplane = std::make_shared<Dataplane>();
  dataplane->resource = resource;
  dataplane->name = resource->meta.name();
  DigestBuilder digest;
  AddLabels(digest, resource->meta.labels);
  dataplane->digest = digest.Add(resource->meta.mesh()).Add(resource->meta.name()).Add(ToJsonText(resource->spec)).Finish();

  const Json& networking = Get(resource->spec, "networking");
  dataplane->address = GetString(networking, "address");
  const std::string advertised = GetString(networking, "advertisedAddress");
  dataplane->admin_port = ParsePort(Get(networking, "admin"), "port");
  dataplane->inbounds.reserve(Get(networking, "inbound").size());
  for (const Json& inbound : Get(networking, "inbound")) dataplane->inbounds.push_back(ParseInbound(inbound, dataplane->address, advertised));
  dataplane->outbounds.reserve(Get(networking, "outbound").size());
  for (const Json& outbound : Get(networking, "outbound")) dataplane->outbounds.push_back(ParseOutbound(outbound));
  if (const Json& gateway = Get(networking, "gateway"); gateway.is_object()) {
    dataplane->gateway = Gateway{TextMembers(Get(gateway, "tags")), GetString(gateway, "type") == "BUILTIN"};
  }
  if (const Json& proxying = Get(networking, "transparentProxying"); proxying.is_object()) {
    TransparentProxying parsed;
    parsed.redirect_port_inbound = ParsePort(proxying, "redirectPortInbound");
    parsed.redirect_port_outbound = ParsePort(proxying, "redirectPortOutbound");
    parsed.direct_access_services = ParseStrings(Get(proxying, "directAccessServices"));
    parsed.reachable_services = ParseStrings(Get(proxying, "reachableServices"));
    parsed.ip_family_mode = GetString(proxying, "ipFamilyMode");
    parsed.has_reachable_backends = Get(proxying, "reachableBackends").is_object();
    parsed.reachable_backends = GetPath(proxying, {"reachableBackends", "refs"});
    dataplane->transparent_proxying = std::make_shared<const TransparentProxying>(std::move(parsed));
  }
  for (const Json& listener : Get(networking, "listeners")) {
    dataplane->listeners.push_back(ProxyListener{GetString(listener, "type"), OrElse(GetString(listener, "address"), dataplane->address),
                                                 ParsePort(listener, "port"), GetString(listener, "name"), ParseState(listener)});
  }
  dataplane->metrics = Get(resource->spec, "metrics");
  dataplane->probes = Get(resource->spec, "probes");
  return dataplane;
}

std::string DestinationPort::SectionName() const { return name.empty() ? std::to_string(port) : name; }

const DestinationPort* Destination::FindPort(std::string_view section_name) const {
  // An external service has one port, so a reference need not name it.
  if (kri.type == "MeshExternalService" && !ports.empty()) return &ports.front();
  for (const DestinationPort& port : ports) {
    if (port.SectionName() == section_name) return &port;
  }
  // A number also finds a port that has a name.
  for (const DestinationPort& port : ports) {
    if (std::to_string(port.port) == section_name) return &port;
  }
  return nullptr;
}

const DestinationPort* Destination::FindPort(uint32_t number) const {
  for (const DestinationPort& port : ports) {
    if (port.port == number) return &port;
  }
  return nullptr;
}

std::string Destination::LegacyName(const DestinationPort& port) const {
  const std::string_view short_name = kri.type == "MeshService" ? "msvc" : kri.type == "MeshExternalService" ? "extsvc" : "mzsvc";
  return kri.mesh + "_" + kri.name + "_" + kri.ns + "_" + kri.zone + "_" + std::string(short_name) + "_" + std::to_string(port.port);
}

DestinationPtr ParseDestination(const ResourcePtr& resource, std::string_view local_zone) {
  auto destination = std::make_shared<Destination>();
  const Json& spec = resource->spec;
  const Json& status = resource->status;
  destination->kri = KriOf(resource->meta);
  destination->resource = resource;

  if (resource->meta.type() == "MeshExternalService") {
    const Json& match = Get(spec, "match");
    destination->ports.push_back(DestinationPort{ParsePort(match, "port"), {}, {}, ParseProtocol(GetString(match, "protocol", "tcp"))});
    if (const std::string ip = GetString(Get(status, "vip"), "ip"); !ip.empty()) destination->vips.push_back(ip);
  } else {
    for (const Json& port : Get(spec, "ports")) {
      destination->ports.push_back(DestinationPort{ParsePort(port, "port"), GetString(port, "name"), IntOrStringText(Get(port, "targetPort")),
                                                   ParseProtocol(GetString(port, "appProtocol", "tcp"))});
      DestinationPort& parsed = destination->ports.back();
      if (parsed.target_port.empty()) parsed.target_port = std::to_string(parsed.port);
    }
    for (const Json& vip : Get(status, "vips")) destination->vips.push_back(GetString(vip, "ip"));
  }
  for (const Json& address : Get(status, "addresses")) destination->hostnames.push_back(GetString(address, "hostname"));
  destination->tls_ready = GetString(Get(status, "tls"), "status") == "Ready";
  const std::string_view zone = resource->Label(kZoneLabel);
  destination->local = zone.empty() || zone == local_zone;
  for (const Json& identity : Get(spec, "identities")) {
    (GetString(identity, "type") == "SpiffeID" ? destination->spiffe_identities : destination->service_tag_identities).push_back(GetString(identity, "value"));
  }
  for (const Json& member : Get(status, "meshServices")) {
    destination->members.push_back(
        Kri{"MeshService", GetString(member, "mesh"), GetString(member, "zone"), GetString(member, "namespace"), GetString(member, "name"), {}});
  }

  DigestBuilder digest;
  AddLabels(digest, resource->meta.labels);
  digest.Add(resource->meta.mesh()).Add(resource->meta.name()).Add(ToJsonText(spec));
  // Only what proxies read of the status: counters and conditions in it must not wake anyone.
  digest.Add(ToJsonText(Get(status, "vips"))).Add(ToJsonText(Get(status, "vip"))).Add(ToJsonText(Get(status, "addresses")));
  digest.Add(ToJsonText(Get(status, "tls"))).Add(ToJsonText(Get(status, "meshServices")));
  destination->digest = digest.Finish();
  return destination;
}

MeshConfigPtr ParseMesh(const ResourcePtr& resource) {
  auto mesh = std::make_shared<MeshConfig>();
  const Json& spec = resource->spec;
  mesh->name = resource->meta.name();
  mesh->resource = resource;
  mesh->digest = DigestOf(ToJsonText(spec));
  const Json& mtls = Get(spec, "mtls");
  mesh->backend_name = GetString(mtls, "enabledBackend");
  for (const Json& backend : Get(mtls, "backends")) {
    if (mesh->backend_name.empty() || GetString(backend, "name") != mesh->backend_name) continue;
    mesh->mtls_enabled = true;
    mesh->backend = backend;
    mesh->mtls_mode = GetString(backend, "mode") == "PERMISSIVE" ? MtlsMode::kPermissive : MtlsMode::kStrict;
  }
  mesh->skip_mtls_validation = GetBool(mtls, "skipValidation");
  mesh->passthrough = GetBool(GetPath(spec, {"networking", "outbound"}), "passthrough", true);
  const Json& routing = Get(spec, "routing");
  mesh->locality_aware = GetBool(routing, "localityAwareLoadBalancing");
  mesh->zone_egress = GetBool(routing, "zoneEgress");
  mesh->forbid_external_access = GetBool(routing, "defaultForbidMeshExternalServiceAccess");
  const std::string mode = GetString(Get(spec, "meshServices"), "mode");
  mesh->mesh_services = mode == "Everywhere"          ? MeshServicesMode::kEverywhere
                        : mode == "ReachableBackends" ? MeshServicesMode::kReachableBackends
                        : mode == "Exclusive"         ? MeshServicesMode::kExclusive
                                                      : MeshServicesMode::kDisabled;
  return mesh;
}

}  // namespace kuma::mesh
