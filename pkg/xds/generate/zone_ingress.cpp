#include "pkg/xds/generate/zone_ingress.h"

#include <algorithm>
#include <set>

#include "envoy/extensions/filters/network/direct_response/v3/config.pb.h"
#include "pkg/mesh/endpoints.h"
#include "pkg/xds/generate/clusters.h"

namespace kuma::xds {
namespace {

struct ListenerInput {
  ZoneListener listener;
  std::vector<SniService> services;  // of all meshes
  std::string greeting;              // when there is nothing to lead to
};

UnitOutput GenerateListener(const ListenerInput& input) {
  envoy::ListenerDraft draft = DraftOf(input.listener);
  for (const SniService& service : input.services) AddSniChains(draft, service);
  if (draft.chains.empty()) {
    // Envoy refuses a listener without chains.
    ::envoy::extensions::filters::network::direct_response::v3::Config config;
    config.mutable_response()->set_inline_bytes(input.greeting);
    draft.chains.emplace_back().Add("envoy.filters.network.direct_response", std::move(config));
  }
  UnitOutput output;
  output.Add(ResourceType::kListener, std::move(draft).Finish());
  return output;
}

mesh::EndpointSetPtr Local(const mesh::Snapshot& snapshot, const std::string& name, const std::string& zone) {
  const mesh::EndpointSet* set = snapshot.FindEndpoints(name);
  return mesh::MakeEndpointSet(set == nullptr ? std::vector<mesh::Endpoint>() : mesh::LocalEndpoints(*set, zone));
}

std::vector<SniService> ServicesOf(const ZoneProxyInput& input, const mesh::Snapshot& snapshot, bool unified_naming) {
  const std::string& mesh_name = snapshot.mesh_name;
  std::map<std::string, SniService> services;
  const std::map<std::string, TagsList> routed = RoutedTags(snapshot);
  for (const Json& available : Get(input.zone_proxy->spec, "availableServices")) {
    if (GetString(available, "mesh") != mesh_name) continue;
    const std::string service = GetString(Get(available, "tags"), kServiceTag);
    if (!service.empty() && !services.contains(service)) services[service] = MakeTagService(mesh_name, service, routed, Local(snapshot, service, input.zone));
  }
  for (const auto& [kri, destination] : snapshot.AllDestinations()) {
    if (kri.type == "MeshExternalService" || (kri.type == "MeshService" && !destination->local)) continue;
    for (const mesh::DestinationPort& port : destination->ports) {
      SniService service;
      service.name = destination->LegacyName(port);
      service.cluster = unified_naming ? ToString(kri.WithSection(port.SectionName()), input.types) : service.name;
      service.endpoints = Local(snapshot, service.name, input.zone);
      service.routes.push_back({SniOfDestination(*destination, port), service.cluster, {}});
      services[service.name] = std::move(service);
    }
  }
  std::vector<SniService> out;
  for (auto& [name, service] : services) out.push_back(std::move(service));
  return out;
}

}  // namespace

std::vector<Unit> PlanZoneIngress(const ZoneProxyInput& input) {
  std::vector<Unit> units;
  units.push_back(ZoneAdminUnit(input));
  auto listener = std::make_shared<ListenerInput>();
  listener->listener = MakeZoneListener(input);
  listener->greeting = "{\"proxy\":" + ToJsonText("." + input.zone_proxy->meta.name()) + ",\"zone\":" + ToJsonText(input.zone) + "}";
  for (const mesh::SnapshotPtr& snapshot : input.meshes) {
    for (SniService& service : ServicesOf(input, *snapshot, listener->listener.unified_naming)) {
      units.push_back(SniServiceUnit(service));
      service.endpoints = nullptr;  // not the listener's business
      listener->services.push_back(std::move(service));
    }
  }
  DigestBuilder digest;
  digest.Add("zone ingress").Add(listener->greeting).Add(listener->services.size());
  AddZoneListener(digest, listener->listener);
  for (const SniService& service : listener->services) AddSniDigest(digest, service);
  units.push_back({UnitKind::kInbound, listener->listener.name, digest.Finish(), [listener] { return GenerateListener(*listener); }});
  return units;
}

}  // namespace kuma::xds
