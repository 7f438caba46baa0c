// Previews: shadow policies, and which proxies a change would reach.
#include "pkg/xds/what_if.h"

#include <catch2/catch.hpp>

#include "pkg/model/document.h"
#include "pkg/policy/all.h"
#include "pkg/policy/explain/built_in.h"
#include "pkg/resources/all.h"
#include "pkg/xds/render.h"

namespace kuma::xds {
namespace {

const TypeRegistry& Types() {
  static const TypeRegistry& types = []() -> const TypeRegistry& {
    static TypeRegistry registry;
    resources::RegisterCoreTypes(registry);
    policy::RegisterPolicyTypes(registry);
    return registry;
  }();
  return types;
}

constexpr const char* kState = R"(
{type: Mesh, name: default}
---
type: Dataplane
mesh: default
name: web
labels: {app: web}
networking:
  address: 10.0.0.1
  inbound: [{port: 80, tags: {kuma.io/service: web, kuma.io/protocol: http}}]
  outbound: [{port: 10001, tags: {kuma.io/service: api}}]
---
type: Dataplane
mesh: default
name: api
labels: {app: api}
networking:
  address: 10.0.0.2
  inbound: [{port: 80, tags: {kuma.io/service: api, kuma.io/protocol: http}}]
)";

std::vector<ResourcePtr> Resources(const std::string& yaml) {
  std::vector<ResourcePtr> out;
  const std::vector<Json> documents = ParseYamlStream(yaml).value();
  for (const Json& document : documents) {
    Result<Resource> resource = FromDocument(document, Types());
    INFO((resource.ok() ? "" : resource.error().ToString()));
    REQUIRE(resource.ok());
    out.push_back(std::make_shared<const Resource>(*std::move(resource)));
  }
  return out;
}

// The state, then changes: what each proxy would get. "web: listener outbound:127.0.0.1:10001 changed".
std::vector<std::string> Reached(const std::string& state, const std::string& put, const std::string& removed = {}) {
  mesh::SnapshotBuilder builder("default");
  for (const ResourcePtr& resource : Resources(state)) builder.Apply(nullptr, resource);
  builder.Build();
  const mesh::SnapshotPtr before = builder.Find("default");
  for (const ResourcePtr& resource : Resources(put)) builder.Apply(nullptr, resource);
  for (const ResourcePtr& resource : Resources(removed)) builder.Apply(resource, nullptr);
  auto update = builder.Build().at("default");
  WhatIf what_if({before, update.snapshot, update.changes, Types(), "default"});
  std::vector<std::string> out;
  for (const std::string& name : what_if.Dataplanes()) {
    const auto difference = what_if.Compare(AnnouncedNode("default", name, nullptr));
    REQUIRE(difference.ok());
    if (!difference->has_value()) continue;
    if ((*difference)->kind != ChangeKind::kChanged) {
      out.push_back(name + " " + std::string(ChangeKindName((*difference)->kind)));
      continue;
    }
    for (const auto& one : (*difference)->resources) out.push_back(name + ": " + one->name + " " + std::string(ChangeKindName(one->kind)));
  }
  return out;
}

std::string Timeout(const std::string& name, const std::string& app, const std::string& labels = "{}") {
  return "type: MeshTimeout\nmesh: default\nname: " + name + "\nlabels: " + labels + "\nspec: {targetRef: {kind: Dataplane, labels: {app: " + app +
         "}}, to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 1s}}}]}";
}

}  // namespace

TEST_CASE("a change reaches the proxies whose configuration would differ, and no others") {
  using Lines = std::vector<std::string>;
  CHECK(Reached(kState, Timeout("t", "web")) == Lines{"web: outbound:127.0.0.1:10001 changed"});
  CHECK(Reached(kState, Timeout("t", "api")) == Lines{});   // it selects a proxy without outbounds
  CHECK(Reached(kState, Timeout("t", "nobody")) == Lines{});
  CHECK(Reached(kState, Timeout("t", "web", "{kuma.io/effect: shadow}")) == Lines{});
  const std::string with = std::string(kState) + "---\n" + Timeout("t", "web");
  CHECK(Reached(with, Timeout("t", "web")) == Lines{});     // the same again
  CHECK(Reached(with, {}, Timeout("t", "web")) == Lines{"web: outbound:127.0.0.1:10001 changed"});
}

TEST_CASE("proxies that come and go, and those that notice") {
  const std::string more = R"(
type: Dataplane
mesh: default
name: api-2
networking:
  address: 10.0.0.3
  inbound: [{port: 80, tags: {kuma.io/service: api, kuma.io/protocol: http}}]
)";
  CHECK(Reached(kState, more) == std::vector<std::string>{"api-2 added", "web: api changed"});
  CHECK(Reached(std::string(kState) + "---" + more, {}, more) == std::vector<std::string>{"api-2 removed", "web: api changed"});
}

TEST_CASE("a preview with shadow policies differs from one without") {
  mesh::SnapshotBuilder builder("default");
  for (const ResourcePtr& resource : Resources(std::string(kState) + "---\n" + Timeout("t", "web", "{kuma.io/effect: shadow}"))) builder.Apply(nullptr, resource);
  builder.Build();
  const ProxyNode node = AnnouncedNode("default", "web", nullptr);
  const mesh::SnapshotPtr snapshot = builder.Find("default");
  PreviewRequest request{.node = node, .dataplane = *snapshot->FindDataplane("web"), .snapshot = snapshot, .types = Types(), .zone = "default"};
  const ViewPtr plain = Preview(request);
  request.include_shadow = true;
  const ViewPtr shadow = Preview(request);
  CHECK(plain->version(ResourceType::kCluster) == shadow->version(ResourceType::kCluster));
  const auto differences = Differences(ViewDocument(*plain).value(), ViewDocument(*shadow).value());
  const auto timeout = std::find_if(differences.begin(), differences.end(), [](const auto& one) { return one.after && *one.after == "1s"; });
  REQUIRE(timeout != differences.end());
  CHECK(*timeout->before == "0s");  // without a MeshTimeout a request may take as long as it likes
}

// explain tells values that the apply functions of policies use; here the two meet.
TEST_CASE("built-in values are those of generated configuration") {
  RenderRequest request;
  request.resources = Resources(kState);
  request.node = AnnouncedNode("default", "web", nullptr);
  const std::string text = ToYaml(ViewDocument(**Render(request, Types())).value());
  const auto seconds = [](const Json& value) { return std::to_string(ParseDuration(value.get<std::string>()).value().count() / 1'000'000'000) + "s"; };
  const auto built_in = policy::BuiltInsOf("MeshTimeout", policy::Side::kOutbound, mesh::Protocol::kHttp, mesh::MeshConfig{}, false);
  REQUIRE(built_in.size() == 7);
  for (const policy::BuiltIn& one : built_in) {
    const std::string key = one.path == "connectionTimeout" ? "connect_timeout: " : one.path == "http.requestTimeout" ? " timeout: " : one.path == "http.streamIdleTimeout" || one.path == "idleTimeout" ? "idle_timeout: " : "";
    INFO(one.path);
    if (!key.empty()) CHECK(text.find(key + seconds(one.value)) != std::string::npos);
  }
}

}  // namespace kuma::xds
