// Cuts the merged rules of a proxy into what each unit reads, with a digest of just that.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "pkg/policy/drafts.h"

namespace kuma::xds {

struct UnitRules {
  std::shared_ptr<const policy::RuleSets> owner;  // keeps what the slices point at
  policy::PolicySlices slices;                    // only of types that have the unit's hook
  Digest digest;

  const policy::PolicySlice& Of(std::string_view type) const;
};

// What an outbound, cluster or endpoint unit is about.
struct OutboundScope {
  std::string service;
  std::optional<Kri> destination;
  std::vector<Kri> routes;  // routes of the outbound that are resources
};

enum class OutboundHook { kListener, kCluster, kEndpoints };

class RuleSlicer {
 public:
  explicit RuleSlicer(std::shared_ptr<const policy::RuleSets> rules) : rules_(std::move(rules)) {}

  UnitRules ForInbound(const policy::InboundKey& key);
  UnitRules ForOutbound(const OutboundScope& scope, OutboundHook hook);
  UnitRules ForProxy();

 private:
  template <typename Fill>
  UnitRules Make(bool (*has_hook)(const policy::PolicyHooks&), Fill&& fill);
  void AddInbound(policy::PolicySlice& slice, const policy::RuleSet& rules, const policy::InboundKey& key, DigestBuilder& digest);
  void AddSectionPolicies(policy::PolicySlice& slice, const policy::RuleSet& rules, DigestBuilder& digest);
  void AddFirstInbound(policy::PolicySlice& slice, const policy::RuleSet& rules, DigestBuilder& digest);
  Digest DigestOfRule(const void* rule, const Json& conf, const std::vector<policy::Origin>& origins,
                      const std::vector<policy::TagMatch>& subset, const Json& match);

  std::shared_ptr<const policy::RuleSets> rules_;
  std::unordered_map<const void*, Digest> digests_;  // of rules: each is hashed once however many units read it
};

}  // namespace kuma::xds
