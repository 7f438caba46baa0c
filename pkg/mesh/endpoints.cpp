#include "pkg/mesh/endpoints.h"

#include "pkg/base/log.h"
#include "pkg/base/strings.h"
#include "pkg/mesh/external.h"

namespace kuma::mesh {
namespace {

const Logger& Log() {
  static const Logger kLog("endpoints");
  return kLog;
}

bool HoldsAll(const Tags& tags, const Json& wanted) {
  for (const auto& [key, value] : wanted.items()) {
    const auto it = tags.find(key);
    if (it == tags.end()) return false;
    const std::string text = value.is_string() ? value.get<std::string>() : ToJsonText(value);
    if (text != "*" && it->second != text) return false;
  }
  return true;
}

std::string ZoneOf(const Tags& tags, const Labels& labels) {
  if (const auto it = tags.find(kZoneTag); it != tags.end()) return it->second;
  if (const auto it = labels.find(kZoneTag); it != labels.end()) return it->second;
  return {};
}

struct PublicIngress {
  std::string zone;
  std::string address;
  uint32_t port = 0;
  ResourcePtr resource;
};

// Remote ingresses that others can reach. Instances behind one load balancer share coordinates and count once; one that already
// reports services is preferred over a new instance that does not yet.
std::vector<PublicIngress> RemoteIngresses(const ResourceList& ingresses, std::string_view local_zone, bool need_services, size_t* instances) {
  std::vector<PublicIngress> out;
  std::set<std::pair<std::string, uint32_t>> seen;
  for (const ResourcePtr& ingress : ingresses) {
    std::string zone = GetString(ingress->spec, "zone");
    if (zone.empty()) zone = std::string(ingress->Label(kZoneLabel));
    if (zone.empty() || zone == local_zone) continue;
    const Json& networking = Get(ingress->spec, "networking");
    const std::string address = GetString(networking, "advertisedAddress");
    const auto port = static_cast<uint32_t>(GetInt(networking, "advertisedPort"));
    if (address.empty() || port == 0 || seen.contains({address, port})) continue;
    if (!need_services || !Get(ingress->spec, "availableServices").empty()) seen.emplace(address, port);
    out.push_back({zone, address, port, ingress});
  }
  if (instances != nullptr) *instances = seen.size();
  return out;
}

Endpoint FromInbound(const EndpointSources& sources, const Dataplane& dataplane, const Inbound& inbound, uint32_t weight) {
  Endpoint endpoint;
  endpoint.address = inbound.advertised_address;
  endpoint.port = inbound.port;
  endpoint.tags = inbound.tags;
  endpoint.labels = dataplane.labels();
  endpoint.weight = weight;
  const std::string zone = ZoneOf(inbound.tags, dataplane.labels());
  endpoint.locality = LocalityOf(sources.zone, zone, sources.mesh != nullptr && sources.mesh->locality_aware);
  return endpoint;
}

// `to_zone`: on the way to an ingress of another zone, which only the egresses of all meshes know.
std::vector<Endpoint> ThroughEgress(const EndpointSources& sources, const Tags& tags, const std::shared_ptr<const ExternalEndpoint>& external,
                                    bool to_zone = false) {
  std::vector<Endpoint> out;
  const auto add = [&](std::string address, uint32_t port) {
    Endpoint endpoint;
    endpoint.address = std::move(address);
    endpoint.port = port;
    endpoint.tags = tags;
    endpoint.locality = LocalityOf(sources.zone, ZoneOf(tags, {}), sources.mesh != nullptr && sources.mesh->locality_aware);
    endpoint.external = external;
    out.push_back(std::move(endpoint));
  };
  // Egresses of the mesh and those of all meshes prove themselves in different ways, so they are never mixed.
  for (const auto& [name, dataplane] : sources.dataplanes) {
    if (to_zone) break;
    for (const ProxyListener& listener : dataplane->listeners) {
      if (listener.type == "ZoneEgress" && listener.state == InboundState::kReady) add(listener.address, listener.port);
    }
  }
  if (!out.empty()) return out;
  for (const ResourcePtr& egress : sources.zone_egresses) {
    const std::string zone = GetString(egress->spec, "zone", std::string(egress->Label(kZoneLabel)));
    if (!zone.empty() && zone != sources.zone) continue;
    const Json& networking = Get(egress->spec, "networking");
    add(GetString(networking, "address"), static_cast<uint32_t>(GetInt(networking, "port")));
  }
  return out;
}

std::vector<Endpoint> MeshServiceEndpoints(const EndpointSources& sources, const Destination& service, const DestinationPort& port) {
  std::vector<Endpoint> out;
  const auto add = [&](const Dataplane& dataplane) {
    if (!SelectsDataplane(service, dataplane, true)) return;
    for (const Inbound& inbound : dataplane.inbounds) {
      if (inbound.state == InboundState::kReady && MatchesPort(inbound, port)) out.push_back(FromInbound(sources, dataplane, inbound, 1));
    }
  };
  // Most selectors name a service tag or a proxy; both are indexed.
  const Json& selector = Get(service.resource->spec, "selector");
  if (const Json& ref = Get(selector, "dataplaneRef"); ref.is_object()) {
    if (const auto it = sources.dataplanes.find(GetString(ref, "name")); it != sources.dataplanes.end()) add(*it->second);
  } else if (const std::string tag = GetString(Get(selector, "dataplaneTags"), kServiceTag); !tag.empty()) {
    if (const auto it = sources.by_service.find(tag); it != sources.by_service.end()) {
      for (const std::string& name : it->second) add(*sources.dataplanes.find(name)->second);
    }
  } else {
    for (const auto& [name, dataplane] : sources.dataplanes) add(*dataplane);
  }
  return out;
}

std::vector<Endpoint> RemoteMeshServiceEndpoints(const EndpointSources& sources, const Destination& service, const DestinationPort& port) {
  std::vector<Endpoint> out;
  if (!sources.mtls_or_identity) return out;  // zones route by SNI, which needs TLS
  const std::string zone(service.resource->Label(kZoneLabel));
  const auto add = [&](std::string address, uint32_t number) {
    Endpoint endpoint;
    endpoint.address = std::move(address);
    endpoint.port = number;
    endpoint.locality = Locality{zone, {}, 1, 0};
    endpoint.tags = {{std::string(kServiceTag), service.LegacyName(port)}, {std::string(kZoneTag), zone}};
    out.push_back(std::move(endpoint));
  };
  std::set<std::pair<std::string, uint32_t>> seen;
  for (const ResourcePtr& address : sources.zone_addresses) {
    if (address->Label(kZoneLabel) != zone) continue;
    const auto number = static_cast<uint32_t>(GetInt(address->spec, "port"));
    if (seen.emplace(GetString(address->spec, "address"), number).second) add(GetString(address->spec, "address"), number);
  }
  if (!out.empty()) return out;
  for (const PublicIngress& ingress : RemoteIngresses(sources.zone_ingresses, sources.zone, false, nullptr)) {
    if (ingress.zone == zone && seen.emplace(ingress.address, ingress.port).second) add(ingress.address, ingress.port);
  }
  return out;
}

std::shared_ptr<const ExternalEndpoint> ExternalOf(const Destination& destination) {
  auto external = std::make_shared<ExternalEndpoint>();
  const Json& spec = destination.resource->spec;
  external->protocol = ParseProtocol(GetString(Get(spec, "match"), "protocol", "tcp"));
  external->tls = Get(spec, "tls");
  external->tls_enabled = GetBool(external->tls, "enabled");
  external->allow_renegotiation = GetBool(external->tls, "allowRenegotiation");
  external->server_name = GetString(Get(external->tls, "verification"), "serverName");
  return external;
}

}  // namespace

std::optional<Locality> LocalityOf(std::string_view local_zone, std::string_view other_zone, bool locality_aware) {
  if (other_zone.empty()) return std::nullopt;
  return Locality{std::string(other_zone), {}, locality_aware && local_zone != other_zone ? 1u : 0u, 0};
}

bool MatchesPort(const Inbound& inbound, const DestinationPort& port) {
  if (const auto number = ParseInt(port.target_port)) return *number == inbound.port;
  return !port.target_port.empty() && port.target_port == inbound.name;
}

bool SelectsDataplane(const Destination& mesh_service, const Dataplane& dataplane, bool ready_only) {
  const Json& selector = Get(mesh_service.resource->spec, "selector");
  const auto usable = [&](const Inbound& inbound) { return !ready_only || inbound.state == InboundState::kReady; };
  bool any = false;
  for (const Inbound& inbound : dataplane.inbounds) any = any || usable(inbound);
  if (const Json& ref = Get(selector, "dataplaneRef"); ref.is_object()) return any && GetString(ref, "name") == dataplane.name;
  if (const Json& tags = Get(selector, "dataplaneTags"); tags.is_object() && !tags.empty()) {
    for (const Inbound& inbound : dataplane.inbounds) {
      if (usable(inbound) && HoldsAll(inbound.tags, tags)) return true;
    }
    return false;
  }
  if (const Json& labels = GetPath(selector, {"dataplaneLabels", "matchLabels"}); labels.is_object()) return any && HoldsAll(dataplane.labels(), labels);
  return false;
}

std::vector<Endpoint> TagServiceEndpoints(const EndpointSources& sources, std::string_view service) {
  std::vector<Endpoint> out;
  if (sources.mesh == nullptr) return out;
  size_t ingress_instances = 0;
  if (sources.mesh->mtls_enabled) {
    for (const PublicIngress& ingress : RemoteIngresses(sources.zone_ingresses, sources.zone, true, &ingress_instances)) {
      for (const Json& available : Get(ingress.resource->spec, "availableServices")) {
        const Json& tags = Get(available, "tags");
        if (GetString(available, "mesh") != sources.mesh->name || GetString(tags, kServiceTag) != service) continue;
        const Tags parsed = TextMembers(tags);
        const std::shared_ptr<const ExternalEndpoint> external =
            GetBool(available, "externalService") ? std::make_shared<ExternalEndpoint>() : nullptr;
        if (sources.mesh->zone_egress) {
          for (Endpoint& endpoint : ThroughEgress(sources, parsed, external, true)) out.push_back(std::move(endpoint));
          continue;
        }
        Endpoint endpoint;
        endpoint.address = ingress.address;
        endpoint.port = ingress.port;
        endpoint.tags = parsed;
        endpoint.weight = static_cast<uint32_t>(GetInt(available, "instances"));
        endpoint.locality = LocalityOf(sources.zone, ZoneOf(parsed, {}), sources.mesh->locality_aware);
        out.push_back(std::move(endpoint));
      }
    }
  }
  // Remote instances hide behind few ingresses and weigh what they stand for, so local ones weigh as many as there are ingresses.
  const auto weight = static_cast<uint32_t>(ingress_instances > 0 ? ingress_instances : 1);
  if (const auto it = sources.by_service.find(service); it != sources.by_service.end()) {
    for (const std::string& name : it->second) {
      const Dataplane& dataplane = *sources.dataplanes.find(name)->second;
      for (const Inbound& inbound : dataplane.inbounds) {
        if (inbound.state == InboundState::kReady && inbound.Service() == service) out.push_back(FromInbound(sources, dataplane, inbound, weight));
      }
    }
  }
  const bool only_external = out.empty();
  for (const ResourcePtr& external : sources.external_services) {
    const Json& tags = Get(external->spec, "tags");
    if (GetString(tags, kServiceTag) != service) continue;
    if (sources.mesh->zone_egress) {
      auto external_endpoint = std::make_shared<ExternalEndpoint>();
      external_endpoint->protocol = Protocol::kUnknown;  // its tag says
      for (Endpoint& endpoint : ThroughEgress(sources, TextMembers(tags), external_endpoint)) out.push_back(std::move(endpoint));
    } else if (only_external) {  // proxies of the mesh win over hosts outside of it
      Result<Endpoint> endpoint = ExternalServiceEndpoint(*external, {sources.zone, sources.mesh->locality_aware, sources.secrets});
      if (endpoint.ok()) {
        out.push_back(std::move(endpoint).value());
      } else {
        Log().Error("an ExternalService is left out", {{"name", external->meta.name()}, {"mesh", sources.mesh->name}, {"error", endpoint.error().ToString()}});
      }
    }
  }
  return out;
}

std::vector<Endpoint> DestinationEndpoints(const EndpointSources& sources, const Destination& destination, const DestinationPort& port) {
  if (destination.kri.type == "MeshService") {
    return destination.local ? MeshServiceEndpoints(sources, destination, port) : RemoteMeshServiceEndpoints(sources, destination, port);
  }
  if (destination.kri.type == "MeshExternalService") {
    return ThroughEgress(sources, destination.resource->meta.labels, ExternalOf(destination));
  }
  std::vector<Endpoint> out;
  for (const Kri& member : destination.members) {
    const auto it = sources.destinations.find(member);
    if (it == sources.destinations.end()) continue;
    // A local service without endpoints has none to add; a remote one is only known by its state.
    if (!it->second->local && GetString(it->second->resource->spec, "state") != "Available") continue;
    if (const DestinationPort* member_port = it->second->FindPort(port.port)) {
      for (Endpoint& endpoint : DestinationEndpoints(sources, *it->second, *member_port)) out.push_back(std::move(endpoint));
    }
  }
  return out;
}

std::vector<Endpoint> LocalEndpoints(const EndpointSet& set, std::string_view zone) {
  std::vector<Endpoint> out;
  for (const Endpoint& endpoint : set.endpoints) {
    if (!IsReachableFromZone(ZoneOf(endpoint.tags, {}), zone)) continue;
    out.push_back(endpoint);
    out.back().weight = 1;
  }
  return out;
}

std::vector<Endpoint> RemoteServiceEndpoints(const ResourceList& zone_ingresses, const MeshConfig& mesh, std::string_view zone, std::string_view service) {
  std::vector<Endpoint> out;
  for (const PublicIngress& ingress : RemoteIngresses(zone_ingresses, zone, true, nullptr)) {
    for (const Json& available : Get(ingress.resource->spec, "availableServices")) {
      const Json& tags = Get(available, "tags");
      if (GetString(available, "mesh") != mesh.name || GetString(tags, kServiceTag) != service) continue;
      Endpoint endpoint;
      endpoint.address = ingress.address;
      endpoint.port = ingress.port;
      endpoint.tags = TextMembers(tags);
      endpoint.weight = static_cast<uint32_t>(GetInt(available, "instances"));
      endpoint.locality = LocalityOf(zone, ZoneOf(endpoint.tags, {}), mesh.locality_aware);
      out.push_back(std::move(endpoint));
    }
  }
  return out;
}

EndpointSetPtr MakeEndpointSet(std::vector<Endpoint> endpoints) {
  auto set = std::make_shared<EndpointSet>();
  DigestBuilder digest;
  for (const Endpoint& endpoint : endpoints) {
    digest.Add(endpoint.address).Add(endpoint.unix_path).Add(uint64_t{endpoint.port}).Add(uint64_t{endpoint.weight}).Add(uint64_t{endpoint.tags.size()});
    for (const auto& [key, value] : endpoint.tags) digest.Add(key).Add(value);
    digest.Add(uint64_t{endpoint.labels.size()});
    for (const auto& [key, value] : endpoint.labels) digest.Add(key).Add(value);
    if (endpoint.locality) {
      digest.Add(endpoint.locality->zone).Add(endpoint.locality->sub_zone).Add(uint64_t{endpoint.locality->priority}).Add(uint64_t{endpoint.locality->weight});
    }
    if (endpoint.external != nullptr) {
      const ExternalEndpoint& external = *endpoint.external;
      digest.Add("external").Add(ToJsonText(external.tls)).Add(external.server_name).Add(ProtocolName(external.protocol));
      digest.Add(uint64_t{external.tls_enabled}).Add(uint64_t{external.allow_renegotiation}).Add(uint64_t{external.skip_hostname_verification});
      digest.Add(external.ca_cert).Add(external.client_cert).Add(external.client_key);
    }
  }
  set->digest = digest.Finish();
  endpoints.shrink_to_fit();
  set->endpoints = std::move(endpoints);
  return set;
}

Protocol ProtocolOf(const std::vector<Endpoint>& endpoints) {
  if (endpoints.empty()) return Protocol::kUnknown;
  const auto of = [](const Endpoint& endpoint) {
    const auto it = endpoint.tags.find(kProtocolTag);
    if (it != endpoint.tags.end()) return ParseProtocol(it->second);
    return endpoint.external != nullptr ? endpoint.external->protocol : Protocol::kUnknown;
  };
  Protocol common = of(endpoints.front());
  for (const Endpoint& endpoint : endpoints) common = CommonProtocol(common, of(endpoint));
  return common;
}

}  // namespace kuma::mesh
