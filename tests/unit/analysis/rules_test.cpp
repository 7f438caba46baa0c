// Each rule with resources that it finds something in, and the same resources with the mistake repaired.
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "pkg/analysis/analyze.h"
#include "pkg/analysis/load.h"
#include "pkg/base/log.h"
#include "pkg/base/strings.h"
#include "pkg/policy/all.h"
#include "pkg/resources/all.h"

using namespace kuma;
using namespace kuma::analysis;

namespace {

const TypeRegistry& Types() {
  static TypeRegistry registry;
  static const bool filled = [] {
    SetComponentLevel("defaults", LogLevel::kWarn);
    resources::RegisterCoreTypes(registry);
    policy::RegisterPolicyTypes(registry);
    return true;
  }();
  (void)filled;
  return registry;
}

// "rule|Type/name|path|message" of all findings.
std::vector<std::string> Lint(const std::string& yaml, bool complete, bool strict = false) {
  const Result<std::vector<Json>> documents = ParseYamlStream(yaml);
  INFO((documents.ok() ? "" : documents.error().ToString()));
  REQUIRE(documents.ok());
  LoadOptions options;
  options.strict = strict;
  const Result<Loaded> loaded = Load(*documents, Types(), options);
  REQUIRE(loaded.ok());
  std::vector<Finding> findings;
  for (const LoadFinding& one : loaded->findings) findings.push_back(one.finding);
  const AnalysisInput input{
      .resources = loaded->resources, .types = Types(), .zone = "default", .subjects = loaded->Subjects(), .complete = complete};
  if (!input.subjects.empty()) {
    for (const Finding& one : Analyze(input)) findings.push_back(one);
  }
  std::vector<std::string> out;
  for (const Finding& one : findings)
    out.push_back(one.rule + "|" + one.resource.type + "/" + one.resource.name + "|" + one.path + "|" + one.message);
  return out;
}

// A mesh with two services: web (http) calls db (tcp).
const std::string kMesh = R"(
type: Mesh
name: default
---
type: Dataplane
mesh: default
name: web-1
labels: {app: web}
networking:
  address: 192.168.0.1
  inbound:
  - {port: 8080, name: http, tags: {kuma.io/service: web, kuma.io/protocol: http}}
  outbound:
  - {port: 5000, tags: {kuma.io/service: db}}
  - {port: 5001, tags: {kuma.io/service: web}}
---
type: Dataplane
mesh: default
name: db-1
labels: {app: db}
networking:
  address: 192.168.0.2
  inbound:
  - {port: 5432, tags: {kuma.io/service: db, kuma.io/protocol: tcp}}
---
)";

struct Case {
  const char* rule;
  std::string bad;
  std::string expected;  // "Type/name|path|message"
  std::string good;
};

