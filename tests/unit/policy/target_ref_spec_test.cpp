// Checks of targetRef, matches, backendRefs and structural limits, which all policies share.
#include "tests/unit/policy/spec_fixture.h"

#include "pkg/policy/target_ref/checks.h"

namespace kuma {
namespace {

// A MeshTimeout that is fine but for its targetRef.
std::string TimeoutWith(const std::string& target, const std::string& list = "to") {
  return "targetRef: " + target + "\n" + list + ":\n- targetRef: {kind: Mesh}\n  default: {idleTimeout: 1s}\n";
}

TEST_CASE("targetRef: fields that a kind does not have") {
  struct Case {
    std::string target;
    std::vector<std::string> violations;
  };
  const std::vector<Case> cases = {
      {"{kind: Mesh, proxyTypes: [Sidecar]}", {}},
      {"{kind: Mesh, proxyTypes: []}", {"spec.targetRef.proxyTypes: must be undefined or have at least one element"}},
      {"{kind: Mesh, name: x, mesh: m, namespace: n, sectionName: s}",
       {"spec.targetRef.mesh: must not be set with kind Mesh", "spec.targetRef.name: using name with kind Mesh is not yet supported",
        "spec.targetRef.namespace: must not be set with kind Mesh", "spec.targetRef.sectionName: must not be set with kind Mesh"}},
      {"{kind: Dataplane, labels: {a: b}}", {}},
      {"{kind: Dataplane, labels: {a: b}, name: x}", {"spec.targetRef.labels: either labels or name and namespace must be specified"}},
      {"{kind: Dataplane, name: x, sectionName: http}", {"spec.targetRef.sectionName: can only be used with inbound policies"}},
      {"{kind: Dataplane, tags: {a: b}, proxyTypes: [Gateway]}",
       {"spec.targetRef.proxyTypes: must not be set with kind Dataplane", "spec.targetRef.tags: must not be set with kind Dataplane"}},
      {"{kind: MeshSubset, tags: {a: b/c}}",
       {"spec.targetRef.tags[\"a\"]: tag value must consist of alphanumeric characters, dots, dashes and underscores"}},
      {"{kind: MeshSubset, name: x, labels: {a: b}}",
       {"spec.targetRef.labels: must not be set with kind MeshSubset", "spec.targetRef.name: must not be set with kind MeshSubset"}},
      {"{kind: MeshService}", {"spec.targetRef: name or labels must be set when kind is MeshService"}},
      {"{kind: MeshService, name: Upper}",
       {"spec.targetRef.name: invalid characters: must consist of lower case alphanumeric characters, '-', '.' and '_'."}},
      {"{kind: MeshServiceSubset, tags: {v: '*'}}", {"spec.targetRef.name: must be set when kind is MeshServiceSubset"}},
      {"{kind: MeshGateway, name: g, tags: {port: '80'}}", {}},
      {"{kind: MeshExternalService, name: x}", {"spec.targetRef.kind: value 'MeshExternalService' is not supported"}},
      {"{kind: Mesh, tags: {a: b}, labels: {a: b}}",
       {"spec.targetRef.labels: must not be set with kind Mesh", "spec.targetRef.tags: must not be set with kind Mesh"}},
      {"{kind: Dataplane, mesh: m, namespace: n, labels: {a: b}}",
       {"spec.targetRef.labels: either labels or name and namespace must be specified",
        "spec.targetRef.mesh: must not be set with kind Dataplane"}},
      {"{kind: MeshSubset, mesh: m, namespace: n, sectionName: s, proxyTypes: [], tags: {'': '', a b: x}}",
       {"spec.targetRef.mesh: must not be set with kind MeshSubset", "spec.targetRef.namespace: must not be set with kind MeshSubset",
        "spec.targetRef.proxyTypes: must be undefined or have at least one element",
        "spec.targetRef.sectionName: must not be set with kind MeshSubset", "spec.targetRef.tags: tag name must be non-empty",
        "spec.targetRef.tags[\"\"]: tag value must be non-empty",
        "spec.targetRef.tags[\"a b\"]: tag name must consist of alphanumeric characters, dots, dashes, slashes and underscores"}},
      {"{kind: MeshService, name: a, namespace: n, labels: {a: b}, mesh: m, tags: {a: b}, proxyTypes: [Sidecar]}",
       {"spec.targetRef.labels: either labels or name and namespace must be specified",
        "spec.targetRef.mesh: must not be set with kind MeshService", "spec.targetRef.proxyTypes: must not be set with kind MeshService",
        "spec.targetRef.tags: must not be set with kind MeshService"}},
      {"{kind: MeshHTTPRoute}",
       {"spec.targetRef: name or labels must be set when kind is MeshHTTPRoute",
        "spec.to[0].default.idleTimeout: can't be specified when top-level TargetRef is referencing MeshHTTPRoute"}},
      {"{kind: MeshHTTPRoute, name: A, namespace: n, labels: {a: b}, mesh: m, tags: {a: b}, proxyTypes: [Sidecar], sectionName: s}",
       {"spec.targetRef.labels: either labels or name and namespace must be specified",
        "spec.targetRef.mesh: must not be set with kind MeshHTTPRoute",
        "spec.targetRef.name: invalid characters: must consist of lower case alphanumeric characters, '-', '.' and '_'.",
        "spec.targetRef.proxyTypes: must not be set with kind MeshHTTPRoute",
        "spec.targetRef.sectionName: must not be set with kind MeshHTTPRoute",
        "spec.targetRef.tags: must not be set with kind MeshHTTPRoute",
        "spec.to[0].default.idleTimeout: can't be specified when top-level TargetRef is referencing MeshHTTPRoute"}},
      {"{kind: MeshServiceSubset, name: A, mesh: m, tags: {a: x y}, labels: {a: b}, namespace: n, sectionName: s, proxyTypes: [Sidecar]}",
       {"spec.targetRef.labels: must not be set with kind MeshServiceSubset",
        "spec.targetRef.mesh: must not be set with kind MeshServiceSubset",
        "spec.targetRef.name: invalid characters: must consist of lower case alphanumeric characters, '-', '.' and '_'.",
        "spec.targetRef.namespace: must not be set with kind MeshServiceSubset",
        "spec.targetRef.proxyTypes: must not be set with kind MeshServiceSubset",
        "spec.targetRef.sectionName: must not be set with kind MeshServiceSubset",
        "spec.targetRef.tags[\"a\"]: tag value must consist of alphanumeric characters, dots, dashes, slashes and underscores or be "
        "\"*\""}},
      {"{kind: MeshGateway, mesh: m, tags: {a: x y}, labels: {a: b}, namespace: n, sectionName: s, proxyTypes: [Sidecar]}",
       {"spec.targetRef.labels: must not be set with kind MeshGateway", "spec.targetRef.mesh: must not be set with kind MeshGateway",
        "spec.targetRef.name: must be set when kind is MeshGateway", "spec.targetRef.namespace: must not be set with kind MeshGateway",
        "spec.targetRef.proxyTypes: must not be set with kind MeshGateway",
        "spec.targetRef.sectionName: must not be set with kind MeshGateway",
        "spec.targetRef.tags[\"a\"]: tag value must consist of alphanumeric characters, dots, dashes, slashes and underscores or be "
        "\"*\""}},
      {"{kind: Mesh, proxyTypes: [Other]}", {"spec.targetRef.proxyTypes[0]: in body should be one of [Sidecar Gateway]"}},
      {"{kind: Nothing}",
       {"spec.targetRef.kind: in body should be one of [Mesh MeshSubset MeshGateway MeshService MeshExternalService MeshMultiZoneService "
        "MeshServiceSubset MeshHTTPRoute Dataplane]"}},
      {"{name: x}", {"spec.targetRef.kind: in body is required"}},
  };
  for (const Case& each : cases) {
    INFO(each.target);
    CHECK(CheckPolicy("MeshTimeout", TimeoutWith(each.target)).violations == each.violations);
  }
}

TEST_CASE("targetRef: sectionName of a Dataplane is for policies of incoming traffic") {
  CHECK(CheckPolicy("MeshTimeout", TimeoutWith("{kind: Dataplane, name: x, sectionName: http}", "from")).violations.empty());
}

TEST_CASE("targetRef: policies of applications' namespaces allow fewer kinds") {
  const std::string yaml = TimeoutWith("{kind: MeshGateway, name: g}");
  CHECK(CheckPolicy("MeshTimeout", yaml, "system").violations.empty());
  CHECK(CheckPolicy("MeshTimeout", yaml, "consumer").violations ==
        std::vector<std::string>{"spec.targetRef.kind: value 'MeshGateway' is not supported"});
}

TEST_CASE("targetRef of destinations, and conditions of rules") {
  const std::string long_name =
      "rules: [{matches: [{sni: {type: Exact, value: " + std::string(254, 'a') + "}}], default: {idleTimeout: 1s}}]";
  RunSpecCases({
      {"an external service",
       "MeshTimeout",
       "to: [{targetRef: {kind: MeshExternalService, name: A, mesh: m, tags: {a: b}, sectionName: s, proxyTypes: [Sidecar]}, default: "
       "{idleTimeout: 1s}}, {targetRef: {kind: MeshExternalService, name: a, labels: {a: b}}, default: {idleTimeout: 1s}}, {targetRef: "
       "{kind: MeshExternalService, namespace: n, labels: {a: b}}, default: {idleTimeout: 1s}}, {targetRef: {kind: MeshExternalService}, "
       "default: {idleTimeout: 1s}}]",
       {"spec.to[0].targetRef.mesh: must not be set with kind MeshExternalService",
        "spec.to[0].targetRef.name: invalid characters: must consist of lower case alphanumeric characters, '-', '.' and '_'.",
        "spec.to[0].targetRef.proxyTypes: must not be set with kind MeshExternalService",
        "spec.to[0].targetRef.sectionName: must not be set with kind MeshExternalService",
        "spec.to[0].targetRef.tags: must not be set with kind MeshExternalService",
        "spec.to[1].targetRef.labels: either labels or name must be specified",
        "spec.to[2].targetRef.labels: either labels or name must be specified",
        "spec.to[3].targetRef: name or labels must be set when kind is MeshExternalService"}},
      {"conditions",
       "MeshTimeout",
       "rules: [{matches: [{sni: {type: Exact, value: ''}}, {sni: {type: Exact, value: A_}}, {spiffeID: {type: Exact, value: ''}}, {}], "
       "default: {http: {requestTimeout: 1s}}}]",
       {"spec.rules[0].matches[0].sni.value: must be set",
        "spec.rules[0].matches[1].sni.value: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
        "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        "spec.rules[0].matches[2].spiffeID: must be a valid Spiffe ID: cannot be empty",
        "spec.rules[0].matches[3]: must specify at least one of 'spiffeID' or 'sni'"}},
      {"conditions without members",
       "MeshTimeout",
       "rules: [{matches: [{sni: {}}, {sni: {type: Prefix, value: a}}, {spiffeID: {}}, {spiffeID: {type: Other, value: ''}}], default: "
       "{idleTimeout: 1s}}]",
       {"spec.rules[0].matches[0].sni.type: in body is required", "spec.rules[0].matches[0].sni.value: in body is required",
        "spec.rules[0].matches[1].sni.type: in body should be one of [Exact]",
        "spec.rules[0].matches[2].spiffeID.type: in body is required", "spec.rules[0].matches[2].spiffeID.value: in body is required",
        "spec.rules[0].matches[3].spiffeID.type: in body should be one of [Exact Prefix]"}},
      {"a long server name", "MeshTimeout", long_name.c_str(), {"spec.rules[0].matches[0].sni.value: must be no more than 253 characters"}},
  });
}

TEST_CASE("SPIFFE identities") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"spiffe://demo.zone/ns/a/sa/B_1", ""},
      {"spiffe://demo", ""},
      {"", "cannot be empty"},
      {"http://demo", "scheme is missing or invalid"},
      {"spiffe://", "trust domain is missing"},
      {"spiffe://Demo", "trust domain characters are limited to lowercase letters, numbers, dots, dashes, and underscores"},
      {"spiffe://demo/", "path cannot have a trailing slash"},
      {"spiffe://demo//a", "path cannot contain empty segments"},
      {"spiffe://demo/a/../b", "path cannot contain dot segments"},
      {"spiffe://demo/a/.", "path cannot contain dot segments"},
      {"spiffe://demo/a b", "path segment characters are limited to letters, numbers, dots, dashes, and underscores"},
  };
  for (const auto& [text, fault] : cases) {
    INFO(text);
    CHECK(policy::SpiffeIdFault(text) == fault);
  }
}

