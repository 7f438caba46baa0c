#include "pkg/policy/rules/near_miss.h"

#include <algorithm>

#include "pkg/base/strings.h"
#include "pkg/policy/rules/match.h"
#include "pkg/policy/rules/resolve.h"
#include "pkg/policy/rules/selection.h"

namespace kuma::policy {
namespace {

// Distances: a value that differs is nearer than a key that is missing; another zone or kind of proxy is far.
constexpr int kWrongValue = 1;
constexpr int kMissingKey = 2;
constexpr int kWrongName = 3;
constexpr int kWrongProxyType = 4;
constexpr int kElsewhere = 10;
constexpr int kNever = 100;

std::string Quoted(std::string_view text) { return '"' + std::string(text) + '"'; }

std::string LabelOr(const Labels& labels, std::string_view key, std::string_view otherwise) {
  const auto it = labels.find(key);
  return it == labels.end() || it->second.empty() ? std::string(otherwise) : Quoted(it->second);
}

// What of `wanted` does not hold: "label app: wants "web", the proxy has "api"".
template <typename Map>
NearMiss Compare(const char* noun, const std::string& owner, const mesh::Tags& wanted, const Map& own) {
  NearMiss miss;
  std::vector<std::string> parts;
  for (const auto& [key, value] : wanted) {
    const auto it = own.find(key);
    if (it == own.end()) {
      miss.distance += kMissingKey;
      std::vector<std::string> keys;
      for (const auto& [other, unused] : own) keys.push_back(other);
      const std::string near = NearestName(key, keys);
      parts.push_back(std::string(noun) + " " + key + ": wants " + Quoted(value) + ", " + owner + " has no such " + noun +
                      (near.empty() ? std::string() : " (it has " + near + "=" + own.find(near)->second + ")"));
    } else if (it->second != value && !(value == "*" && std::string_view(noun) == "tag")) {
      miss.distance += kWrongValue;
      parts.push_back(std::string(noun) + " " + key + ": wants " + Quoted(value) + ", " + owner + " has " + Quoted(it->second));
    }
  }
  miss.reason = Join(parts, "; ");
  return miss;
}

std::string OwnType(const mesh::Dataplane& dataplane) { return dataplane.gateway.has_value() ? "Gateway" : "Sidecar"; }

NearMiss WrongProxyType(const TargetRef& top, const mesh::Dataplane& dataplane) {
  return {kWrongProxyType, "proxyTypes: wants " + Join(top.proxy_types, ", ") + ", the proxy is a " + OwnType(dataplane)};
}

// The inbound (or the gateway) whose tags are nearest.
NearMiss NearestByTags(const mesh::Tags& wanted, const mesh::Dataplane& dataplane) {
  std::optional<NearMiss> nearest;
  const auto consider = [&](NearMiss miss) {
    if (!nearest || miss.distance < nearest->distance) nearest = std::move(miss);
  };
  for (const mesh::Inbound& inbound : dataplane.inbounds)
    consider(Compare("tag", "inbound " + inbound.SectionName(), wanted, inbound.tags));
  if (dataplane.gateway.has_value()) {
    if (dataplane.gateway->builtin) return {kNever, "the proxy is a builtin gateway, which this version does not configure"};
    consider(Compare("tag", "the gateway", wanted, dataplane.gateway->tags));
  }
  if (!nearest) return {kNever, "the proxy has no inbound"};
  if (nearest->reason.empty()) nearest->reason = "no inbound has all the tags";
  return *nearest;
}

std::vector<std::string> SectionsOf(const mesh::Dataplane& dataplane) {
  std::vector<std::string> sections;
  for (const mesh::Inbound& inbound : dataplane.inbounds) sections.push_back(inbound.SectionName());
  for (const mesh::ProxyListener& listener : dataplane.listeners)
    sections.push_back(listener.name.empty() ? std::to_string(listener.port) : listener.name);
  return sections;
}

NearMiss MissedDataplane(const ResourceMeta& policy, const TargetRef& top, const mesh::Dataplane& dataplane) {
  if (!NamesDataplane(policy, top, dataplane)) {
    if (top.labels.has_value()) return Compare("label", "the proxy", *top.labels, dataplane.labels());
    Kri origin = KriOf(policy);
    origin.type = "Dataplane";
    const Kri wanted = TargetRefToKri(origin, top);
    const Kri own = KriOf(dataplane.resource->meta);
    NearMiss miss{kWrongName, "name: wants " + Quoted(wanted.name) + ", the proxy is " + Quoted(own.name)};
    if (wanted.name == own.name && wanted.ns != own.ns)
      miss = {kWrongValue, "namespace: wants " + Quoted(wanted.ns) + ", the proxy is in " + Quoted(own.ns)};
    if (wanted.name == own.name && wanted.ns == own.ns) {
      miss = {kElsewhere, "a name means a proxy of the policy's own zone (" + Quoted(wanted.zone) + "), the proxy is of " +
                              Quoted(own.zone) + "; labels select across zones"};
    }
    if (EditDistance(wanted.name, own.name) == 1) miss.distance = kWrongValue;
    return miss;
  }
  if (!top.section.empty()) {
    const std::vector<std::string> sections = SectionsOf(dataplane);
    const std::string near = NearestName(top.section, sections);
    return {kWrongValue, "sectionName: wants " + Quoted(top.section) + ", the proxy has " +
                             (sections.empty() ? "no inbound" : Join(sections, ", ")) +
                             (near.empty() ? std::string() : "; did you mean " + Quoted(near) + "?")};
  }
  if (dataplane.gateway.has_value() && dataplane.gateway->builtin)
    return {kNever, "the proxy is a builtin gateway, which this version does not configure"};
  return {kNever, "the proxy has no inbound"};
}

NearMiss MissedService(const TargetRef& top, const mesh::Dataplane& dataplane) {
  const std::vector<std::string> services = dataplane.Services();
  const bool serves = std::find(services.begin(), services.end(), top.name) != services.end();
  if (serves) {
    mesh::Tags wanted{{std::string(kServiceTag), top.name}};
    wanted.insert(top.tags.begin(), top.tags.end());
    return NearestByTags(wanted, dataplane);
  }
  const std::string near = NearestName(top.name, services);
  return {near.empty() ? kWrongName : kWrongValue, "kuma.io/service: wants " + Quoted(top.name) + ", the proxy serves " +
                                                       (services.empty() ? "none" : Join(services, ", ")) +
                                                       (near.empty() ? std::string() : "; did you mean " + Quoted(near) + "?")};
}

std::vector<std::string> NamesOf(const mesh::Snapshot& snapshot, std::string_view type) {
  std::vector<std::string> names;
  for (const auto& [kri, destination] : snapshot.AllDestinations()) {
    if (kri.type == type) names.push_back(kri.name);
  }
  if (type == "MeshService") {
    for (const auto& [name, service] : snapshot.AllServices()) names.push_back(name);
  }
  return names;
}

std::string SuggestionFrom(const std::string& name, const std::vector<std::string>& names) {
  const std::string near = NearestName(name, names);
  return near.empty() ? std::string() : "; did you mean " + Quoted(near) + "?";
}

}  // namespace

std::string TargetText(const TargetRef& target) {
  std::string text = target.kind_text;
  if (!target.name.empty()) text += " " + target.name;
  if (!target.ns.empty()) text += " namespace " + target.ns;
  if (target.labels.has_value()) {
    for (const auto& [key, value] : *target.labels) text += " " + key + "=" + value;
  }
  for (const auto& [key, value] : target.tags) text += " " + key + "=" + value;
  if (!target.section.empty()) text += " section " + target.section;
  if (!target.proxy_types.empty()) text += " (" + Join(target.proxy_types, ", ") + ")";
  return text;
}

std::optional<NearMiss> FindNearMiss(const ResourceMeta& policy, const TargetRef& top, const mesh::Dataplane& dataplane,
                                     const mesh::Snapshot& snapshot) {
  const Selection selection = SelectProxy(policy, top, dataplane, snapshot);
  if (selection.matches()) return std::nullopt;
  if (!selection.error.empty()) {
    std::string reason = selection.error;
    if (top.kind == TargetKind::kMeshHttpRoute) {
      std::vector<std::string> routes;
      for (const ResourcePtr& route : snapshot.Resources("MeshHTTPRoute")) routes.push_back(DisplayName(route->meta));
      reason = "there is no MeshHTTPRoute " + Quoted(top.name) + SuggestionFrom(top.name, routes);
    }
    return NearMiss{kNever, std::move(reason)};
  }
  const Labels& own = dataplane.labels();
  if (!ZoneAllows(policy.labels, own)) {
    return NearMiss{kElsewhere, "the policy was made in zone " + LabelOr(policy.labels, kZoneLabel, "(unknown)") +
                                    " and stays there; the proxy is in zone " + LabelOr(own, kZoneLabel, "(unknown)")};
  }
  if (!NamespaceAllows(policy.labels, own)) {
    return NearMiss{kElsewhere, "a policy of role " + LabelOr(policy.labels, kPolicyRoleLabel, "") + " stays in its namespace " +
                                    LabelOr(policy.labels, kNamespaceLabel, "(none)") + "; the proxy is in " +
                                    LabelOr(own, kNamespaceLabel, "none")};
  }
  switch (top.kind) {
    case TargetKind::kMesh:
      return ProxyTypeAllowed(top, dataplane) ? NearestByTags({}, dataplane) : WrongProxyType(top, dataplane);
    case TargetKind::kMeshSubset:
      return ProxyTypeAllowed(top, dataplane) ? NearestByTags(top.tags, dataplane) : WrongProxyType(top, dataplane);
    case TargetKind::kDataplane:
      return MissedDataplane(policy, top, dataplane);
    case TargetKind::kMeshService:
    case TargetKind::kMeshServiceSubset:
      return MissedService(top, dataplane);
    case TargetKind::kMeshGateway:
      return NearMiss{kNever, "it is for builtin gateways, which this version does not configure"};
    case TargetKind::kMeshHttpRoute: {
      const ResourcePtr route = FindRoute(snapshot, policy.mesh(), top.name);
      std::optional<NearMiss> of_route =
          route == nullptr ? std::nullopt : FindNearMiss(route->meta, ParseTargetRef(Get(route->spec, "targetRef")), dataplane, snapshot);
      if (!of_route) return NearMiss{kNever, "its route does not select the proxy"};
      of_route->reason = "its MeshHTTPRoute " + Quoted(top.name) + " does not select the proxy: " + of_route->reason;
      return of_route;
    }
    default:
      return NearMiss{kNever, "a targetRef of kind " + top.kind_text + " selects no proxies"};
  }
}

std::optional<std::string> WhyUnresolved(const TargetRef& target, const ResourceMeta& policy, const mesh::Snapshot& snapshot) {
  switch (target.kind) {
    case TargetKind::kMeshService:
    case TargetKind::kMeshExternalService:
    case TargetKind::kMeshMultiZoneService:
    case TargetKind::kMeshHttpRoute:
      break;
    default:
      return std::nullopt;
  }
  if (!ResolveTargetRef(target, policy, snapshot).empty()) return std::nullopt;
  if (target.kind == TargetKind::kMeshHttpRoute) {
    std::vector<std::string> routes;
    for (const ResourcePtr& route : snapshot.Resources("MeshHTTPRoute")) routes.push_back(DisplayName(route->meta));
    return "there is no such MeshHTTPRoute" + SuggestionFrom(target.name, routes);
  }
  TargetRef whole = target;
  whole.section.clear();
  const std::vector<ResolvedTarget> resources =
      target.section.empty() ? std::vector<ResolvedTarget>() : ResolveTargetRef(whole, policy, snapshot);
  if (!resources.empty()) {
    std::vector<std::string> sections;
    if (const mesh::Destination* destination = snapshot.FindDestination(resources.front().kri.WithoutSection()); destination != nullptr) {
      for (const mesh::DestinationPort& port : destination->ports) sections.push_back(port.SectionName());
    }
    return "it has no section " + Quoted(target.section) + "; it has " + (sections.empty() ? "no port" : Join(sections, ", "));
  }
  if (target.labels.has_value() && !target.labels->empty()) {
    std::optional<NearMiss> nearest;
    std::string name;
    for (const auto& [kri, destination] : snapshot.AllDestinations()) {
      if (kri.type != target.kind_text) continue;
      NearMiss miss = Compare("label", kri.name, *target.labels, destination->resource->meta.labels);
      if (nearest && nearest->distance <= miss.distance) continue;
      nearest = std::move(miss);
      name = kri.name;
    }
    if (!nearest) return "there is no " + target.kind_text + " at all";
    return "no " + target.kind_text + " has these labels; the nearest is " + Quoted(name) + ": " + nearest->reason;
  }
  // A service known by its tag alone is reached without a resource.
  if (target.kind == TargetKind::kMeshService && snapshot.FindService(target.name) != nullptr) return std::nullopt;
  const Kri wanted = TargetRefToKri(KriOf(policy), target);
  for (const auto& [kri, destination] : snapshot.AllDestinations()) {
    if (kri.type != wanted.type || kri.name != wanted.name) continue;
    if (kri.ns != wanted.ns)
      return "there is one in namespace " + Quoted(kri.ns) + ", but a name without a namespace means that of the policy (" +
             Quoted(wanted.ns) + ")";
    return "there is one in zone " + Quoted(kri.zone) + ", but a name means the policy's own zone (" + Quoted(wanted.zone) +
           "); use labels";
  }
  return "there is no such " + target.kind_text + SuggestionFrom(target.name, NamesOf(snapshot, target.kind_text));
}

}  // namespace kuma::policy
