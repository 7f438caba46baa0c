#include <catch2/catch.hpp>

#include "pkg/base/json.h"
#include "pkg/ca/workload_identity.h"

namespace kuma::ca {
namespace {

ResourcePtr Identity(const std::string& name, Json selector, Json spiffe = nullptr, const char* ready = "True", const char* reason = "Ready") {
  auto identity = std::make_shared<Resource>();
  identity->meta.key = {"MeshIdentity", "demo", name};
  identity->spec = {{"selector", std::move(selector)}, {"provider", {{"type", "Bundled"}}}};
  if (!spiffe.is_null()) identity->spec["spiffeID"] = std::move(spiffe);
  identity->status = {{"conditions", Json::array({{{"type", "Ready"}, {"status", ready}, {"reason", reason}}})}};
  return identity;
}

Json Matching(Json labels) { return {{"dataplane", {{"matchLabels", std::move(labels)}}}}; }

ResourceMeta Proxy(Labels labels) {
  ResourceMeta meta;
  meta.key = {"Dataplane", "demo", "web-1"};
  meta.labels = std::move(labels);
  return meta;
}

}  // namespace

TEST_CASE("the identity with the most labels wins, then the first name") {
  const Identities identities = {Identity("b-all", Matching(Json::object())), Identity("z-app", Matching({{"app", "web"}})), Identity("a-app", Matching({{"app", "web"}})),
                                 Identity("two", Matching({{"app", "web"}, {"team", "x"}})), Identity("nothing", Json::object())};
  const std::pair<Labels, std::string> cases[] = {
      {{}, "b-all"}, {{{"app", "other"}}, "b-all"}, {{{"app", "web"}}, "a-app"}, {{{"app", "web"}, {"team", "x"}}, "two"}};
  for (const auto& [labels, expected] : cases) {
    const ResourcePtr selected = SelectIdentity(identities, labels);
    REQUIRE(selected != nullptr);
    CHECK(selected->meta.name() == expected);
  }
  CHECK(SelectIdentity({Identity("nothing", Json::object())}, {}) == nullptr);
}

TEST_CASE("SPIFFE IDs come from templates, and their defaults from the environment") {
  const SpiffeContext universal{"east", false};
  const SpiffeContext kubernetes{"east", true};
  const ResourceMeta proxy = Proxy({{"app", "web"}, {"kuma.io/workload", "shop"}, {"k8s.kuma.io/namespace", "ns"}, {"k8s.kuma.io/service-account", "sa"}});
  const auto id = [&](Json spiffe, const SpiffeContext& context) {
    const Result<std::string> made = SpiffeIdOf(*Identity("i", Matching(Json::object()), std::move(spiffe)), proxy, context);
    return made.ok() ? *made : made.error().message;
  };
  CHECK(id(nullptr, universal) == "spiffe://demo.east.mesh.local/workload/shop");
  CHECK(id(nullptr, kubernetes) == "spiffe://demo.east.mesh.local/ns/ns/sa/sa");
  CHECK(id({{"trustDomain", "td.local"}, {"path", "/x/{{ label \"app\" }}"}}, universal) == "spiffe://td.local/x/web");
  CHECK(id({{"path", "/{{ label \"missing\" }}"}}, universal).find("label missing not found") != std::string::npos);
  CHECK(id({{"trustDomain", "UPPER"}}, universal).find("failed to parse SPIFFE ID \"spiffe://UPPER/workload/shop\"") == 0);
}

TEST_CASE("a proxy is trusted once its identity is ready and its domain known; IDs are also listed while only they are given") {
  const SpiffeContext context{"east", false};
  const ResourceMeta proxy = Proxy({{"kuma.io/workload", "shop"}});
  const ResourcePtr ready = Identity("i", Matching(Json::object()), {{"trustDomain", "td"}});
  const ResourcePtr partial = Identity("p", Matching(Json::object()), {{"trustDomain", "other"}}, "False", "PartiallyReady");
  const ResourcePtr failed = Identity("f", Matching(Json::object()), {{"trustDomain", "bad"}}, "False", "Failure");
  CHECK(HasTrustedIdentity({ready}, {"td"}, proxy, context));
  CHECK_FALSE(HasTrustedIdentity({ready}, {"else"}, proxy, context));
  CHECK_FALSE(HasTrustedIdentity({failed}, {"bad"}, proxy, context));
  CHECK(ListedSpiffeIds({failed, ready, partial}, proxy, context) == std::vector<std::string>{"spiffe://other/workload/shop", "spiffe://td/workload/shop"});
}

}  // namespace kuma::ca
