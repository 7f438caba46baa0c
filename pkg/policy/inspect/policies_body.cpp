// _policies and _routes: what applies to the proxy as a whole, to one inbound, to one outbound, to one route.
#include <algorithm>

#include "pkg/policy/inspect/view.h"
#include "pkg/policy/rules/merge.h"

namespace kuma::policy {
namespace {

Status RequireExclusive(const InspectInput& input) {
  if (input.snapshot.mesh != nullptr && input.snapshot.mesh->mesh_services == mesh::MeshServicesMode::kExclusive) return Ok();
  return BadRequest("can't use _policies endpoint without meshService enabled");
}

Result<Kri> KriArgument(std::string_view text, const TypeRegistry& types) {
  Result<Kri> kri = ParseKri(text, types);
  if (!kri.ok()) return BadRequest(kri.error().message);
  return kri;
}

Json PolicyConf(const TypeDescriptor& type, Json conf, const std::vector<Origin>& origins, const TypeRegistry& types) {
  return {{"kind", type.name}, {"conf", std::move(conf)}, {"origins", OriginKris(origins, types)}};
}

std::optional<InboundKey> FindInbound(const mesh::Dataplane& dataplane, std::string_view section) {
  for (const mesh::Inbound& inbound : dataplane.inbounds) {
    if (section.empty() || inbound.SectionName() == section) return InboundKey{inbound.address, inbound.port};
  }
  for (const mesh::ProxyListener& listener : dataplane.listeners) {
    const std::string own = listener.name.empty() ? std::to_string(listener.port) : listener.name;
    if (section.empty() || own == section) return InboundKey{listener.address.empty() ? dataplane.address : listener.address, listener.port};
  }
  return std::nullopt;
}

Json ConfsOf(const InspectInput& input, const std::vector<Kri>& ids, bool with_routes) {
  Json policies = Json::array();
  for (const TypedRules& typed : InOrder(input)) {
    if (!with_routes && IsRoute(*typed.type)) continue;
    const ResourceRule* rule = FindResourceRule(typed.rules->to_resources, ids, input.snapshot.mesh_name);
    if (rule != nullptr) policies.push_back(PolicyConf(*typed.type, rule->confs, rule->origins, input.types));
  }
  return {{"policies", std::move(policies)}};
}

Json RouteRules(const TypeDescriptor& type, const ResourceRule& rule, const TypeRegistry& types) {
  const PolicyTraits& traits = *type.policy;
  Json out;  // null when there are none, as clients know it
  for (const Json& conf : rule.confs) {
    if (traits.merge_list.empty()) {
      out.push_back({{"conf", Get(conf, "default")}, {"kri", ""}, {"matches", nullptr}});
      continue;
    }
    for (const Json& item : Get(conf, traits.merge_list)) {
      const Json& matches = Get(item, traits.merge_by);
      const auto origin = rule.origin_by_matches.find(HashMatches(matches));
      const std::string kri = origin == rule.origin_by_matches.end() ? std::string{} : ToString(KriOf(origin->second.policy->meta), types);
      out.push_back({{"conf", Get(item, "default")}, {"kri", kri}, {"matches", matches}});
    }
  }
  return out;
}

}  // namespace

Result<Json> ProxyPoliciesBody(const InspectInput& input) {
  KUMA_TRY(RequireExclusive(input));
  Json policies = Json::array();
  for (const TypedRules& typed : InOrder(input)) {
    if (const auto& proxy = typed.rules->proxy; proxy.has_value()) policies.push_back(PolicyConf(*typed.type, proxy->conf, proxy->origins, input.types));
  }
  return Json{{"policies", std::move(policies)}};
}

Result<Json> InboundPoliciesBody(const InspectInput& input, std::string_view inbound_kri) {
  KUMA_TRY(RequireExclusive(input));
  KUMA_TRY_ASSIGN(const Kri kri, KriArgument(inbound_kri, input.types));
  const std::optional<InboundKey> key = FindInbound(input.dataplane, kri.section);
  if (!key.has_value()) return Internal("inbound not found");
  Json policies = Json::array();
  for (const TypedRules& typed : InOrder(input)) {
    const auto it = typed.rules->inbound.find(*key);
    if (it == typed.rules->inbound.end() || it->second.empty()) continue;
    Json rules = Json::array();
    std::vector<Origin> origins;
    for (const InboundRule& rule : it->second) {
      const Origin& origin = rule.origins.front();
      rules.push_back({{"kri", ToString(KriOf(origin.policy->meta), input.types)}, {"conf", rule.conf}});
      const bool known = std::any_of(origins.begin(), origins.end(), [&](const Origin& other) { return other.policy->meta.key == origin.policy->meta.key; });
      if (!known) origins.push_back(origin);
    }
    policies.push_back({{"kind", typed.type->name}, {"rules", std::move(rules)}, {"origins", OriginKris(origins, input.types)}});
  }
  return Json{{"policies", std::move(policies)}};
}

Result<Json> OutboundPoliciesBody(const InspectInput& input, std::string_view outbound_kri) {
  KUMA_TRY(RequireExclusive(input));
  KUMA_TRY_ASSIGN(const Kri kri, KriArgument(outbound_kri, input.types));
  return ConfsOf(input, {kri, kri.WithoutSection()}, true);
}

Result<Json> RoutePoliciesBody(const InspectInput& input, std::string_view outbound_kri, std::string_view route_kri) {
  KUMA_TRY(RequireExclusive(input));
  KUMA_TRY_ASSIGN(const Kri outbound, KriArgument(outbound_kri, input.types));
  KUMA_TRY_ASSIGN(const Kri route, KriArgument(route_kri, input.types));
  return ConfsOf(input, {route, outbound, outbound.WithoutSection()}, false);
}

Result<Json> OutboundRoutesBody(const InspectInput& input, std::string_view outbound_kri) {
  KUMA_TRY(RequireExclusive(input));
  KUMA_TRY_ASSIGN(const Kri kri, KriArgument(outbound_kri, input.types));
  Json routes = Json::array();
  for (const TypedRules& typed : InOrder(input)) {
    if (!IsRoute(*typed.type)) continue;
    const ResourceRule* rule = FindResourceRule(typed.rules->to_resources, kri, kri.mesh);
    if (rule == nullptr) continue;
    routes.push_back({{"kind", typed.type->name}, {"rules", RouteRules(*typed.type, *rule, input.types)}, {"origins", OriginKris(rule->origins, input.types)}});
  }
  return Json{{"routes", std::move(routes)}};
}

}  // namespace kuma::policy