TEST_CASE("addresses of collectors as URLs") {
  for (const char* good :
       {"127.0.0.1:5000", "logstash:5000", "http://zipkin:9411/api/v2/spans", "logs.example.com", "[::1]:80", "tcp://a.b"}) {
    INFO(good);
    CHECK(policy::IsUrl(good));
  }
  for (const char* bad : {"", "a b:1", "not_a_url", ".example.com", "host:port", "http://"}) {
    INFO(bad);
    CHECK_FALSE(policy::IsUrl(bad));
  }
}

TEST_CASE("header names have a pattern and a length") {
  const auto route_with = [](const std::string& header) {
    return CheckPolicy("MeshHTTPRoute", "to:\n- targetRef: {kind: MeshService, name: a}\n  rules:\n  - matches: [{headers: [{name: \"" +
                                            header + "\", value: v}]}]\n    default: {}\n");
  };
  const std::string at = "spec.to[0].rules[0].matches[0].headers[0].name: ";
  CHECK(route_with("x-a").violations.empty());
  CHECK(route_with("x-a").spec["to"][0]["rules"][0]["matches"][0]["headers"][0]["type"] == "Exact");
  CHECK(route_with("X-A").violations == std::vector<std::string>{at + R"(in body should match '^[a-z0-9!#$%&'*+\-.^_\x60|~]+$')"});
  CHECK(route_with(std::string(257, 'a')).violations == std::vector<std::string>{at + "in body should be at most 256 chars long"});
}