std::vector<Case> Cases() {
  const auto timeout = [](const std::string& name, const std::string& spec) {
    return "---\n{type: MeshTimeout, mesh: default, name: " + name + ", spec: " + spec + "}\n";
  };
  const auto policy = [](const std::string& type, const std::string& name, const std::string& spec) {
    return "---\n{type: " + type + ", mesh: default, name: " + name + ", spec: " + spec + "}\n";
  };
  const std::string mtls = "mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}";
  const std::string permissive = "mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin, mode: PERMISSIVE}]}";
  const auto with_mesh = [](const std::string& more) {
    return ReplaceAll(kMesh, "type: Mesh\nname: default\n", "type: Mesh\nname: default\n" + more + "\n");
  };
  const std::string permission =
      policy("MeshTrafficPermission", "p",
             "{targetRef: {kind: Dataplane, labels: {app: web}}, from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]}");
  const auto route = [&](const std::string& backends) {
    return policy("MeshHTTPRoute", "r",
                  "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: MeshService, name: web}, rules: [{matches: [{path: {type: PathPrefix, "
                  "value: /a}}], default: {backendRefs: [" +
                      backends + "]}}]}]}");
  };
  const auto retry = [&](const std::string& http) {
    return policy("MeshRetry", "r", "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: Mesh}, default: {http: " + http + "}}]}");
  };
  return {
      {"client-outlives-server",
       kMesh + timeout("t",
                       "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 30s}}}], from: "
                       "[{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 10s}}}]}"),
       "MeshTimeout/t|spec.to[0].default.http.requestTimeout|clients wait 30s for servers that give up after 10s (MeshTimeout t, "
       "spec.from[0])",
       kMesh + timeout("t",
                       "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 10s}}}], from: "
                       "[{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 10s}}}]}")},
      {"dangling-backend", kMesh + route("{kind: MeshService, name: web, weight: 1}, {kind: MeshService, name: wep, weight: 1}"),
       "MeshHTTPRoute/r|spec.to[0].rules[0].default.backendRefs[1]|there is no service wep",
       kMesh + route("{kind: MeshService, name: web, weight: 1}")},
      {"dangling-secret",
       kMesh + "---\n{type: ExternalService, mesh: default, name: e, tags: {kuma.io/service: out}, networking: {address: "
               "'example.com:443', tls: {enabled: true, caCert: {secret: gone}}}}\n",
       "ExternalService/e|networking.tls.caCert.secret|mesh default has no secret gone",
       kMesh + "---\n{type: ExternalService, mesh: default, name: e, tags: {kuma.io/service: out}, networking: {address: "
               "'example.com:443', tls: {enabled: true}}}\n"},
      {"dangling-target",
       kMesh + policy("MeshRetry", "r",
                      "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: MeshService, name: wep}, default: {http: {numRetries: 1}}}]}"),
       "MeshRetry/r|spec.to[0].targetRef|there is no MeshService wep, so the entry has no effect",
       kMesh + policy("MeshRetry", "r",
                      "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: MeshService, name: web}, default: {http: {numRetries: 1}}}]}")},
      {"deprecated",
       kMesh + policy("MeshTimeout", "t",
                      "{targetRef: {kind: MeshSubset, tags: {kuma.io/service: web}}, to: [{targetRef: {kind: Mesh}, default: "
                      "{connectionTimeout: 1s}}]}"),
       "MeshTimeout/t||",
       kMesh +
           policy("MeshTimeout", "t",
                  "{targetRef: {kind: Dataplane, labels: {app: web}}, to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 1s}}]}")},
      {"duplicate-match",
       kMesh + policy("MeshHTTPRoute", "r",
                      "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: MeshService, name: web}, rules: [{matches: [{path: {type: Exact, "
                      "value: /a}}], default: {}}, {matches: [{path: {type: Exact, value: /a}}], default: {}}]}]}"),
       "MeshHTTPRoute/r|spec.to[0].rules[1].matches|rule 0 of the entry has the same matches; one of them never gets a request",
       kMesh + policy("MeshHTTPRoute", "r",
                      "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: MeshService, name: web}, rules: [{matches: [{path: {type: Exact, "
                      "value: /a}}], default: {}}, {matches: [{path: {type: Exact, value: /b}}], default: {}}]}]}")},
      {"duplicate-resource", retry("{numRetries: 1}") + retry("{numRetries: 2}"), "MeshRetry/r||MeshRetry r is written before, too",
       retry("{numRetries: 1}")},
      {"faulty-piece", ReplaceAll(kMesh, "kuma.io/protocol: tcp", "kuma.io/protocol: tls"),
       "Dataplane/db-1|networking.inbound[0]|protocol tls is none that an inbound can have; it is served as tcp", kMesh},
      {"generator-matches-nothing",
       kMesh + "---\n{type: HostnameGenerator, name: g, spec: {selector: {meshService: {matchLabels: {team: nobody}}}, template: '{{ "
               ".DisplayName }}.svc'}}\n",
       "HostnameGenerator/g|spec.selector|no service has these labels, so no hostname is made",
       kMesh + "---\n{type: MeshService, mesh: default, name: s, labels: {team: a}, spec: {ports: [{port: 80}], selector: {dataplaneTags: "
               "{kuma.io/service: web}}}}\n---\n{type: HostnameGenerator, name: g, spec: {selector: {meshService: {matchLabels: {team: "
               "a}}}, template: '{{ .DisplayName }}.svc'}}\n"},
      {"health-check-empty",
       kMesh + policy("MeshHealthCheck", "h",
                      "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: MeshService, name: web}, default: {interval: 10s, tcp: {disabled: "
                      "true}}}]}"),
       "MeshHealthCheck/h|spec.to[0].default|none of tcp, http and grpc is on, so nothing is checked",
       kMesh + policy("MeshHealthCheck", "h",
                      "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: MeshService, name: web}, default: {interval: 10s, tcp: {}}}]}")},
      {"health-check-slow",
       kMesh + policy("MeshHealthCheck", "h",
                      "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: MeshService, name: web}, default: {interval: 2s, timeout: 5s, "
                      "tcp: {}}}]}"),
       "MeshHealthCheck/h|spec.to[0].default.timeout|timeout 5s is longer than interval 2s",
       kMesh + policy("MeshHealthCheck", "h",
                      "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: MeshService, name: web}, default: {interval: 5s, timeout: 2s, "
                      "tcp: {}}}]}")},
      {"identity-matches-nothing",
       kMesh + policy("MeshIdentity", "i",
                      "{selector: {dataplane: {matchLabels: {app: nobody}}}, spiffeID: {trustDomain: a.b, path: /x}, provider: {type: "
                      "Bundled, bundled: {autogenerate: {enabled: true}}}}"),
       "MeshIdentity/i|spec.selector|no Dataplane is selected, so nobody gets this identity",
       kMesh + policy("MeshIdentity", "i",
                      "{selector: {dataplane: {matchLabels: {}}}, spiffeID: {trustDomain: a.b, path: /x}, provider: {type: Bundled, "
                      "bundled: {autogenerate: {enabled: true}}}}")},
      {"identity-without-trust",
       kMesh + policy("MeshIdentity", "i",
                      "{selector: {dataplane: {matchLabels: {}}}, spiffeID: {trustDomain: a.b, path: /x}, provider: {type: Bundled, "
                      "bundled: {meshTrustCreation: Disabled, autogenerate: {enabled: true}}}}"),
       "MeshIdentity/i|spec.spiffeID.trustDomain|no MeshTrust has the trust domain a.b, so servers refuse these identities",
       kMesh + policy("MeshIdentity", "i",
                      "{selector: {dataplane: {matchLabels: {}}}, spiffeID: {trustDomain: a.b, path: /x}, provider: {type: Bundled, "
                      "bundled: {autogenerate: {enabled: true}}}}")},
      {"idle-before-request",
       kMesh +
           timeout("t",
                   "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: Mesh}, default: {idleTimeout: 5s, http: {requestTimeout: 15s}}}]}"),
       "MeshTimeout/t|spec.to[0].default.idleTimeout|idleTimeout 5s ends requests before requestTimeout 15s does",
       kMesh +
           timeout("t",
                   "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: Mesh}, default: {idleTimeout: 15s, http: {requestTimeout: 15s}}}]}")},
      {"invalid-resource", "{type: MeshRetry, mesh: default, name: r, spec: {targetRef: {kind: Nobody}}}",
       "MeshRetry/r|spec.targetRef.kind|", retry("{numRetries: 1}")},
      {"matches-no-proxy",
       kMesh +
           policy(
               "MeshRetry", "r",
               "{targetRef: {kind: Dataplane, labels: {app: nobody}}, to: [{targetRef: {kind: Mesh}, default: {http: {numRetries: 1}}}]}"),
       "MeshRetry/r|spec.targetRef|no proxy is Dataplane with app=nobody; label app is db, web, never nobody",
       kMesh +
           policy("MeshRetry", "r",
                  "{targetRef: {kind: Dataplane, labels: {app: web}}, to: [{targetRef: {kind: Mesh}, default: {http: {numRetries: 1}}}]}")},
      {"mtls-without-permission", with_mesh(mtls),
       "Mesh/default|mtls|mTLS is on and no MeshTrafficPermission allows anything: every request is refused", with_mesh(mtls) + permission},
      {"open-permission",
       with_mesh(mtls) +
           policy("MeshTrafficPermission", "p",
                  "{targetRef: {kind: Mesh}, rules: [{default: {allow: [{spiffeID: {type: Prefix, value: 'spiffe://default'}}]}}]}"),
       "MeshTrafficPermission/p|spec.rules[0].default.allow[0]|every identity may call every service of the mesh",
       with_mesh(mtls) +
           policy("MeshTrafficPermission", "p",
                  "{targetRef: {kind: Mesh}, rules: [{default: {allow: [{spiffeID: {type: Prefix, value: 'spiffe://default/web'}}]}}]}")},
      {"permission-without-mtls", kMesh + permission,
       "MeshTrafficPermission/p||mesh default has no mTLS, without which clients cannot be told apart: the permission has no effect",
       with_mesh(mtls) + permission},
      {"permissive-mtls", with_mesh(permissive) + permission,
       "Mesh/default|mtls.backends[0].mode|plain text is accepted beside mTLS, and permissions do not hold for it",
       with_mesh(mtls) + permission},
      {"protocol-mismatch",
       kMesh + policy("MeshRetry", "r",
                      "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: MeshService, name: db}, default: {http: {numRetries: 1}}}]}"),
       "MeshRetry/r|spec.to[0]|MeshService db speaks tcp, so what is set for HTTP has no effect",
       kMesh +
           policy("MeshRetry", "r",
                  "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: MeshService, name: db}, default: {tcp: {maxConnectAttempt: 2}}}]}")},
      {"retry-exceeds-timeout",
       kMesh + timeout("t", "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 10s}}}]}") +
           retry("{numRetries: 3, perTryTimeout: 5s}"),
       "MeshRetry/r|spec.to[0].default.http|4 tries of perTryTimeout 5s take longer than requestTimeout 10s of MeshTimeout t: the last "
       "ones are cut off",
       kMesh + timeout("t", "{targetRef: {kind: Mesh}, to: [{targetRef: {kind: Mesh}, default: {http: {requestTimeout: 20s}}}]}") +
           retry("{numRetries: 3, perTryTimeout: 5s}")},
      {"service-without-proxy",
       kMesh + "---\n{type: MeshService, mesh: default, name: s, spec: {ports: [{port: 80}], selector: {dataplaneTags: {kuma.io/service: "
               "wep}}}}\n",
       "MeshService/s|spec.selector|no inbound of a Dataplane has what the selector asks for",
       kMesh + "---\n{type: MeshService, mesh: default, name: s, spec: {ports: [{port: 80}], selector: {dataplaneTags: {kuma.io/service: "
               "web}}}}\n"},
      {"shadow-mode",
       kMesh + "---\n{type: MeshRetry, mesh: default, name: r, labels: {kuma.io/effect: shadow}, spec: {targetRef: {kind: Mesh}, to: "
               "[{targetRef: {kind: Mesh}, default: {http: {numRetries: 1}}}]}}\n",
       "MeshRetry/r|labels|kuma.io/effect: shadow keeps the policy out of the proxies' configuration", kMesh + retry("{numRetries: 1}")},
      // Of equal policies the name that comes first in the alphabet wins.
      {"shadowed-policy",
       kMesh +
           timeout("a",
                   "{targetRef: {kind: Dataplane, labels: {app: web}}, to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 1s, "
                   "idleTimeout: 10s}}]}") +
           timeout("b",
                   "{targetRef: {kind: Dataplane, labels: {app: web}}, to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 2s}}]}"),
       "MeshTimeout/b|spec.to[0]|never has an effect: MeshTimeout a (spec.to[0]) is merged after it and sets the same fields",
       kMesh +
           timeout(
               "a",
               "{targetRef: {kind: Dataplane, labels: {app: web}}, to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 1s}}]}") +
           timeout("b",
                   "{targetRef: {kind: Dataplane, labels: {app: web}}, to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 2s, "
                   "idleTimeout: 10s}}]}")},
      {"unknown-field",
       "{type: MeshRetry, mesh: default, name: r, spec: {targetRef: {kind: Mesh}, to: [{targetRef: {kind: Mesh}, defualt: {}}]}}",
       "MeshRetry/r|spec.to[0].defualt|", retry("{numRetries: 1}")},
      {"weights-zero", kMesh + route("{kind: MeshService, name: web, weight: 0}"),
       "MeshHTTPRoute/r|spec.to[0].rules[0].default.backendRefs|every backend has weight 0, so all matching traffic is answered with an "
       "error",
       kMesh + route("{kind: MeshService, name: web, weight: 0}, {kind: MeshService, name: web, weight: 1}")},
  };
}

