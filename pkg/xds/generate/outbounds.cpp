#include "pkg/xds/generate/outbounds.h"

#include <algorithm>
#include <set>

#include "pkg/base/strings.h"
#include "pkg/policy/rules/resolve.h"
#include "pkg/resources/validate.h"

namespace kuma::xds {

namespace {

constexpr char kTopLevelDomain[] = "mesh";
constexpr uint32_t kServiceVipPort = 80;

// Fills what is known of the destination; false when it does not exist.
bool Complete(OutboundPlan& outbound, const mesh::Snapshot& snapshot) {
  if (!outbound.destination) {
    const auto it = outbound.tags.find(kServiceTag);
    outbound.service = it == outbound.tags.end() ? std::string() : it->second;
    const mesh::ServiceInfo* info = snapshot.FindService(outbound.service);
    outbound.protocol = info == nullptr ? mesh::Protocol::kUnknown : info->protocol;
    return true;
  }
  const mesh::Destination* destination = snapshot.FindDestination(outbound.destination->WithoutSection());
  const mesh::DestinationPort* port =
      destination == nullptr ? nullptr : destination->FindPort(std::string_view(outbound.destination->section));
  if (port == nullptr) return false;
  outbound.service = destination->LegacyName(*port);
  outbound.protocol = port->protocol;
  return true;
}

void ListDeclared(const ProxyInput& input, OutboundList& list) {
  const Kri self = KriOf(input.dataplane->resource->meta);
  size_t index = 0;
  for (const mesh::Outbound& declared : input.dataplane->outbounds) {
    const std::string path = "networking.outbound[" + std::to_string(index++) + "]";
    const auto leave_out = [&] {
      const mesh::BackendRef& ref = *declared.backend_ref;
      list.warnings.push_back({{}, path + ".backendRef", "the outbound is left out: there is no " + ref.kind + " " + ref.name + " with port " + std::to_string(ref.port)});
    };
    OutboundPlan outbound;
    outbound.address = declared.address;
    outbound.port = declared.port;
    outbound.tags = declared.tags;
    if (declared.backend_ref) {
      Json ref = {{"kind", declared.backend_ref->kind}, {"port", declared.backend_ref->port}};
      if (!declared.backend_ref->name.empty()) ref["name"] = declared.backend_ref->name;
      for (const auto& [key, value] : declared.backend_ref->labels) ref["labels"][key] = value;
      const std::optional<policy::ResolvedBackend> resolved = policy::ResolveBackendRef(self, ref, *input.snapshot);
      if (!resolved || !resolved->real) {
        leave_out();
        continue;
      }
      outbound.destination = resolved->resource;
      outbound.tags.clear();
    }
    if (Complete(outbound, *input.snapshot)) {
      list.outbounds.push_back(std::move(outbound));
    } else {
      leave_out();
    }
  }
}

// Ports of the destinations that the refs select.
std::set<Kri> Selected(const ProxyInput& input, const std::vector<Json>& refs) {
  const Kri self = KriOf(input.dataplane->resource->meta);
  std::set<Kri> selected;
  for (const Json& ref : refs) {
    const auto add = [&](const mesh::Destination* destination) {
      if (destination == nullptr) return;
      // A port that the destination does not have stands for all it has.
      const mesh::DestinationPort* wanted = destination->FindPort(static_cast<uint32_t>(GetInt(ref, "port")));
      for (const mesh::DestinationPort& port : destination->ports) {
        if (wanted == nullptr || wanted == &port) selected.insert(destination->kri.WithSection(port.SectionName()));
      }
    };
    const Json& labels = Get(ref, "labels");
    if (labels.is_object() && !labels.empty()) {
      mesh::Tags wanted;
      for (const auto& [key, value] : labels.items()) wanted[key] = value.is_string() ? value.get<std::string>() : "";
      for (const mesh::Destination* destination : input.snapshot->DestinationsByLabels(GetString(ref, "kind"), wanted)) add(destination);
    } else {
      add(input.snapshot->FindDestination(policy::TargetRefToKri(self, policy::ParseTargetRef(ref))));
    }
  }
  return selected;
}

// What backendRef outbounds or else transparentProxying.reachableBackends allow, where the Dataplane itself tells that its traffic is
// redirected; nothing: everything.
std::optional<std::set<Kri>> ReachableBackends(const ProxyInput& input) {
  const mesh::Dataplane& dataplane = *input.dataplane;
  if (!dataplane.transparent_proxying) return std::nullopt;
  std::vector<Json> refs;
  for (const mesh::Outbound& outbound : dataplane.outbounds) {
    if (!outbound.backend_ref) continue;
    Json& ref = refs.emplace_back(
        Json{{"kind", outbound.backend_ref->kind}, {"name", outbound.backend_ref->name}, {"port", outbound.backend_ref->port}});
    for (const auto& [key, value] : outbound.backend_ref->labels) ref["labels"][key] = value;
  }
  if (std::set<Kri> selected = Selected(input, refs); !selected.empty()) return selected;
  if (!dataplane.transparent_proxying->has_reachable_backends) return std::nullopt;
  refs.clear();
  for (const Json& ref : dataplane.transparent_proxying->reachable_backends) refs.push_back(ref);
  return Selected(input, refs);
}

// One stored entry: a service, a host of external services, or a name of another kind.
struct VipEntry {
  bool service;
  bool host;
  std::string name;
  std::string address;
  const Json& outbounds;
};

void ListVipEntry(const ProxyInput& input, const VipEntry& entry, const std::set<std::string>& reachable, OutboundList& list) {
  bool used = false;
  const auto add = [&](uint32_t port, const Json& outbound) {
    mesh::Tags tags;
    for (const auto& [key, value] : Get(outbound, "TagSet").items()) tags[key] = value.is_string() ? value.get<std::string>() : "";
    if (!reachable.empty() && !reachable.contains(tags[std::string(kServiceTag)])) return;
    OutboundPlan plan;
    plan.address = entry.address;
    plan.port = port;
    plan.tags = std::move(tags);
    Complete(plan, *input.snapshot);
    list.outbounds.push_back(std::move(plan));
    used = true;
  };
  const bool named = !resources::IsIp(entry.name);
  bool on_vip_port = false;
  for (const Json& outbound : entry.outbounds) {
    const auto port = static_cast<uint32_t>(GetInt(outbound, "Port"));
    on_vip_port = on_vip_port || port == kServiceVipPort;
    if (port != 0) add(port, outbound);
    if (entry.service) break;  // a service is known by its first port only
  }
  if (!on_vip_port && (entry.service || (entry.host && named))) add(kServiceVipPort, entry.outbounds.front());
  if (!used) return;
  if (!entry.service) {
    if (named) list.names.push_back({entry.name, entry.address});
    return;
  }
  const std::string domain = entry.name + "." + kTopLevelDomain;
  list.names.push_back({domain, entry.address});
  const std::string dotted = ReplaceAll(entry.name, "_", ".") + "." + kTopLevelDomain;
  if (dotted != domain) list.names.push_back({dotted, entry.address});
}

void ListServiceVips(const ProxyInput& input, const std::set<std::string>& reachable, OutboundList& list) {
  if (input.snapshot->mesh->mesh_services == mesh::MeshServicesMode::kExclusive) return;
  for (const auto& [entry, text] : input.service_vips) {
    const Result<Json> stored = ParseJson(text);
    if (!stored.ok() || entry.size() < 3 || Get(*stored, "outbounds").empty()) continue;
    ListVipEntry(input, VipEntry{entry.starts_with("0:"), entry.starts_with("1:"), entry.substr(2), GetString(*stored, "address"), Get(*stored, "outbounds")},
                 reachable, list);
  }
}

void ListDestinationVips(const ProxyInput& input, bool only_services, OutboundList& list) {
  const std::optional<std::set<Kri>> reachable = ReachableBackends(input);
  if (only_services && !reachable) return;
  const bool must_be_listed = input.snapshot->mesh->mesh_services == mesh::MeshServicesMode::kReachableBackends;
  if (must_be_listed && !(input.dataplane->transparent_proxying && input.dataplane->transparent_proxying->has_reachable_backends)) return;
  for (const auto& [kri, destination] : input.snapshot->AllDestinations()) {
    bool used = false;
    for (const std::string& vip : destination->vips) {
      for (const mesh::DestinationPort& port : destination->ports) {
        OutboundPlan outbound;
        outbound.address = vip;
        outbound.port = port.port;
        outbound.destination = kri.WithSection(port.SectionName());
        if (reachable && !reachable->contains(*outbound.destination)) continue;
        if (!Complete(outbound, *input.snapshot)) continue;
        used = true;
        list.outbounds.push_back(std::move(outbound));
      }
    }
    if (!used) continue;
    for (const std::string& hostname : destination->hostnames) list.names.push_back({hostname, destination->vips.front()});
  }
}

}  // namespace

OutboundList ListOutbounds(const ProxyInput& input, const policy::ProxyFacts& facts) {
  OutboundList list;
  if (!facts.transparent.enabled && !facts.bind_outbounds) {
    ListDeclared(input, list);
    return list;
  }
  std::set<std::string> services;
  if (input.dataplane->transparent_proxying) {
    const auto& listed = input.dataplane->transparent_proxying->reachable_services;
    services.insert(listed.begin(), listed.end());
  }
  ListServiceVips(input, services, list);
  ListDestinationVips(input, !services.empty(), list);
  // An address that the proxy itself listens on is no way out.
  std::erase_if(list.outbounds, [&](const OutboundPlan& outbound) {
    return std::any_of(input.dataplane->inbounds.begin(), input.dataplane->inbounds.end(),
                       [&](const mesh::Inbound& inbound) { return inbound.address == outbound.address && inbound.port == outbound.port; });
  });
  std::stable_sort(list.names.begin(), list.names.end(), [](const VirtualName& a, const VirtualName& b) { return a.name < b.name; });
  return list;
}

}  // namespace kuma::xds
