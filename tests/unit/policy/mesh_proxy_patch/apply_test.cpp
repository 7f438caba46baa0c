#include "pkg/policy/mesh_proxy_patch/apply.h"

#include <catch2/catch.hpp>

#include "pkg/envoy/descriptors.h"
#include "pkg/envoy/listener.h"

namespace kuma::policy {
namespace {

Json ConfOf(const char* yaml) {
  Json conf = Json::object();
  conf["appendModifications"] = ParseYaml(yaml).value();
  return conf;
}

PatchedResource ClusterNamed(const char* name, const char* origin) {
  envoy::Cluster cluster;
  cluster.set_name(name);
  cluster.mutable_connect_timeout()->set_seconds(10);
  return {name, origin, std::move(cluster)};
}

PatchedResource InboundListenerOf(const char* name) {
  envoy::ListenerDraft draft = envoy::InboundListener(name, "127.0.0.1", 80, false);
  envoy::SetTagsMetadata(draft.listener, {{"version", "v1"}});
  envoy::HttpConnectionManager manager = envoy::MakeHttpConnectionManager("x", {}, false);
  manager.mutable_route_config()->set_name("routes");
  envoy::VirtualHost& host = *manager.mutable_route_config()->add_virtual_hosts();
  host.set_name("host");
  host.add_domains("*");
  envoy::AddRouter(manager);
  draft.chains.emplace_back().Add(envoy::kHttpConnectionManager, std::move(manager));
  return {name, "inbound", std::move(draft).Finish()};
}

const envoy::Cluster& ClusterOf(const PatchedResource& resource) { return std::get<envoy::Cluster>(resource.message); }

envoy::HttpConnectionManager ManagerOf(const PatchedResource& resource) {
  envoy::HttpConnectionManager manager;
  for (const auto& filter : std::get<envoy::Listener>(resource.message).filter_chains(0).filters()) {
    if (filter.name() == envoy::kHttpConnectionManager) filter.typed_config().UnpackTo(&manager);
  }
  return manager;
}

TEST_CASE("proxy patch: clusters") {
  std::vector<PatchedResource> resources = {ClusterNamed("a", "inbound"), ClusterNamed("b", "outbound"), ClusterNamed("c", "outbound")};
  PatchResources(ConfOf(R"(
- cluster: {operation: Patch, match: {origin: outbound}, value: "connectTimeout: 0.5s"}
- cluster: {operation: Patch, match: {name: b}, jsonPatches: [{op: add, path: /connectTimeout, value: 7s}, {op: add, path: /upstreamConnectionOptions/tcpKeepalive/keepaliveTime, value: 5}]}
- cluster: {operation: Patch, match: {name: a}, jsonPatches: [{op: replace, path: /missing, value: 1}]}
- cluster: {operation: Remove, match: {name: c}}
)"),
                 resources);
  REQUIRE(resources.size() == 2);
  CHECK(ClusterOf(resources[0]).connect_timeout().seconds() == 10);  // the patch that cannot be done leaves it alone
  CHECK(ClusterOf(resources[1]).connect_timeout().seconds() == 7);
  CHECK(ClusterOf(resources[1]).upstream_connection_options().tcp_keepalive().keepalive_time().value() == 5);
}

TEST_CASE("proxy patch: a duration is replaced, not merged") {
  std::vector<PatchedResource> resources = {ClusterNamed("a", "inbound")};
  PatchResources(ConfOf(R"([{cluster: {operation: Patch, value: "connect_timeout: 0.5s"}}])"), resources);
  CHECK(ClusterOf(resources[0]).connect_timeout().seconds() == 0);
  CHECK(ClusterOf(resources[0]).connect_timeout().nanos() == 500000000);
}

TEST_CASE("proxy patch: what is added is a resource of its own, changed by later modifications") {
  const Json conf = ConfOf(R"(
- cluster: {operation: Add, value: "{name: a, connectTimeout: 1s, type: STATIC}"}
- cluster: {operation: Patch, value: "connectTimeout: 2s"}
- cluster: {operation: Add, value: "{name: gone}"}
- cluster: {operation: Remove, match: {name: gone}}
)");
  std::vector<PatchedResource> resources = {ClusterNamed("a", "inbound"), ClusterNamed("b", "inbound")};
  PatchResources(conf, resources);
  REQUIRE(resources.size() == 1);  // the old a is replaced
  CHECK(resources[0].name == "b");
  const std::vector<PatchedResource> added = AddedResources(conf);
  REQUIRE(added.size() == 1);
  CHECK(added[0].name == "a");
  CHECK(ClusterOf(added[0]).connect_timeout().seconds() == 2);
}

TEST_CASE("proxy patch: filters and virtual hosts of matching listeners") {
  std::vector<PatchedResource> resources = {InboundListenerOf("one")};
  // CsrfPolicy has no C++ class here.
  PatchResources(ConfOf(R"(
- networkFilter: {operation: AddFirst, match: {listenerTags: {version: "*"}}, value: "{name: echo, typedConfig: {'@type': type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo}}"}
- networkFilter: {operation: AddFirst, match: {listenerTags: {version: v2}}, value: "{name: other}"}
- httpFilter: {operation: AddBefore, match: {name: envoy.filters.http.router}, value: "{name: csrf, typedConfig: {'@type': type.googleapis.com/envoy.extensions.filters.http.csrf.v3.CsrfPolicy, additionalOrigins: [{exact: a}]}}"}
- httpFilter: {operation: Patch, match: {name: csrf}, value: "{name: csrf, typedConfig: {'@type': type.googleapis.com/envoy.extensions.filters.http.csrf.v3.CsrfPolicy, additionalOrigins: [{exact: b}]}}"}
- httpFilter: {operation: Patch, match: {name: csrf}, jsonPatches: [{op: replace, path: /additionalOrigins/0/exact, value: c}]}
- httpFilter: {operation: AddLast, match: {listenerName: two}, value: "{name: not-here}"}
- virtualHost: {operation: Patch, match: {routeConfigurationName: routes}, value: "domains: [a.com]"}
- virtualHost: {operation: Add, match: {routeConfigurationName: other}, value: "{name: no, domains: [x]}"}
)"),
                 resources);
  const auto& chain = std::get<envoy::Listener>(resources[0].message).filter_chains(0);
  REQUIRE(chain.filters_size() == 2);
  CHECK(chain.filters(0).name() == "echo");
  const envoy::HttpConnectionManager manager = ManagerOf(resources[0]);
  REQUIRE(manager.http_filters_size() == 2);
  CHECK(manager.http_filters(0).name() == "csrf");
  CHECK(manager.http_filters(1).name() == envoy::kRouter);
  const Json csrf = envoy::MessageToJson(manager.http_filters(0)).value();
  CHECK(csrf["typedConfig"]["additionalOrigins"] == Json::parse(R"([{"exact":"c"},{"exact":"b"}])"));
  REQUIRE(manager.route_config().virtual_hosts_size() == 1);
  CHECK(manager.route_config().virtual_hosts(0).domains_size() == 2);
}

TEST_CASE("proxy patch: listeners of transparent proxying have two names") {
  std::vector<PatchedResource> resources = {InboundListenerOf("self_transparentproxy_passthrough_inbound_ipv4")};
  PatchResources(ConfOf(R"([{listener: {operation: Remove, match: {name: "inbound:passthrough:ipv4"}}}])"), resources);
  CHECK(resources.empty());
}

}  // namespace
}  // namespace kuma::policy
