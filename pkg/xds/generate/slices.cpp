#include "pkg/xds/generate/slices.h"

#include <algorithm>

#include "pkg/xds/generate/policies.h"

namespace kuma::xds {

namespace {

using policy::PolicyHooks;
using policy::PolicySlice;
using policy::RuleSet;

// The rule can hold for the service: no condition on kuma.io/service says otherwise.
bool MayConcern(const policy::SubsetRule& rule, const std::string& service) {
  return std::all_of(rule.subset.begin(), rule.subset.end(),
                     [&](const policy::TagMatch& tag) { return tag.key != kServiceTag || (tag.value == service) != tag.negated; });
}

}  // namespace

const policy::PolicySlice& UnitRules::Of(std::string_view type) const {
  static const policy::PolicySlice kNone;
  const auto it = slices.find(type);
  return it == slices.end() ? kNone : it->second;
}

Digest RuleSlicer::DigestOfRule(const void* rule, const Json& conf, const std::vector<policy::Origin>& origins,
                                const std::vector<policy::TagMatch>& subset, const Json& match) {
  Digest& known = digests_[rule];
  if (known != Digest{}) return known;
  DigestBuilder digest;
  digest.Add(ToJsonText(conf)).Add(match.is_null() ? std::string() : ToJsonText(match)).Add(subset.size());
  for (const policy::TagMatch& tag : subset) digest.Add(tag.key).Add(tag.value).Add(uint64_t{tag.negated});
  for (const policy::Origin& origin : origins) {
    if (origin.policy == nullptr) continue;
    const Kri kri = KriOf(origin.policy->meta);
    digest.Add(kri.type).Add(kri.mesh).Add(kri.zone).Add(kri.ns).Add(kri.name).Add(static_cast<uint64_t>(origin.rule_index));
  }
  return known = digest.Finish();
}

// The merged conf of a whole proxy does not tell which of its policies are for one inbound only.
void RuleSlicer::AddSectionPolicies(PolicySlice& slice, const RuleSet& rules, DigestBuilder& digest) {
  const auto section = [](const Resource& policy) { return GetString(Get(policy.spec, "targetRef"), "sectionName"); };
  if (!rules.proxy || std::all_of(rules.matched.begin(), rules.matched.end(), [&](const auto& p) { return section(*p).empty(); })) return;
  for (const ResourcePtr& policy : rules.matched) {
    slice.policies.push_back(&policy);
    digest.Add("policy").Add(section(*policy)).Add(ToJsonText(Get(policy->spec, "default")));
  }
}

template <typename Fill>
UnitRules RuleSlicer::Make(bool (*has_hook)(const PolicyHooks&), Fill&& fill) {
  UnitRules result;
  result.owner = rules_;
  DigestBuilder digest;
  for (const PolicyHooks& hooks : Policies()) {
    if (!has_hook(hooks)) continue;
    const auto it = rules_->find(hooks.type);
    if (it == rules_->end() || it->second.empty()) continue;
    const RuleSet& rules = it->second;
    PolicySlice& slice = result.slices[std::string(hooks.type)];
    slice.matched = true;
    slice.has_to = !rules.to.empty();
    digest.Add(hooks.type).Add(uint64_t{slice.has_to});
    fill(hooks, slice, rules, digest);
    if (rules.proxy) {
      slice.proxy = &*rules.proxy;
      digest.Add(DigestOfRule(slice.proxy, slice.proxy->conf, slice.proxy->origins, {}, Json()));
    }
  }
  result.digest = digest.Finish();
  return result;
}

void RuleSlicer::AddInbound(PolicySlice& slice, const RuleSet& rules, const policy::InboundKey& key, DigestBuilder& digest) {
  if (const auto it = rules.from.find(key); it != rules.from.end()) {
    for (const policy::SubsetRule& rule : it->second) {
      slice.from.push_back(&rule);
      digest.Add("from").Add(DigestOfRule(&rule, rule.conf, rule.origins, rule.subset, Json()));
    }
  }
  if (const auto it = rules.inbound.find(key); it != rules.inbound.end()) {
    for (const policy::InboundRule& rule : it->second) {
      slice.inbound.push_back(&rule);
      digest.Add("rule").Add(DigestOfRule(&rule, rule.conf, rule.origins, {}, rule.match));
    }
  }
}

void RuleSlicer::AddFirstInbound(PolicySlice& slice, const RuleSet& rules, DigestBuilder& digest) {
  if (!rules.inbound.empty()) AddInbound(slice, rules, rules.inbound.begin()->first, digest);
}

UnitRules RuleSlicer::ForInbound(const policy::InboundKey& key) {
  return Make(
      [](const PolicyHooks& hooks) { return hooks.inbound != nullptr; },
      [&](const PolicyHooks&, PolicySlice& slice, const RuleSet& rules, DigestBuilder& digest) {
        AddInbound(slice, rules, key, digest);
        AddSectionPolicies(slice, rules, digest);
      });
}

UnitRules RuleSlicer::ForOutbound(const OutboundScope& scope, OutboundHook hook) {
  std::set<Kri> ids;
  if (scope.destination) ids = {*scope.destination, scope.destination->WithoutSection(), policy::MeshKri(scope.destination->mesh)};
  for (const Kri& route : scope.routes) ids.insert({route, route.WithoutSection()});

  const auto fill = [&](const PolicyHooks& hooks, PolicySlice& slice, const RuleSet& rules, DigestBuilder& digest) {
    for (const policy::SubsetRule& rule : rules.to) {
      if (!MayConcern(rule, scope.service)) continue;
      slice.to.push_back(&rule);
      digest.Add("to").Add(DigestOfRule(&rule, rule.conf, rule.origins, rule.subset, Json()));
    }
    for (const Kri& id : ids) {
      const auto it = rules.to_resources.find(id);
      if (it == rules.to_resources.end()) continue;
      slice.to_resources.emplace(id, &it->second);
      digest.Add(id.type).Add(id.name).Add(id.ns).Add(id.zone).Add(id.section);
      for (const Json& conf : it->second.confs) digest.Add(DigestOfRule(&conf, conf, it->second.origins, {}, Json()));
    }
    if (hooks.cluster_reads_inbound) AddFirstInbound(slice, rules, digest);
  };
  switch (hook) {
    case OutboundHook::kListener:
      return Make([](const PolicyHooks& hooks) { return hooks.outbound != nullptr; }, fill);
    case OutboundHook::kCluster:
      return Make([](const PolicyHooks& hooks) { return hooks.cluster != nullptr; }, fill);
    case OutboundHook::kEndpoints:
      break;
  }
  return Make([](const PolicyHooks& hooks) { return hooks.endpoints != nullptr; }, fill);
}

UnitRules RuleSlicer::ForProxy() {
  return Make([](const PolicyHooks& hooks) { return hooks.proxy != nullptr; },
              [&](const PolicyHooks& hooks, PolicySlice& slice, const RuleSet& rules, DigestBuilder& digest) {
                // What has no outbound of its own passes under this name.
                for (const policy::SubsetRule& rule : rules.to) {
                  if (!MayConcern(rule, "pass_through")) continue;
                  slice.to.push_back(&rule);
                  digest.Add("to").Add(DigestOfRule(&rule, rule.conf, rule.origins, rule.subset, Json()));
                }
                if (hooks.cluster_reads_inbound) AddFirstInbound(slice, rules, digest);
              });
}

}  // namespace kuma::xds
