#include "pkg/policy/inspect/view.h"

#include <algorithm>

namespace kuma::policy {

std::vector<TypedRules> InOrder(const InspectInput& input) {
  std::vector<TypedRules> out;
  for (const auto& [name, rules] : input.rules) {
    const TypeDescriptor* type = input.types.Find(name);
    if (type != nullptr && type->policy != nullptr) out.push_back({type, &rules});
  }
  std::stable_sort(out.begin(), out.end(), [](const TypedRules& a, const TypedRules& b) { return a.type->policy->order < b.type->policy->order; });
  return out;
}

Json LabelsBody(const Labels& labels) {
  Json out = Json::object();
  for (const auto& [key, value] : labels) out[key] = value;
  return out;
}

Json TagsBody(const mesh::Tags& tags) {
  Json out = Json::object();
  for (const auto& [key, value] : tags) out[key] = value;
  return out;
}

Json MetaBody(const ResourceMeta& meta) { return {{"type", meta.type()}, {"mesh", meta.mesh()}, {"name", meta.name()}, {"labels", LabelsBody(meta.labels)}}; }

Json OriginMetas(const std::vector<Origin>& origins) {
  Json out = Json::array();
  for (const Origin& origin : origins) out.push_back(MetaBody(origin.policy->meta));
  return out;
}

Json OriginsWithIndex(const std::vector<Origin>& origins) {
  Json out = Json::array();
  for (const Origin& origin : origins) out.push_back({{"resourceMeta", MetaBody(origin.policy->meta)}, {"ruleIndex", origin.rule_index}});
  return out;
}

Json OriginKris(const std::vector<Origin>& origins, const TypeRegistry& types) {
  Json out = Json::array();
  for (const Origin& origin : origins) out.push_back({{"kri", ToString(KriOf(origin.policy->meta), types)}});
  return out;
}

Json InboundTags(const mesh::Dataplane& dataplane, uint32_t port) {
  if (dataplane.gateway.has_value()) return TagsBody(dataplane.gateway->tags);
  for (const mesh::Inbound& inbound : dataplane.inbounds) {
    if (inbound.port == port) return TagsBody(inbound.tags);
  }
  return {};
}

bool IsRoute(const TypeDescriptor& type) { return static_cast<bool>(type.policy->conf_of_entry); }

Error BadRequest(const std::string& text) { return Invalid("bad request: " + text); }

}  // namespace kuma::policy