TEST_CASE("types of policies: facts that others rely on") {
  const std::vector<const TypeDescriptor*> types = PolicyTypes().All();
  CHECK(types.size() == 16);
  for (const TypeDescriptor* type : types) {
    INFO(type->name);
    CHECK(type->is_policy);
    CHECK(type->scope == Scope::kMesh);
    CHECK((type->kds.global_to_zone && type->kds.zone_to_global && type->kds.relayed_to_other_zones));
    REQUIRE(type->policy != nullptr);
    CHECK(type->policy->order > 0);
    CHECK(type->policy->single_default != (type->policy->has_to || type->policy->has_from));
    CHECK(static_cast<bool>(type->validate));
  }
  CHECK(PolicyTypes().FindByPath("meshtlses") == PolicyTypes().Find("MeshTLS"));
  CHECK(PolicyTypes().FindByShortName("mtr") == PolicyTypes().Find("MeshTrace"));
}

TEST_CASE("warnings") {
  struct Case {
    const char* type;
    const char* yaml;
    std::vector<std::string> warnings;
  };
  const std::vector<Case> cases = {
      {"MeshTimeout", "from: [{targetRef: {kind: Mesh}, default: {idleTimeout: 1s}}]", {"'from' field is deprecated, use 'rules' instead"}},
      {"MeshRetry",
       "targetRef: {kind: MeshSubset}\nto: []",
       {"MeshSubset value for 'targetRef.kind' is deprecated, use Dataplane with labels instead"}},
      {"MeshRetry",
       "targetRef: {kind: MeshHTTPRoute, name: r}\nto: []",
       {"MeshHTTPRoute value for 'targetRef.kind' is deprecated, use MeshHTTPRoute in spec.to[].targetRef"}},
      {"MeshTrafficPermission",
       "from: [{targetRef: {kind: MeshService, name: a}, default: {action: Allow}}]",
       {"'from' field is deprecated and will be removed in 3.0, use 'rules' with MeshIdentity (spiffeId) instead",
        "MeshService value for 'from[].targetRef.kind' is deprecated, use MeshSubset with 'kuma.io/service' instead"}},
      {"MeshTrace",
       "default: {backends: [{type: OpenTelemetry, openTelemetry: {endpoint: 'otel:4317'}}]}",
       {std::string(policy::kInlineOtelEndpointRemark)}},
      {"MeshAccessLog",
       "targetRef: {kind: MeshSubset}\nfrom: [{targetRef: {kind: Mesh}, default: {backends: [{type: OpenTelemetry, openTelemetry: "
       "{endpoint: 'otel:4317'}}]}}]",
       {"'from' field is deprecated, use 'rules' instead", std::string(policy::kInlineOtelEndpointRemark),
        "MeshSubset value for 'targetRef.kind' is deprecated, use Dataplane with labels instead"}},
      {"MeshRateLimit",
       "rules: [{default: {local: {http: {onRateLimit: {status: 200}}}}}]\ntargetRef: {kind: Dataplane}",
       {"'spec.rules[0].default.local.http.requestRate.status' must be 400 or higher. Please update your configuration."}},
      {"MeshLoadBalancingStrategy",
       "to: [{targetRef: {kind: Mesh}, default: {loadBalancer: {type: Maglev, maglev: {hashPolicies: [{type: SourceIP, connection: "
       "{}}]}}}}]",
       {"configuration 'spec.to[0].default.loadBalancer.maglev.hashPolicies' is deprecated, use 'spec.to[0].default.hashPolicies' instead",
        "SourceIP type for 'spec.to[0].default.loadBalancer.maglev.hashPolicies[0].type' is deprecated, use Connection instead"}},
  };
  for (const Case& each : cases) {
    INFO(each.type << ": " << each.yaml);
    const Checked checked = CheckPolicy(each.type, each.yaml);
    CHECK(checked.violations.empty());
    CHECK(checked.warnings == each.warnings);
  }
}

}  // namespace
}  // namespace kuma
