#include "pkg/policy/rules/engine.h"

#include "pkg/base/strings.h"
#include "pkg/policy/rules/merge.h"

namespace kuma::policy {
namespace {

std::shared_ptr<const PolicyIndex> IndexOf(const TypeDescriptor& type, const mesh::Snapshot& snapshot, const BuildOptions& options) {
  if (type.policy == nullptr || snapshot.resources == nullptr) return nullptr;
  const auto it = snapshot.resources->find(type.name);
  if (it == snapshot.resources->end() || it->second == nullptr || it->second->empty()) return nullptr;
  if (options.cache != nullptr) return options.cache->Find(type, snapshot.mesh_name, it->second);
  return std::make_shared<const PolicyIndex>(type, it->second);
}

void CopyOutbound(const OutboundRules& from, RuleSet& to) {
  to.to = from.to;
  to.to_resources = from.to_resources;
  to.proxy = from.proxy;
}

void CopyInbound(const InboundRules& from, const InboundKey& key, RuleSet& to) {
  if (!from.from.empty()) to.from.emplace(key, from.from);
  if (!from.inbound.empty()) to.inbound.emplace(key, from.inbound);
}

}  // namespace

std::shared_ptr<const PolicyIndex> PolicyIndexCache::Find(const TypeDescriptor& type, const std::string& mesh, const mesh::ResourceListPtr& policies) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<const PolicyIndex>& index = indexes_[{mesh, type.name}];
  if (index == nullptr || index->list() != policies) index = std::make_shared<const PolicyIndex>(type, policies);
  return index;
}

void PolicyIndexCache::Forget(const std::string& mesh) {
  const std::lock_guard lock(mutex_);
  std::erase_if(indexes_, [&](const auto& entry) { return entry.first.first == mesh; });
}

RuleSet BuildRuleSet(const TypeDescriptor& policy_type, const mesh::Dataplane& dataplane, const mesh::Snapshot& snapshot, const BuildOptions& options) {
  RuleSet out;
  out.type = policy_type.name;
  const std::shared_ptr<const PolicyIndex> index = IndexOf(policy_type, snapshot, options);
  if (index == nullptr) return out;
  const std::vector<IndexedPolicy>& policies = index->policies();
  PolicyMask matched(policies.size(), '0');
  std::map<InboundKey, PolicyMask> by_inbound;
  for (size_t i = 0; i < policies.size(); ++i) {
    const IndexedPolicy& policy = policies[i];
    if (policy.shadow && !options.include_shadow) continue;
    const Selection selection = SelectProxy(policy.resource->meta, policy.top, dataplane, snapshot);
    if (!selection.error.empty()) {
      const ResourceMeta& meta = policy.resource->meta;
      out.warnings.push_back("unable to resolve TargetRef on policy: mesh:" + meta.mesh() + " name:" + meta.name() + " error:" + QuoteGo(selection.error));
    }
    if (!selection.matches()) continue;
    matched[i] = '1';
    out.matched.push_back(policy.resource);
    for (const InboundKey& key : selection.inbounds) by_inbound.try_emplace(key, policies.size(), '0').first->second[i] = '1';
  }
  if (out.matched.empty()) return out;
  CopyOutbound(*index->Outbound(matched, snapshot), out);
  for (const auto& [key, mask] : by_inbound) CopyInbound(*index->Inbound(mask), key, out);
  return out;
}

RuleSets BuildRuleSets(const mesh::Dataplane& dataplane, const mesh::Snapshot& snapshot, const TypeRegistry& types, const BuildOptions& options) {
  RuleSets out;
  if (snapshot.resources == nullptr) return out;
  for (const auto& [name, list] : *snapshot.resources) {
    const TypeDescriptor* type = types.Find(name);
    if (type == nullptr || type->policy == nullptr || list->empty()) continue;
    RuleSet rules = BuildRuleSet(*type, dataplane, snapshot, options);
    if (!rules.empty()) out.emplace(name, std::move(rules));
  }
  return out;
}

RuleSet BuildEgressRuleSet(const TypeDescriptor& policy_type, const mesh::Tags& service_tags, const mesh::Snapshot& snapshot, const BuildOptions& options) {
  RuleSet out;
  out.type = policy_type.name;
  // Every policy of the mesh counts here, a first one too. Rules of a Dataplane are not recorded: MayAffect answers for each policy.
  if (snapshot.reads != nullptr) snapshot.reads->types.emplace(policy_type.name);
  const std::shared_ptr<const PolicyIndex> index = IndexOf(policy_type, snapshot, options);
  if (index == nullptr) return out;
  const PolicyTraits& traits = *policy_type.policy;
  if (!traits.has_from && !traits.has_to) return out;
  const std::vector<IndexedPolicy>& policies = index->policies();
  PolicyMask all(policies.size(), '0');
  PolicyMask selected(policies.size(), '0');
  for (size_t i = 0; i < policies.size(); ++i) {
    if (policies[i].shadow && !options.include_shadow) continue;
    all[i] = '1';
    out.matched.push_back(policies[i].resource);
    // `rules` are for proxies of the mesh; what leaves it knows `from` alone.
    const bool by_rules = traits.has_from && !Get(policies[i].resource->spec, "rules").empty();
    if (!by_rules && SelectsService(policies[i].top, service_tags)) selected[i] = '1';
  }
  if (traits.has_from) {
    CopyInbound(*index->Inbound(selected), InboundKey{}, out);
  } else if (std::vector<SubsetRule> rules = index->EgressTo(service_tags, options.include_shadow); !rules.empty()) {
    out.from.emplace(InboundKey{}, std::move(rules));
  }
  if (traits.has_to) out.to_resources = index->Outbound(all, snapshot)->to_resources;
  return out;
}

Json MergeCatchAll(const std::vector<InboundRule>& rules, const PolicyTraits& traits) {
  std::vector<const Json*> confs;
  for (const InboundRule& rule : rules) {
    if (rule.match.is_null()) confs.push_back(&rule.conf);
  }
  std::vector<Json> merged = MergeConfs(confs, traits);
  return merged.empty() ? Json() : std::move(merged.front());
}

}  // namespace kuma::policy