bool HasRule(const std::vector<std::string>& findings, const std::string& rule, const std::string& rest) {
  return std::any_of(findings.begin(), findings.end(), [&](const std::string& one) { return one.starts_with(rule + "|" + rest); });
}

}  // namespace

TEST_CASE("each rule finds its mistake, and nothing where it is repaired") {
  for (const Case& one : Cases()) {
    INFO("rule " << one.rule);
    const std::vector<std::string> bad = Lint(one.bad, true);
    INFO("bad: " << Join(bad, "\n     "));
    CHECK(HasRule(bad, one.rule, one.expected));
    const std::vector<std::string> good = Lint(one.good, true);
    INFO("good: " << Join(good, "\n      "));
    CHECK_FALSE(HasRule(good, one.rule, ""));
  }
}

TEST_CASE("every rule is tested, or needs a control plane") {
  std::set<std::string, std::less<>> tested = {"missing-mesh", "rejected"};  // below
  for (const Case& one : Cases()) tested.insert(one.rule);
  for (const Rule& rule : Rules()) {
    INFO(rule.id);
    CHECK(tested.contains(rule.id));
    CHECK_FALSE(rule.explanation.empty());
    CHECK_FALSE(rule.example.empty());
  }
  CHECK(std::is_sorted(Rules().begin(), Rules().end(), [](const Rule& a, const Rule& b) { return a.id < b.id; }));
}

