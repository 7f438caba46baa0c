#include "pkg/policy/rules/order.h"

namespace kuma::policy {
namespace {

int OriginRank(std::string_view origin) {
  if (origin == "global") return 1;
  if (origin == "unknown") return 2;
  if (origin == "zone") return 3;
  return 0;
}

int RoleRank(std::string_view role) {
  if (role.empty() || role == "system") return 1;
  if (role == "producer") return 2;
  if (role == "consumer") return 3;
  if (role == "workload-owner") return 4;
  return 0;
}

int CompareDataplaneRefs(const TargetRef& a, const TargetRef& b) {
  if (a.kind != TargetKind::kDataplane || b.kind != TargetKind::kDataplane) return 0;
  if (!a.name.empty() && b.labels.has_value()) return 1;
  if (a.labels.has_value() && !b.name.empty()) return -1;
  return static_cast<int>(!a.section.empty()) - static_cast<int>(!b.section.empty());
}

int CompareKinds(const TargetRef& a, const TargetRef& b) { return static_cast<int>(a.kind) - static_cast<int>(b.kind); }

int SpiffeScore(const Json& match) {
  const Json& spiffe = Get(match, "spiffeID");
  if (!spiffe.is_object()) return -1;
  const std::string type = GetString(spiffe, "type");
  return type == "Exact" ? 2 : type == "Prefix" ? 1 : 0;
}

}  // namespace

Rank RankOf(const ResourceMeta& policy) {
  const auto label = [&](std::string_view key) {
    const auto it = policy.labels.find(key);
    return it == policy.labels.end() ? std::string_view{} : std::string_view(it->second);
  };
  return {OriginRank(label(kOriginLabel)), RoleRank(label(kPolicyRoleLabel)), DisplayName(policy)};
}

int CompareAttributes(const TargetRef& a_top, const Rank& a, const TargetRef& b_top, const Rank& b) {
  if (const int kind = CompareKinds(a_top, b_top); kind != 0) return kind;
  if (const int ref = CompareDataplaneRefs(a_top, b_top); ref != 0) return ref;
  if (a.origin != b.origin) return a.origin - b.origin;
  return a.role - b.role;
}

int CompareNames(const Rank& a, const Rank& b) { return b.display_name.compare(a.display_name); }

int ComparePolicies(const TargetRef& a_top, const Rank& a, const TargetRef& b_top, const Rank& b) {
  if (const int kind = CompareKinds(a_top, b_top); kind != 0) return kind;
  if (const int ref = CompareDataplaneRefs(a_top, b_top); ref != 0) return ref;
  if (a.origin != b.origin) return a.origin - b.origin;
  if (a_top.kind == TargetKind::kMeshGateway && a_top.tags.size() != b_top.tags.size()) return a_top.tags.size() < b_top.tags.size() ? -1 : 1;
  if (a.role != b.role) return a.role - b.role;
  return CompareNames(a, b);
}

int CompareToTargets(const TargetRef& a, const TargetRef& b) {
  if (const int kind = CompareKinds(a, b); kind != 0) return kind;
  if (a.kind != TargetKind::kMeshService) return 0;
  return static_cast<int>(!a.section.empty()) - static_cast<int>(!b.section.empty());
}

int CompareMatches(const Json& a, const Json& b) {
  if (const int spiffe = SpiffeScore(b) - SpiffeScore(a); spiffe != 0) return spiffe;
  return static_cast<int>(Get(b, "sni").is_object()) - static_cast<int>(Get(a, "sni").is_object());
}

}  // namespace kuma::policy
