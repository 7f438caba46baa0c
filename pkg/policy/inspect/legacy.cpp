// The older inspect API (rules and policies by tags) and the list of proxies of a policy.
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "pkg/base/clock.h"
#include "pkg/base/strings.h"
#include "pkg/policy/inspect/view.h"
#include "pkg/policy/rules/match.h"
#include "pkg/policy/rules/subset.h"

namespace kuma::policy {
namespace {

// The service, qualified by a hash of the tags when there are more of them.
std::string ClusterName(const mesh::Tags& tags) {
  const auto service = tags.find(kServiceTag);
  if (service == tags.end()) return {};
  if (tags.size() == 1) return service->second;
  std::string text;
  for (const auto& [key, value] : tags) text += key + value;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return service->second + '-' + HexEncode({reinterpret_cast<const char*>(digest.data()), 8});
}

Json Attachment(std::string_view kind, const std::string& policy_type, const Json& conf, const std::vector<Origin>& origins, const std::vector<TagMatch>& subset) {
  Json tags = Json::object();
  for (const TagMatch& tag : subset) tags[tag.key] = (tag.negated ? "!" : "") + tag.value;
  Json names = Json::array();
  for (const Origin& origin : origins) names.push_back({{"mesh", origin.policy->meta.mesh()}, {"name", origin.policy->meta.name()}});
  return {{"type", kind}, {"policyType", policy_type}, {"conf", conf}, {"origins", std::move(names)}, {"subset", std::move(tags)}};
}

void Describe(Json& attachment, const mesh::Tags& tags, const std::vector<std::string>& addresses) {
  const auto service = tags.find(kServiceTag);
  attachment["name"] = ClusterName(tags);
  attachment["service"] = service == tags.end() ? std::string{} : service->second;
  attachment["tags"] = TagsBody(tags);
  attachment["addresses"] = addresses;
}

void AddInboundAttachments(const mesh::Dataplane& dataplane, const RuleSet& rules, std::vector<Json>& out) {
  for (const auto& [key, list] : rules.from) {
    const auto inbound = std::find_if(dataplane.inbounds.begin(), dataplane.inbounds.end(), [&, &wanted = key](const mesh::Inbound& candidate) {
      return candidate.address == wanted.address && candidate.port == wanted.port;
    });
    if (inbound == dataplane.inbounds.end()) continue;
    for (const SubsetRule& rule : list) {
      out.push_back(Attachment("ClientSubset", rules.type, rule.conf, rule.origins, rule.subset));
      Describe(out.back(), inbound->tags, {key.address + ':' + std::to_string(key.port)});
    }
  }
}

std::vector<LegacyOutbound> ListedOutbounds(const mesh::Dataplane& dataplane) {
  std::vector<LegacyOutbound> out;
  for (const mesh::Outbound& outbound : dataplane.outbounds) out.push_back({outbound.tags, {outbound.address + ':' + std::to_string(outbound.port)}});
  return out;
}

void AddOutboundAttachments(const std::vector<LegacyOutbound>& outbounds, const RuleSet& rules, std::vector<Json>& out) {
  std::map<std::string, size_t> by_name;  // into `out`
  for (const LegacyOutbound& outbound : outbounds) {
    if (!outbound.tags.contains(kServiceTag)) continue;
    const std::string name = ClusterName(outbound.tags);
    if (const auto it = by_name.find(name); it != by_name.end()) {
      Json& addresses = out[it->second]["addresses"];
      for (const std::string& address : outbound.addresses) {
        if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) addresses.push_back(address);
      }
      continue;
    }
    const auto rule = std::find_if(rules.to.begin(), rules.to.end(), [&](const SubsetRule& candidate) { return ContainsElement(candidate.subset, outbound.tags); });
    if (rule == rules.to.end()) continue;
    by_name.emplace(name, out.size());
    out.push_back(Attachment("DestinationSubset", rules.type, rule->conf, rule->origins, rule->subset));
    Describe(out.back(), outbound.tags, outbound.addresses);
  }
}

}  // namespace

Json LegacyRulesBody(const InspectInput& input, const std::vector<LegacyOutbound>& virtual_outbounds) {
  const std::vector<LegacyOutbound> outbounds = input.dataplane.transparent_proxying != nullptr ? virtual_outbounds : ListedOutbounds(input.dataplane);
  std::vector<Json> attachments;
  for (const auto& [type, rules] : input.rules) {
    AddInboundAttachments(input.dataplane, rules, attachments);
    AddOutboundAttachments(outbounds, rules, attachments);
    if (rules.proxy.has_value()) attachments.push_back(Attachment("SingleItem", type, rules.proxy->conf, rules.proxy->origins, {}));
  }
  std::stable_sort(attachments.begin(), attachments.end(), [](const Json& a, const Json& b) {
    return std::pair(GetString(a, "name"), GetString(a, "type")) < std::pair(GetString(b, "name"), GetString(b, "type"));
  });
  return {{"total", attachments.size()}, {"items", std::move(attachments)}};
}

Json LegacyPoliciesBody(const InspectInput& input) {
  Json matched = Json::object();
  for (const auto& [type, rules] : input.rules) {
    for (const ResourcePtr& policy : rules.matched) {
      Json meta = MetaBody(policy->meta);
      if (policy->meta.labels.empty()) meta.erase("labels");
      meta["kri"] = ToString(KriOf(policy->meta), input.types);
      meta["creationTime"] = FormatRfc3339(policy->meta.creation_time);
      meta["modificationTime"] = FormatRfc3339(policy->meta.modification_time);
      matched[type].push_back(std::move(meta));
    }
  }
  Json items = Json::array();
  if (!matched.empty()) items.push_back({{"type", "dataplane"}, {"matchedPolicies", std::move(matched)}});
  return {{"kind", "SidecarDataplane"}, {"total", items.size()}, {"items", std::move(items)}};
}

std::vector<ResourcePtr> DataplanesOfPolicy(const Resource& policy, const mesh::Snapshot& snapshot, std::string_view name_contains) {
  std::vector<ResourcePtr> out;
  for (const auto& [name, dataplane] : snapshot.AllDataplanes()) {
    if (Contains(name, name_contains) && SelectProxy(policy, *dataplane, snapshot).matches()) out.push_back(dataplane->resource);
  }
  return out;
}

Json DataplanesOfPolicyBody(const Resource& policy, const mesh::Snapshot& snapshot, std::string_view name_contains, size_t offset, size_t size) {
  const std::vector<ResourcePtr> all = DataplanesOfPolicy(policy, snapshot, name_contains);
  Json items = Json::array();
  for (size_t i = offset; i < all.size() && i - offset < size; ++i) items.push_back(MetaBody(all[i]->meta));
  return {{"total", all.size()}, {"items", std::move(items)}};
}

}  // namespace kuma::policy
