#include "pkg/policy/inspect/inspect.h"

#include "tests/unit/policy/rules/fixture.h"

namespace kuma::policy::testing {
namespace {

constexpr const char* kExclusive = R"(
type: Mesh
name: default
meshServices: {mode: Exclusive}
---
type: Dataplane
name: web
labels: {kuma.io/zone: east, kuma.io/origin: zone}
networking:
  address: 10.0.0.1
  inbound:
    - {port: 80, name: http, tags: {kuma.io/service: web, kuma.io/protocol: http}}
  outbound:
    - {port: 10001, backendRef: {kind: MeshService, name: api, port: 80}}
---
type: MeshService
name: api
labels: {kuma.io/zone: east, kuma.io/origin: zone}
spec:
  ports: [{port: 80, name: main, appProtocol: http}, {port: 90, appProtocol: tcp}]
---
type: MeshHTTPRoute
name: r
labels: {kuma.io/zone: east, kuma.io/origin: zone}
spec: {to: [{targetRef: {kind: MeshService, name: api}, rules: [{matches: [{path: {type: PathPrefix, value: /}}], default: {backendRefs: [1]}}]}]}
---
type: Both
name: b
labels: {kuma.io/zone: east, kuma.io/origin: zone}
spec:
  to: [{targetRef: {kind: MeshService, name: api}, default: {a: 1}}, {targetRef: {kind: MeshHTTPRoute, name: r}, default: {a: 2}}]
  rules: [{default: {c: 1}}]
---
type: Single
name: s
spec: {default: {z: 1}}
)";

struct Inspected {
  explicit Inspected(const char* yaml) : world(yaml), rules(BuildRuleSets(world.Proxy("web"), *world.snapshot, world.types)) {}
  InspectInput input() const { return {*world.snapshot, world.Proxy("web"), rules, world.types}; }
  World world;
  RuleSets rules;
};

}  // namespace

TEST_CASE("_rules lists types in order of execution") {
  const Inspected inspected(kExclusive);
  const Json body = RulesBody(inspected.input());
  std::vector<std::string> types;
  for (const Json& entry : body["rules"]) types.push_back(GetString(entry, "type"));
  CHECK(types == std::vector<std::string>{"MeshHTTPRoute", "Both", "Single"});
  CHECK(body["httpMatches"] == Parsed("[{hash: '9Zuf5Tg79OuZcQITwBbQykxAk2u4fRKrwYn3//AL4Yo=', match: [{path: {type: PathPrefix, value: /}}]}]"));
  const Json& both = body["rules"][1];
  CHECK(both["toRules"] == Json::array());
  CHECK(both["inboundRules"][0]["inbound"] == Parsed("{name: http, port: 80, tags: {kuma.io/service: web, kuma.io/protocol: http}}"));
  CHECK(both["inboundRules"][0]["rules"][0] ==
        Parsed("{conf: [{c: 1}], origin: [{ruleIndex: 0, resourceMeta: {type: Both, mesh: default, name: b, labels: {kuma.io/zone: east, kuma.io/origin: zone}}}]}"));
  CHECK(body["rules"][2]["proxyRule"] == Parsed("{conf: {z: 1}, origin: [{type: Single, mesh: default, name: s, labels: {}}]}"));
}

TEST_CASE("policies of parts of a proxy") {
  const Inspected inspected(kExclusive);
  const InspectInput input = inspected.input();
  CHECK(*ProxyPoliciesBody(input) == Parsed("{policies: [{kind: Single, conf: {z: 1}, origins: [{kri: kri_single_default___s_}]}]}"));
  CHECK(*InboundPoliciesBody(input, "kri_dp_default_east__web_http") ==
        Parsed("{policies: [{kind: Both, rules: [{kri: kri_both_default_east__b_, conf: {c: 1}}], origins: [{kri: kri_both_default_east__b_}]}]}"));
  const Json outbound = *OutboundPoliciesBody(input, "kri_msvc_default_east__api_90");
  CHECK(outbound["policies"][1] == Parsed("{kind: Both, conf: [{a: 1}], origins: [{kri: kri_both_default_east__b_}]}"));
  CHECK(*RoutePoliciesBody(input, "kri_msvc_default_east__api_90", "kri_mhttpr_default_east__r_") ==
        Parsed("{policies: [{kind: Both, conf: [{a: 2}], origins: [{kri: kri_both_default_east__b_}]}]}"));
  CHECK(*OutboundRoutesBody(input, "kri_msvc_default_east__api_main") ==
        Parsed("{routes: [{kind: MeshHTTPRoute, origins: [{kri: kri_mhttpr_default_east__r_}], rules: [{kri: kri_mhttpr_default_east__r_, conf: {backendRefs: [1]}, "
               "matches: [{path: {type: PathPrefix, value: /}}]}]}]}"));
}

TEST_CASE("errors of the inspect API") {
  const Inspected inspected(kExclusive);
  CHECK(OutboundPoliciesBody(inspected.input(), "bad").error().message == "bad request: invalid identifier string: \"bad\"");
  CHECK(InboundPoliciesBody(inspected.input(), "kri_dp_default_east__web_none").error().message == "inbound not found");
  const Inspected plain(kMesh);
  CHECK(ProxyPoliciesBody(plain.input()).error().message == "bad request: can't use _policies endpoint without meshService enabled");
  const Result<Json> layout = LayoutBody(*plain.world.snapshot, plain.world.Proxy("web"), plain.world.types, std::nullopt);
  CHECK(layout.error().code == ErrorCode::kInvalid);
  CHECK(layout.error().message == "bad request: can't use _layout endpoint without meshService enabled");
}

TEST_CASE("_layout names inbounds and outbounds") {
  const Inspected inspected(kExclusive);
  CHECK(*LayoutBody(*inspected.world.snapshot, inspected.world.Proxy("web"), inspected.world.types, "spiffe://x/y") == Parsed(R"(
kri: kri_dp_default_east__web_
labels: {kuma.io/zone: east, kuma.io/origin: zone}
inbounds: [{kri: kri_dp_default_east__web_http, port: 80, protocol: http, proxyResourceName: self_inbound_dp_http}]
listeners: []
outbounds: [{kri: kri_msvc_default_east__api_main, port: 80, protocol: http, proxyResourceName: kri_msvc_default_east__api_main}]
spiffeId: spiffe://x/y
)"));
}

TEST_CASE("proxies of a policy come in pages") {
  const Inspected inspected(kMesh);
  Resource policy;
  policy.meta.key = {"Both", "default", "b"};
  const Json all = DataplanesOfPolicyBody(policy, *inspected.world.snapshot, "", 0, 10);
  CHECK(all["total"] == 2);
  CHECK(all["items"][0]["name"] == "gate");
  const Json second = DataplanesOfPolicyBody(policy, *inspected.world.snapshot, "", 1, 1);
  CHECK(second["items"].size() == 1);
  CHECK(second["items"][0]["name"] == "web");
  CHECK(DataplanesOfPolicyBody(policy, *inspected.world.snapshot, "we", 0, 10)["total"] == 1);
}

}  // namespace kuma::policy::testing
