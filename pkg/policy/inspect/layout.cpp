// _layout: inbounds, listeners and outbounds of a proxy under the names that they have in Envoy.
#include <algorithm>
#include <map>

#include "pkg/base/strings.h"
#include "pkg/policy/inspect/view.h"
#include "pkg/policy/rules/resolve.h"

namespace kuma::policy {
namespace {

using PortsByKri = std::map<Kri, mesh::DestinationPort>;

std::string ProtocolText(const mesh::Inbound& inbound) {
  if (!inbound.protocol_text.empty()) return inbound.protocol_text;
  const auto it = inbound.tags.find(kProtocolTag);
  return it == inbound.tags.end() ? std::string{} : it->second;
}

const mesh::DestinationPort* PortOf(const mesh::Destination& destination, const std::string& section) {
  if (section.empty()) return nullptr;
  if (const mesh::DestinationPort* port = destination.FindPort(std::string_view(section)); port != nullptr) return port;
  const std::optional<int64_t> number = ParseInt(section);
  return number.has_value() && *number > 0 && *number <= 65535 ? destination.FindPort(static_cast<uint32_t>(*number)) : nullptr;
}

// One reference: by labels, else by name in the proxy's zone and namespace. A port that is not there means all ports.
void AddReference(const mesh::Snapshot& snapshot, const mesh::Dataplane& dataplane, const TargetRef& ref, const std::string& section, PortsByKri& out) {
  std::vector<Kri> ids;
  if (ref.labels.has_value() && !ref.labels->empty()) {
    for (const mesh::Destination* destination : snapshot.DestinationsByLabels(ref.kind_text, *ref.labels)) ids.push_back(destination->kri);
  }
  if (ids.empty()) ids.push_back(TargetRefToKri(KriOf(dataplane.resource->meta), ref));
  for (const Kri& id : ids) {
    const mesh::Destination* destination = snapshot.FindDestination(id);
    if (destination == nullptr) return;
    if (const mesh::DestinationPort* port = PortOf(*destination, section); port != nullptr) {
      out.emplace(id.WithSection(port->SectionName()), *port);
      return;
    }
    for (const mesh::DestinationPort& port : destination->ports) out.emplace(id.WithSection(port.SectionName()), port);
  }
}

PortsByKri ReachableByKri(const mesh::Snapshot& snapshot, const mesh::Dataplane& dataplane) {
  PortsByKri out;
  for (const mesh::Outbound& outbound : dataplane.outbounds) {
    if (outbound.backend_ref == nullptr) continue;
    TargetRef ref;
    ref.kind_text = outbound.backend_ref->kind;
    ref.kind = ParseTargetKind(ref.kind_text);
    ref.name = outbound.backend_ref->name;
    ref.labels = outbound.backend_ref->labels;
    AddReference(snapshot, dataplane, ref, std::to_string(outbound.backend_ref->port), out);
  }
  if (!out.empty()) return out;
  if (dataplane.transparent_proxying == nullptr || !dataplane.transparent_proxying->has_reachable_backends) {
    for (const auto& [kri, destination] : snapshot.AllDestinations()) {
      for (const mesh::DestinationPort& port : destination->ports) out.emplace(kri.WithSection(port.SectionName()), port);
    }
    return out;
  }
  const Json& backends = dataplane.transparent_proxying->reachable_backends;
  for (const Json& document : backends.is_object() ? Get(backends, "refs") : backends) {
    const Json& port = Get(document, "port");
    AddReference(snapshot, dataplane, ParseTargetRef(document), port.is_number_integer() ? std::to_string(port.get<int64_t>()) : std::string{}, out);
  }
  return out;
}

}  // namespace

std::vector<ReachablePort> ReachablePorts(const mesh::Snapshot& snapshot, const mesh::Dataplane& dataplane) {
  std::vector<ReachablePort> out;
  for (auto& [kri, port] : ReachableByKri(snapshot, dataplane)) out.push_back({kri, port});
  return out;
}

Result<Json> LayoutBody(const mesh::Snapshot& snapshot, const mesh::Dataplane& dataplane, const TypeRegistry& types, const std::optional<std::string>& spiffe_id) {
  if (snapshot.mesh == nullptr || snapshot.mesh->mesh_services != mesh::MeshServicesMode::kExclusive) {
    return BadRequest("can't use _layout endpoint without meshService enabled");
  }
  const Kri own = KriOf(dataplane.resource->meta);
  Json inbounds = Json::array();
  for (const mesh::Inbound& inbound : dataplane.inbounds) {
    const std::string section = inbound.SectionName();
    inbounds.push_back({{"kri", ToString(own.WithSection(section), types)},
                        {"port", inbound.port},
                        {"protocol", ProtocolText(inbound)},
                        {"proxyResourceName", "self_inbound_dp_" + section}});
  }
  Json listeners = Json::array();
  for (const mesh::ProxyListener& listener : dataplane.listeners) {
    if (listener.type != "ZoneIngress" && listener.type != "ZoneEgress") continue;
    const std::string section = listener.name.empty() ? std::to_string(listener.port) : listener.name;
    listeners.push_back({{"kri", ToString(own.WithSection(section), types)},
                         {"type", listener.type},
                         {"port", listener.port},
                         {"proxyResourceName", (listener.type == "ZoneIngress" ? "self_zoneingress_dp_" : "self_zoneegress_dp_") + section}});
  }
  std::vector<std::pair<std::string, Json>> outbounds;
  for (const ReachablePort& reachable : ReachablePorts(snapshot, dataplane)) {
    const std::string kri = ToString(reachable.kri, types);
    outbounds.emplace_back(kri, Json{{"kri", kri}, {"port", reachable.port.port}, {"protocol", ProtocolName(reachable.port.protocol)}, {"proxyResourceName", kri}});
  }
  std::stable_sort(outbounds.begin(), outbounds.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  Json outbound_list = Json::array();
  for (auto& [kri, body] : outbounds) outbound_list.push_back(std::move(body));
  Json out = {{"kri", ToString(own, types)},
              {"labels", LabelsBody(dataplane.labels())},
              {"inbounds", std::move(inbounds)},
              {"listeners", std::move(listeners)},
              {"outbounds", std::move(outbound_list)}};
  if (spiffe_id.has_value()) out["spiffeId"] = *spiffe_id;
  return out;
}

}  // namespace kuma::policy
