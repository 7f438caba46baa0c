#include "pkg/policy/rules/index.h"

#include <algorithm>

#include "pkg/policy/rules/merge.h"
#include "pkg/policy/rules/resolve.h"

namespace kuma::policy {
namespace {

constexpr std::string_view kRouteType = "MeshHTTPRoute";
constexpr std::string_view kMatchesHashTag = "__rule-matches-hash__";
constexpr size_t kMemoLimit = 1024;  // sets of matching policies; beyond it the memo starts anew

const Json& ListOf(const Json& spec, std::string_view name) {
  static const Json kNone = Json::array();
  const Json& list = Get(spec, name);
  return list.is_array() ? list : kNone;
}

mesh::ResourceListPtr ListPtr(const mesh::Snapshot& snapshot, std::string_view type) {
  if (snapshot.resources == nullptr) return nullptr;
  const auto it = snapshot.resources->find(type);
  return it == snapshot.resources->end() ? nullptr : it->second;
}

void AddOrigin(std::vector<Origin>& origins, const Origin& origin, bool with_rule_index) {
  const bool known = std::any_of(origins.begin(), origins.end(), [&](const Origin& other) {
    return other.policy->meta.key == origin.policy->meta.key && (!with_rule_index || other.rule_index == origin.rule_index);
  });
  if (!known) origins.push_back(origin);
}

struct ResolvedEntry {
  const IndexedEntry* entry = nullptr;
  ResolvedTarget target;
};

// Whether an entry that resolved to `own` counts for `other`: a mesh for all, a destination for its ports, a route for itself.
bool IsRelevant(const Kri& own, const Kri& other) {
  if (own.type == "Mesh") return other.type == "Mesh" ? own.name == other.name : own.name == other.mesh;
  if (own.type != other.type) return false;
  if (own.type == "MeshExternalService" || own.type == kRouteType) return own.WithoutSection() == other.WithoutSection();
  return own == other || (own.section.empty() && own == other.WithoutSection());
}

void Merge(const mesh::ReadSet& from, mesh::ReadSet& to) {
  to.endpoints.insert(from.endpoints.begin(), from.endpoints.end());
  to.services.insert(from.services.begin(), from.services.end());
  to.dataplanes.insert(from.dataplanes.begin(), from.dataplanes.end());
  to.types.insert(from.types.begin(), from.types.end());
  to.destinations.insert(from.destinations.begin(), from.destinations.end());
  to.all_destinations |= from.all_destinations;
  to.all_dataplanes |= from.all_dataplanes;
  to.all_services |= from.all_services;
  to.zone_proxies |= from.zone_proxies;
}

}  // namespace

PolicyIndex::PolicyIndex(const TypeDescriptor& type, mesh::ResourceListPtr policies) : type_(&type), list_(std::move(policies)) {
  if (list_ == nullptr || type.policy == nullptr) return;
  policies_.reserve(list_->size());
  for (const ResourcePtr& policy : *list_) {
    policies_.push_back({policy, ParseTargetRef(Get(policy->spec, "targetRef")), RankOf(policy->meta), IsShadow(policy->meta)});
  }
  std::stable_sort(policies_.begin(), policies_.end(), [](const IndexedPolicy& a, const IndexedPolicy& b) { return ComparePolicies(a.top, a.rank, b.top, b.rank) < 0; });
  ReadEntries();
}

void PolicyIndex::ReadEntries() {
  const PolicyTraits& traits = *type_->policy;
  const auto entry = [&](size_t policy, size_t index, const Json& document) {
    return IndexedEntry{policy, static_cast<int>(index), ParseTargetRef(Get(document, "targetRef")), Json(), ConfOfEntry(document, traits)};
  };
  for (size_t i = 0; i < policies_.size(); ++i) {
    const Json& spec = policies_[i].resource->spec;
    if (traits.single_default) {
      defaults_.push_back(ConfOfEntry(spec, traits));
      continue;
    }
    if (traits.has_to) {
      const Json& to = ListOf(spec, "to");
      std::vector<IndexedEntry> entries;
      for (size_t j = 0; j < to.size(); ++j) entries.push_back(entry(i, j, to[j]));
      const bool names_routes = std::any_of(entries.begin(), entries.end(), [](const IndexedEntry& e) { return e.target.kind == TargetKind::kMeshHttpRoute; });
      if (!names_routes) to_.insert(to_.end(), entries.begin(), entries.end());
      if (policies_[i].top.kind != TargetKind::kMeshHttpRoute) to_real_.insert(to_real_.end(), entries.begin(), entries.end());
    }
    const Json& from = ListOf(spec, "from");
    const Json& rules = ListOf(spec, "rules");
    if (traits.has_from) {
      for (size_t j = 0; j < from.size(); ++j) from_.push_back(entry(i, j, from[j]));
    }
    if (!traits.has_rules) continue;
    const Json& list = !rules.empty() ? rules : traits.from_as_rules ? from : ListOf(Json(), {});
    for (size_t j = 0; j < list.size(); ++j) {
      const Json& matches = rules.empty() ? ListOf(Json(), {}) : ListOf(list[j], "matches");
      IndexedEntry base = entry(i, j, list[j]);
      if (matches.empty()) inbound_.push_back(base);
      for (const Json& match : matches) {
        inbound_.push_back(base);
        inbound_.back().match = match;
      }
    }
  }
  const auto by_policy = [&](const IndexedEntry& a, const IndexedEntry& b) {
    const IndexedPolicy& pa = policies_[a.policy];
    const IndexedPolicy& pb = policies_[b.policy];
    return CompareAttributes(pa.top, pa.rank, pb.top, pb.rank);
  };
  const auto by_name = [&](const IndexedEntry& a, const IndexedEntry& b) { return CompareNames(policies_[a.policy].rank, policies_[b.policy].rank); };
  std::stable_sort(to_real_.begin(), to_real_.end(), [&](const IndexedEntry& a, const IndexedEntry& b) {
    if (const int order = by_policy(a, b); order != 0) return order < 0;
    if (const int order = CompareToTargets(a.target, b.target); order != 0) return order < 0;
    return by_name(a, b) < 0;
  });
  std::stable_sort(inbound_.begin(), inbound_.end(), [&](const IndexedEntry& a, const IndexedEntry& b) {
    if (const int order = by_policy(a, b); order != 0) return order < 0;
    return by_name(a, b) < 0;
  });
  std::stable_sort(inbound_.begin(), inbound_.end(), [](const IndexedEntry& a, const IndexedEntry& b) { return CompareMatches(a.match, b.match) < 0; });
}

std::shared_ptr<const InboundRules> PolicyIndex::Inbound(const PolicyMask& mask) const {
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = inbound_memo_.find(mask); it != inbound_memo_.end()) return it->second;
  }
  auto built = std::make_shared<const InboundRules>(BuildInbound(mask));
  const std::lock_guard lock(mutex_);
  if (inbound_memo_.size() >= kMemoLimit) inbound_memo_.clear();
  return inbound_memo_.emplace(mask, std::move(built)).first->second;
}

