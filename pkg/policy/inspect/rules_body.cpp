// _rules: every rule that the proxy has, of every policy type.
#include <algorithm>
#include <map>

#include "pkg/policy/inspect/view.h"
#include "pkg/policy/rules/merge.h"

namespace kuma::policy {
namespace {

Json SubsetRulesBody(const std::vector<SubsetRule>& rules) {
  Json out = Json::array();
  for (const SubsetRule& rule : rules) {
    Json matchers = Json::array();
    for (const TagMatch& tag : rule.subset) matchers.push_back({{"key", tag.key}, {"value", tag.value}, {"not", tag.negated}});
    out.push_back({{"conf", rule.conf}, {"matchers", std::move(matchers)}, {"origin", OriginMetas(rule.origins)}});
  }
  return out;
}

Json InboundBody(const mesh::Dataplane& dataplane, const InboundKey& key) {
  Json out = {{"port", key.port}, {"tags", InboundTags(dataplane, key.port)}};
  for (const mesh::Inbound& inbound : dataplane.inbounds) {
    if (inbound.port != key.port) continue;
    if (!inbound.name.empty()) out["name"] = inbound.name;
    break;
  }
  return out;
}

void SortByPort(Json& entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const Json& a, const Json& b) { return GetInt(Get(a, "inbound"), "port") < GetInt(Get(b, "inbound"), "port"); });
}

Json FromBody(const mesh::Dataplane& dataplane, const RuleSet& rules) {
  Json out = Json::array();
  for (const auto& [key, list] : rules.from) {
    if (!list.empty()) out.push_back({{"inbound", InboundBody(dataplane, key)}, {"rules", SubsetRulesBody(list)}});
  }
  SortByPort(out);
  return out;
}

Json InboundRulesBody(const mesh::Dataplane& dataplane, const RuleSet& rules) {
  Json out = Json::array();
  for (const auto& [key, list] : rules.inbound) {
    if (list.empty()) continue;
    Json entries = Json::array();
    for (const InboundRule& rule : list) {
      Json entry = {{"conf", Json::array({rule.conf})}, {"origin", OriginsWithIndex(rule.origins)}};
      if (!rule.match.is_null()) entry["match"] = rule.match;
      entries.push_back(std::move(entry));
    }
    out.push_back({{"inbound", InboundBody(dataplane, key)}, {"rules", std::move(entries)}});
  }
  SortByPort(out);
  return out;
}

Json ResourceRulesBody(const RuleSet& rules) {
  Json out = Json::array();
  for (const auto& [kri, rule] : rules.to_resources) {
    Json meta = MetaBody(rule.resource_meta);
    meta["type"] = kri.type;
    out.push_back({{"conf", rule.confs}, {"origin", OriginsWithIndex(rule.origins)}, {"resourceMeta", std::move(meta)}, {"resourceSectionName", kri.section}});
  }
  std::stable_sort(out.begin(), out.end(), [](const Json& a, const Json& b) { return GetString(a["resourceMeta"], "name") < GetString(b["resourceMeta"], "name"); });
  return out;
}

void CollectMatches(const Json& conf, const PolicyTraits& traits, std::map<std::string, Json>& out) {
  for (const Json& item : Get(conf, traits.merge_list)) {
    const Json& key = Get(item, traits.merge_by);
    out.insert_or_assign(HashMatches(key), key);
  }
}

}  // namespace

Json RulesBody(const InspectInput& input) {
  const bool exclusive = input.snapshot.mesh != nullptr && input.snapshot.mesh->mesh_services == mesh::MeshServicesMode::kExclusive;
  Json types = Json::array();
  std::map<std::string, Json> matches;
  for (const TypedRules& typed : InOrder(input)) {
    const RuleSet& rules = *typed.rules;
    if (const PolicyTraits& traits = *typed.type->policy; !traits.merge_list.empty()) {
      for (const SubsetRule& rule : rules.to) CollectMatches(rule.conf, traits, matches);
      for (const auto& [kri, rule] : rules.to_resources) {
        for (const Json& conf : rule.confs) CollectMatches(conf, traits, matches);
      }
    }
    // Rules by tags do not touch outbounds of real resources, the only ones in this mode.
    Json entry = {{"type", rules.type},
                  {"toRules", exclusive ? Json::array() : SubsetRulesBody(rules.to)},
                  {"toResourceRules", ResourceRulesBody(rules)},
                  {"fromRules", FromBody(input.dataplane, rules)},
                  {"inboundRules", InboundRulesBody(input.dataplane, rules)},
                  {"warnings", rules.warnings}};
    const bool none = entry["toRules"].empty() && entry["toResourceRules"].empty() && entry["fromRules"].empty() && entry["inboundRules"].empty();
    if (rules.proxy.has_value()) {
      entry["proxyRule"] = {{"conf", rules.proxy->conf}, {"origin", OriginMetas(rules.proxy->origins)}};
    } else if (none) {
      continue;
    }
    types.push_back(std::move(entry));
  }
  Json http_matches = Json::array();
  for (auto& [hash, match] : matches) http_matches.push_back({{"hash", hash}, {"match", std::move(match)}});
  return {{"httpMatches", std::move(http_matches)}, {"resource", MetaBody(input.dataplane.resource->meta)}, {"rules", std::move(types)}};
}

}  // namespace kuma::policy
