#include <catch2/catch.hpp>

#include "pkg/policy/mesh_traffic_permission/rbac.h"

namespace kuma::policy {

TEST_CASE("principals are the identities that stand for the tags") {
  CHECK(MakePrincipal({}, "demo").any());
  CHECK(MakePrincipal({{"kuma.io/service", "a", false}}, "demo").authenticated().principal_name().exact() == "spiffe://demo/a");
  CHECK(MakePrincipal({{"version", "1", false}}, "demo").authenticated().principal_name().exact() == "kuma://version/1");
  CHECK(MakePrincipal({{"version", "1", true}}, "demo").not_id().authenticated().principal_name().exact() == "kuma://version/1");
  CHECK(MakePrincipal({{"kuma.io/service", "a", false}, {"version", "1", true}}, "demo").and_ids().ids_size() == 2);
}

TEST_CASE("without an Allow nobody is let in") {
  const SubsetRule deny{{}, {{"action", "Deny"}}, {}, {}};
  CHECK(AllowRules({&deny}, "demo").policies().empty());
  CHECK(AllowRules({}, "demo").policies().empty());
  CHECK_FALSE(ShadowDenyRules({&deny}, "demo").has_value());
}

TEST_CASE("AllowWithShadowDeny lets in and notes what it would deny") {
  const SubsetRule rule{{{"version", "1", false}}, {{"action", "AllowWithShadowDeny"}}, {}, {}};
  CHECK(AllowRules({&rule}, "demo").policies().at("MeshTrafficPermission").principals_size() == 1);
  const auto shadow = ShadowDenyRules({&rule}, "demo");
  REQUIRE(shadow.has_value());
  CHECK(shadow->action() == RbacRules::DENY);
}

TEST_CASE("denials of all rules come before allowances, and the rest is denied") {
  const TypeRegistry types;
  const Json a = {{"spiffeID", {{"type", "Exact"}, {"value", "spiffe://demo/a"}}}};
  const Json b = {{"spiffeID", {{"type", "Prefix"}, {"value", "spiffe://demo/"}}}, {"sni", {{"type", "Exact"}, {"value", "s"}}}};
  const InboundRule first{Json(), {{"allow", Json::array({b})}}, {}};
  const InboundRule second{Json(), {{"deny", Json::array({a, b})}}, {}};
  const RbacMatcher matcher = MakeMatcher({&first, &second}, types);
  REQUIRE(matcher.matcher_list().matchers_size() == 2);
  CHECK(matcher.matcher_list().matchers(0).predicate().or_matcher().predicate_size() == 2);
  CHECK(matcher.matcher_list().matchers(1).predicate().and_matcher().predicate_size() == 2);
  CHECK(matcher.has_on_no_match());
  CHECK(ReadsSni({&first}));
  CHECK_FALSE(MakeShadowMatcher({&first, &second}, types).has_value());
}

}  // namespace kuma::policy
