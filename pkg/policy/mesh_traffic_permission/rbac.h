// MeshTrafficPermission in Envoy's terms: RBAC policies from `from` (clients by tags), matcher trees from `rules` (clients by SPIFFE
// ID or SNI). Split from apply.cpp for tests.
#pragma once

#include <optional>
#include <vector>

#include "envoy/config/rbac/v3/rbac.pb.h"
#include "pkg/base/json.h"
#include "pkg/model/type.h"
#include "pkg/policy/rules/ruleset.h"
#include "xds/type/matcher/v3/matcher.pb.h"

namespace kuma::policy {

using RbacRules = ::envoy::config::rbac::v3::RBAC;
using RbacPrincipal = ::envoy::config::rbac::v3::Principal;
using RbacMatcher = ::xds::type::matcher::v3::Matcher;

// Every tag of the subset is an identity of the client's certificate; no tags: any client.
RbacPrincipal MakePrincipal(const std::vector<TagMatch>& subset, std::string_view mesh);

// Nobody is allowed by rules without an Allow.
RbacRules AllowRules(const std::vector<const SubsetRule*>& rules, std::string_view mesh);
// What AllowWithShadowDeny would deny, for logs and metrics. Nothing when no rule has it.
std::optional<RbacRules> ShadowDenyRules(const std::vector<const SubsetRule*>& rules, std::string_view mesh);

// Denials first, then allowances; who matches neither is denied.
RbacMatcher MakeMatcher(const std::vector<const InboundRule*>& rules, const TypeRegistry& types);
std::optional<RbacMatcher> MakeShadowMatcher(const std::vector<const InboundRule*>& rules, const TypeRegistry& types);

// Some match reads the SNI, which needs the TLS inspector.
bool ReadsSni(const std::vector<const InboundRule*>& rules);

}  // namespace kuma::policy