TEST_CASE("a mesh that works gives no finding") { CHECK(Lint(kMesh, true) == std::vector<std::string>{}); }

TEST_CASE("what files alone do not have may exist elsewhere") {
  const std::string policy =
      "{type: MeshRetry, mesh: other, name: r, spec: {targetRef: {kind: Dataplane, labels: {app: x}}, to: [{targetRef: {kind: MeshService, "
      "name: x}, default: {http: {numRetries: 1}}}]}}";
  CHECK(Lint(policy, false) == std::vector<std::string>{});
  CHECK(HasRule(Lint(policy, true), "dangling-target", "MeshRetry/r"));
}

TEST_CASE("unknown fields are errors when asked for") {
  const std::vector<Json> documents = {{{"type", "MeshRetry"},
                                        {"mesh", "default"},
                                        {"name", "r"},
                                        {"spec", {{"targetRef", {{"kind", "Mesh"}, {"nmae", "x"}}}, {"to", Json::array()}}}}};
  for (const bool strict : {false, true}) {
    LoadOptions options;
    options.strict = strict;
    const Result<Loaded> loaded = Load(documents, Types(), options);
    REQUIRE(loaded.ok());
    const auto unknown = std::find_if(loaded->findings.begin(), loaded->findings.end(),
                                      [](const LoadFinding& one) { return one.finding.rule == "unknown-field"; });
    REQUIRE(unknown != loaded->findings.end());
    CHECK(unknown->finding.path == "spec.targetRef.nmae");
    CHECK(unknown->finding.message.find("\"name\"") != std::string::npos);
    CHECK(unknown->finding.severity == (strict ? Severity::kError : Severity::kWarning));
  }
}

