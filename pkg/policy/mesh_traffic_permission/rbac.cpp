#include "pkg/policy/mesh_traffic_permission/rbac.h"

#include "pkg/envoy/message.h"
#include "pkg/envoy/tls.h"
#include "pkg/model/kri.h"
#include "pkg/policy/client_match.h"

namespace kuma::policy {

namespace {

using Predicate = ClientMatcherPredicate;

constexpr char kPolicyName[] = "MeshTrafficPermission";

RbacPrincipal TagPrincipal(const TagMatch& tag, std::string_view mesh) {
  RbacPrincipal principal;
  principal.mutable_authenticated()->mutable_principal_name()->set_exact(tag.key == kServiceTag ? envoy::ServiceSpiffeId(mesh, tag.value)
                                                                                                : envoy::KumaTagId(tag.key, tag.value));
  if (!tag.negated) return principal;
  RbacPrincipal negated;
  *negated.mutable_not_id() = std::move(principal);
  return negated;
}

void AddPrincipals(RbacRules& rbac, const std::vector<const SubsetRule*>& rules, std::string_view action, std::string_view mesh) {
  for (const SubsetRule* rule : rules) {
    if (GetString(rule->conf, "action") != action) continue;
    ::envoy::config::rbac::v3::Policy& policy = (*rbac.mutable_policies())[kPolicyName];
    if (policy.permissions().empty()) policy.add_permissions()->set_any(true);
    *policy.add_principals() = MakePrincipal(rule->subset, mesh);
  }
}

void SetAction(RbacMatcher::OnMatch* on_match, ::envoy::config::rbac::v3::RBAC::Action action, std::string name) {
  ::envoy::config::rbac::v3::Action config;
  config.set_name(std::move(name));
  config.set_action(action);
  on_match->mutable_action()->set_name("envoy.filters.rbac.action");
  envoy::Pack(config, on_match->mutable_action()->mutable_typed_config());
}

// Adds one entry for a list of matches, any of which suffices. A match without conditions means nobody here.
void AddEntry(RbacMatcher& matcher, const std::vector<const Json*>& lists, ::envoy::config::rbac::v3::RBAC::Action action,
              const std::string& name) {
  std::vector<Predicate> any;
  size_t matches = 0;
  for (const Json* list : lists) {
    for (const Json& match : *list) {
      ++matches;
      if (std::optional<Predicate> predicate = ClientPredicate(match)) any.push_back(std::move(*predicate));
    }
  }
  if (matches == 0) return;
  auto* entry = matcher.mutable_matcher_list()->add_matchers();
  if (any.size() == 1) {
    *entry->mutable_predicate() = std::move(any.front());
  } else {
    entry->mutable_predicate();
    for (Predicate& one : any) *entry->mutable_predicate()->mutable_or_matcher()->add_predicate() = std::move(one);
  }
  SetAction(entry->mutable_on_match(), action, name);
}

std::string PolicyName(const InboundRule& rule, const TypeRegistry& types) {
  return rule.origins.empty() ? std::string() : ToString(KriOf(rule.origins.front().policy->meta), types);
}

void DenyTheRest(RbacMatcher& matcher) { SetAction(matcher.mutable_on_no_match(), RbacRules::DENY, "default"); }

}  // namespace

RbacPrincipal MakePrincipal(const std::vector<TagMatch>& subset, std::string_view mesh) {
  RbacPrincipal principal;
  if (subset.empty()) {
    principal.set_any(true);
    return principal;
  }
  if (subset.size() == 1) return TagPrincipal(subset.front(), mesh);
  for (const TagMatch& tag : subset) *principal.mutable_and_ids()->add_ids() = TagPrincipal(tag, mesh);
  return principal;
}

RbacRules AllowRules(const std::vector<const SubsetRule*>& rules, std::string_view mesh) {
  RbacRules rbac;
  rbac.set_action(RbacRules::ALLOW);
  AddPrincipals(rbac, rules, "Allow", mesh);
  AddPrincipals(rbac, rules, "AllowWithShadowDeny", mesh);
  return rbac;
}

std::optional<RbacRules> ShadowDenyRules(const std::vector<const SubsetRule*>& rules, std::string_view mesh) {
  RbacRules rbac;
  rbac.set_action(RbacRules::DENY);
  AddPrincipals(rbac, rules, "AllowWithShadowDeny", mesh);
  if (rbac.policies().empty()) return std::nullopt;
  return rbac;
}

RbacMatcher MakeMatcher(const std::vector<const InboundRule*>& rules, const TypeRegistry& types) {
  RbacMatcher matcher;
  for (const InboundRule* rule : rules) AddEntry(matcher, {&Get(rule->conf, "deny")}, RbacRules::DENY, PolicyName(*rule, types));
  for (const InboundRule* rule : rules) {
    AddEntry(matcher, {&Get(rule->conf, "allow"), &Get(rule->conf, "allowWithShadowDeny")}, RbacRules::ALLOW, PolicyName(*rule, types));
  }
  DenyTheRest(matcher);
  return matcher;
}

std::optional<RbacMatcher> MakeShadowMatcher(const std::vector<const InboundRule*>& rules, const TypeRegistry& types) {
  RbacMatcher matcher;
  bool any = false;
  for (const InboundRule* rule : rules) {
    const Json& list = Get(rule->conf, "allowWithShadowDeny");
    if (list.is_null()) continue;
    any = true;
    AddEntry(matcher, {&list}, RbacRules::DENY, PolicyName(*rule, types));
  }
  if (!any) return std::nullopt;
  DenyTheRest(matcher);
  return matcher;
}

bool ReadsSni(const std::vector<const InboundRule*>& rules) {
  for (const InboundRule* rule : rules) {
    for (const char* list : {"deny", "allow", "allowWithShadowDeny"}) {
      for (const Json& match : Get(rule->conf, list)) {
        if (!Get(match, "sni").is_null()) return true;
      }
    }
  }
  return false;
}

}  // namespace kuma::policy
