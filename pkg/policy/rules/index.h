// All policies of one type in a mesh, read and put in order once, so that matching one proxy costs a walk over the list. Built per
// list (a new list is a new index), shared by all proxies of the mesh. Rules depend on which policies match, not on the proxy, so
// results are remembered by the set of matching policies. Immutable but for that memo, which has its own lock.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pkg/mesh/snapshot.h"
#include "pkg/model/type.h"
#include "pkg/policy/rules/match.h"
#include "pkg/policy/rules/order.h"
#include "pkg/policy/rules/ruleset.h"
#include "pkg/policy/rules/subset.h"

namespace kuma::policy {

// Which policies of an index match: one character ('0' or '1') a policy, in order of precedence.
using PolicyMask = std::string;

struct IndexedPolicy {
  ResourcePtr resource;
  TargetRef top;
  Rank rank;
  bool shadow = false;
};

struct IndexedEntry {  // of to, from or rules
  size_t policy = 0;   // index into policies()
  int rule_index = 0;
  TargetRef target;
  Json match;          // inbound rules only
  Json conf;
};

// The part of a RuleSet that is equal for all proxies with the same matching policies.
struct OutboundRules {
  std::vector<SubsetRule> to;
  std::map<Kri, ResourceRule> to_resources;
  std::optional<ProxyRule> proxy;
  mesh::ReadSet reads;  // what resolving `to` read; replayed for every proxy that shares it
};
struct InboundRules {
  std::vector<SubsetRule> from;
  std::vector<InboundRule> inbound;
};

class PolicyIndex {
 public:
  PolicyIndex(const TypeDescriptor& type, mesh::ResourceListPtr policies);

  const mesh::ResourceListPtr& list() const { return list_; }
  const TypeDescriptor& type() const { return *type_; }
  // In order of precedence, least specific first.
  const std::vector<IndexedPolicy>& policies() const { return policies_; }

  std::shared_ptr<const OutboundRules> Outbound(const PolicyMask& mask, const mesh::Snapshot& snapshot) const;
  std::shared_ptr<const InboundRules> Inbound(const PolicyMask& mask) const;
  // Rules of a zone egress for an external service given by tags, from `to` entries (docs: zone egress).
  std::vector<SubsetRule> EgressTo(const mesh::Tags& service_tags, bool include_shadow) const;

 private:
  OutboundRules BuildOutbound(const PolicyMask& mask, const mesh::Snapshot& snapshot) const;
  InboundRules BuildInbound(const PolicyMask& mask) const;
  void BuildLegacyTo(const PolicyMask& mask, const mesh::Snapshot& snapshot, OutboundRules& out) const;
  void BuildResourceRules(const PolicyMask& mask, const mesh::Snapshot& snapshot, OutboundRules& out) const;
  Origin OriginOf(const IndexedEntry& entry) const { return {policies_[entry.policy].resource, entry.rule_index}; }
  void ReadEntries();

  const TypeDescriptor* type_;
  mesh::ResourceListPtr list_;
  std::vector<IndexedPolicy> policies_;
  std::vector<IndexedEntry> from_;     // in order of policies
  std::vector<IndexedEntry> to_;       // in order of policies; not of policies that name routes in `to`
  std::vector<IndexedEntry> to_real_;  // in order of to entries; not of policies that target a route
  std::vector<IndexedEntry> inbound_;  // in order of rules, one a match
  std::vector<Json> defaults_;         // by policy; single default types only

  mutable std::mutex mutex_;  // guards the memos and what they were made from
  mutable std::shared_ptr<const std::map<Kri, mesh::DestinationPtr>> memo_destinations_;
  mutable mesh::ResourceListPtr memo_routes_;
  mutable mesh::MeshConfigPtr memo_mesh_;
  mutable std::map<PolicyMask, std::shared_ptr<const OutboundRules>> outbound_memo_;
  mutable std::map<PolicyMask, std::shared_ptr<const InboundRules>> inbound_memo_;
};

}  // namespace kuma::policy