std::shared_ptr<const OutboundRules> PolicyIndex::Outbound(const PolicyMask& mask, const mesh::Snapshot& snapshot) const {
  const mesh::ResourceListPtr routes = ListPtr(snapshot, kRouteType);
  std::shared_ptr<const OutboundRules> rules;
  {
    const std::lock_guard lock(mutex_);
    if (memo_destinations_ != snapshot.destinations || memo_routes_ != routes || memo_mesh_ != snapshot.mesh) {
      outbound_memo_.clear();
      memo_destinations_ = snapshot.destinations;
      memo_routes_ = routes;
      memo_mesh_ = snapshot.mesh;
    }
    if (const auto it = outbound_memo_.find(mask); it != outbound_memo_.end()) rules = it->second;
  }
  if (rules == nullptr) {
    rules = std::make_shared<const OutboundRules>(BuildOutbound(mask, snapshot));
    const std::lock_guard lock(mutex_);
    if (outbound_memo_.size() >= kMemoLimit) outbound_memo_.clear();
    // Another thread may have moved on to a newer snapshot meanwhile.
    if (memo_destinations_ == snapshot.destinations && memo_routes_ == routes && memo_mesh_ == snapshot.mesh) outbound_memo_.emplace(mask, rules);
  }
  if (snapshot.reads != nullptr) Merge(rules->reads, *snapshot.reads);
  return rules;
}

InboundRules PolicyIndex::BuildInbound(const PolicyMask& mask) const {
  InboundRules out;
  std::vector<SubsetEntry> entries;
  for (const IndexedEntry& entry : from_) {
    if (mask[entry.policy] != '1' || !entry.target.IsOldKind()) continue;
    if (std::optional<Subset> subset = AsSubset(entry.target)) entries.push_back({*std::move(subset), &entry.conf, OriginOf(entry)});
  }
  out.from = BuildSubsetRules(entries, true, *type_->policy);
  for (const IndexedEntry& entry : inbound_) {
    if (mask[entry.policy] == '1') out.inbound.push_back({entry.match, entry.conf, {OriginOf(entry)}});
  }
  return out;
}