// Every type tells of fields that it does not know, in whatever form it is stored.
TEST_CASE("unknown fields are told for every type") {
  for (const TypeDescriptor* type : Types().All()) {
    if (type->path.empty() || !type->stored || type->schema.preserve_unknown) continue;
    INFO(type->name);
    Json document = {{"type", type->name}, {"name", "x"}, {"mesh", "default"}};
    (type->inlined_spec ? document : document["spec"])["surelyNotKnown"] = 1;
    const Result<Loaded> loaded = Load({document}, Types(), {});
    REQUIRE(loaded.ok());
    const bool told = std::any_of(loaded->findings.begin(), loaded->findings.end(), [](const LoadFinding& one) {
      return one.finding.rule == "unknown-field" && one.finding.path.ends_with("surelyNotKnown");
    });
    CHECK(told);
  }
}

TEST_CASE("what proxies of a control plane were told is found again") {
  const Result<std::vector<Json>> documents = ParseYamlStream(kMesh);
  REQUIRE(documents.ok());
  Result<Loaded> loaded = Load(*documents, Types(), {});
  REQUIRE(loaded.ok());
  Resource insight;
  insight.meta.key = {"DataplaneInsight", "default", "web-1"};
  insight.spec["warnings"] = Json::array({{{"message", "Envoy rejected Cluster, the last good configuration stays: bad"}}});
  loaded->resources.push_back(std::make_shared<const Resource>(insight));
  Resource lost;
  lost.meta.key = {"MeshRetry", "nowhere", "r"};
  loaded->resources.push_back(std::make_shared<const Resource>(lost));
  std::vector<std::string> rules;
  for (const Finding& one : Analyze({.resources = loaded->resources, .types = Types(), .complete = true})) {
    if (one.rule == "rejected" || one.rule == "missing-mesh") rules.push_back(one.rule + " " + one.resource.name);
  }
  std::sort(rules.begin(), rules.end());
  CHECK(rules == std::vector<std::string>{"missing-mesh r", "rejected web-1"});
}
