#include <catch2/catch.hpp>

#include "pkg/policy/mesh_timeout/matched_routes.h"

namespace kuma::policy {

namespace {

InboundRule Rule(const char* type, const char* id, Json http) {
  return {{{"spiffeID", {{"type", type}, {"value", id}}}}, {{"http", std::move(http)}}, {}};
}

envoy::FilterChainDraft Chain() {
  envoy::HttpConnectionManager manager;
  envoy::Route& route = *manager.mutable_route_config()->add_virtual_hosts()->add_routes();
  route.mutable_match()->set_prefix("/");
  route.mutable_route()->set_cluster("local");
  envoy::FilterChainDraft chain;
  chain.Add(envoy::kHttpConnectionManager, std::move(manager));
  return chain;
}

}  // namespace

TEST_CASE("routes are repeated for clients, the most specific first, and inherit from wider rules") {
  const InboundRule wide = Rule("Prefix", "spiffe://demo/", {{"streamIdleTimeout", "5s"}, {"requestTimeout", "1s"}});
  const InboundRule exact = Rule("Exact", "spiffe://demo/a", {{"requestTimeout", "2s"}});
  envoy::FilterChainDraft chain = Chain();
  ApplyMatchedTimeouts(chain, {&wide, &exact});

  CHECK(chain.filters.front().name == "envoy.filters.network.set_filter_state");
  const auto& routes = chain.Http()->route_config().virtual_hosts(0).routes();
  REQUIRE(routes.size() == 3);
  CHECK(routes[0].match().filter_state(0).string_match().exact() == "spiffe://demo/a");
  CHECK(routes[0].route().timeout().seconds() == 2);
  CHECK(routes[0].route().idle_timeout().seconds() == 5);
  CHECK(routes[1].match().filter_state(0).string_match().prefix() == "spiffe://demo/");
  CHECK(routes[1].route().timeout().seconds() == 1);
  CHECK(routes[2].match().filter_state().empty());
}

TEST_CASE("rules without a client or a timeout of routes change nothing") {
  const InboundRule all{Json(), {{"http", {{"requestTimeout", "1s"}}}}, {}};
  const InboundRule no_timeout = Rule("Exact", "spiffe://demo/a", {{"maxStreamDuration", "1s"}});
  envoy::FilterChainDraft chain = Chain();
  ApplyMatchedTimeouts(chain, {&all, &no_timeout});
  CHECK(chain.filters.size() == 1);
}

}  // namespace kuma::policy