OutboundRules PolicyIndex::BuildOutbound(const PolicyMask& mask, const mesh::Snapshot& snapshot) const {
  OutboundRules out;
  mesh::Snapshot recording = snapshot;
  recording.reads = &out.reads;
  const PolicyTraits& traits = *type_->policy;
  if (traits.single_default) {
    std::vector<const Json*> confs;
    ProxyRule rule;
    for (size_t i = 0; i < policies_.size(); ++i) {
      if (mask[i] != '1') continue;
      confs.push_back(&defaults_[i]);
      AddOrigin(rule.origins, {policies_[i].resource, 0}, false);
    }
    std::vector<Json> merged = MergeConfs(confs, traits);
    if (merged.empty()) return out;
    rule.conf = std::move(merged.front());
    out.proxy = std::move(rule);
    return out;
  }
  if (!traits.has_to) return out;
  BuildLegacyTo(mask, recording, out);
  BuildResourceRules(mask, recording, out);
  return out;
}

void PolicyIndex::BuildLegacyTo(const PolicyMask& mask, const mesh::Snapshot& snapshot, OutboundRules& out) const {
  std::vector<SubsetEntry> entries;
  int route_entry = 0;
  size_t route_policy = policies_.size();
  for (size_t i = 0; i < to_.size(); ++i) {
    const IndexedEntry& entry = to_[i];
    if (mask[entry.policy] != '1') continue;
    const IndexedPolicy& policy = policies_[entry.policy];
    if (policy.top.kind != TargetKind::kMeshHttpRoute) {
      if (!entry.target.IsOldKind()) continue;
      if (std::optional<Subset> subset = AsSubset(entry.target)) entries.push_back({*std::move(subset), &entry.conf, OriginOf(entry)});
      continue;
    }
    // A policy on a route applies to the route's rules: all its entries to each rule, found by the hash of the rule's matches.
    if (entry.policy == route_policy) continue;
    route_policy = entry.policy;
    route_entry = 0;
    const ResourcePtr route = FindRoute(snapshot, policy.resource->meta.mesh(), policy.top.name);
    if (route == nullptr) continue;
    for (const Json& to : ListOf(route->spec, "to")) {
      const TargetRef target = ParseTargetRef(Get(to, "targetRef"));
      const bool everywhere = target.kind == TargetKind::kMesh || target.kind == TargetKind::kMeshSubset;
      for (const Json& rule : ListOf(to, "rules")) {
        Subset subset;
        if (!everywhere) subset.push_back({std::string(kServiceTag), target.name, false});
        subset.push_back({std::string(kMatchesHashTag), HashMatches(Get(rule, "matches")), false});
        for (size_t j = i; j < to_.size() && to_[j].policy == entry.policy; ++j) entries.push_back({subset, &to_[j].conf, {policy.resource, route_entry++}});
      }
    }
  }
  out.to = BuildSubsetRules(entries, false, *type_->policy);
}

void PolicyIndex::BuildResourceRules(const PolicyMask& mask, const mesh::Snapshot& snapshot, OutboundRules& out) const {
  const PolicyTraits& traits = *type_->policy;
  std::vector<ResolvedEntry> resolved;
  std::map<Kri, const ResourceMeta*> resources;
  for (const IndexedEntry& entry : to_real_) {
    if (mask[entry.policy] != '1') continue;
    for (ResolvedTarget& target : ResolveTargetRef(entry.target, policies_[entry.policy].resource->meta, snapshot)) {
      resources.emplace(target.kri, target.meta);
      resolved.push_back({&entry, std::move(target)});
    }
  }
  for (const auto& [kri, meta] : resources) {
    ResourceRule rule;
    std::vector<const Json*> confs;
    for (const ResolvedEntry& candidate : resolved) {
      if (!IsRelevant(candidate.target.kri, kri)) continue;
      const Origin origin = OriginOf(*candidate.entry);
      confs.push_back(&candidate.entry->conf);
      AddOrigin(rule.origins, origin, true);
      if (traits.merge_list.empty()) continue;
      for (const Json& item : Get(candidate.entry->conf, traits.merge_list)) rule.origin_by_matches.insert_or_assign(HashMatches(Get(item, traits.merge_by)), origin);
    }
    if (confs.empty()) continue;
    rule.resource = kri;
    rule.resource_meta = *meta;
    rule.confs = MergeConfs(confs, traits);
    out.to_resources.emplace(kri, std::move(rule));
  }
}

std::vector<SubsetRule> PolicyIndex::EgressTo(const mesh::Tags& service_tags, bool include_shadow) const {
  std::vector<SubsetEntry> entries;
  for (const IndexedEntry& entry : to_) {
    const IndexedPolicy& policy = policies_[entry.policy];
    if (policy.shadow && !include_shadow) continue;
    if (!SelectsService(entry.target, service_tags) || !policy.top.IsOldKind()) continue;
    // The egress serves many clients: the policy's own target says for which of them the entry is meant.
    if (std::optional<Subset> subset = AsSubset(policy.top)) entries.push_back({*std::move(subset), &entry.conf, {policy.resource, 0}});
  }
  return BuildSubsetRules(entries, false, *type_->policy);
}

}  // namespace kuma::policy
