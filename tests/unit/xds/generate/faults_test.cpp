// Each kind of faulty piece, with the exact warning and what is served instead of it.
#include <catch2/catch.hpp>

#include <algorithm>

#include "pkg/base/strings.h"
#include "pkg/model/document.h"
#include "pkg/policy/all.h"
#include "pkg/resources/all.h"
#include "pkg/xds/render.h"

using namespace kuma;

namespace {

const TypeRegistry& Types() {
  static TypeRegistry registry;
  static const bool filled = [] {
    resources::RegisterCoreTypes(registry);
    policy::RegisterPolicyTypes(registry);
    return true;
  }();
  (void)filled;
  return registry;
}

const char* const kMesh = R"(
{type: Mesh, name: default}
---
type: Dataplane
mesh: default
name: web
networking:
  address: 192.0.2.1
  inbound:
  - {port: 8080, tags: {kuma.io/service: web, kuma.io/protocol: PROTOCOL}}
  outbound:
  - {port: 5001, tags: {kuma.io/service: api}}
  - {port: 5002, tags: {kuma.io/service: db}}
OUTBOUND
---
type: Dataplane
mesh: default
name: api
networking: {address: 192.0.2.2, inbound: [{port: 8080, tags: {kuma.io/service: api, kuma.io/protocol: http}}]}
---
type: Dataplane
mesh: default
name: db
networking: {address: 192.0.2.3, inbound: [{port: 8080, tags: {kuma.io/service: db, kuma.io/protocol: tcp}}]}
)";

std::string Mesh(const std::string& protocol, const std::string& outbound = "") {
  return ReplaceAll(ReplaceAll(kMesh, "PROTOCOL", protocol), "OUTBOUND\n", outbound);
}

struct Rendered {
  std::vector<std::string> warnings;  // "resource path: message"
  std::string text;
  Json document;
};

Rendered Render(const std::string& yaml, std::vector<std::string> extensions = {}) {
  xds::RenderRequest request;
  const auto documents = ParseYamlStream(yaml);
  INFO((documents.ok() ? "" : documents.error().ToString()));
  REQUIRE(documents.ok());
  for (const Json& document : *documents) {
    Result<Resource> resource = FromDocument(document, Types());
    INFO((resource.ok() ? "" : resource.error().ToString()));
    REQUIRE(resource.ok());
    request.resources.push_back(std::make_shared<const Resource>(*std::move(resource)));
  }
  request.node.mesh = "default";
  request.node.name = "web";
  request.node.proxy_type = "dataplane";
  request.node.extensions = std::move(extensions);
  const Result<xds::ViewPtr> view = xds::Render(request, Types());
  INFO((view.ok() ? "" : view.error().ToString()));
  REQUIRE(view.ok());
  Rendered out;
  for (const Warning& warning : xds::Warnings(**view))
    out.warnings.push_back(warning.resource + " " + warning.path + ": " + warning.message);
  out.document = *xds::ViewDocument(**view);
  out.text = ToJsonText(out.document);
  return out;
}

std::vector<std::string> Names(const Rendered& rendered, const char* section) {
  std::vector<std::string> names;
  for (const Json& one : Get(rendered.document, section)) names.push_back(GetString(one, "name"));
  return names;
}

std::string Route(const std::string& rule, const std::string& service = "api") {
  return "---\n{type: MeshHTTPRoute, mesh: default, name: r, spec: {targetRef: {kind: Mesh}, to: [{targetRef: {kind: MeshService, name: " +
         service + "}, rules: [" + rule + "]}]}}\n";
}

constexpr char kDataplane[] = "kri_dp_default___web_ ";
constexpr char kRule[] = "kri_mhttpr_default___r_ spec.to[0].rules[0]";

struct Case {
  const char* what;
  std::string yaml;
  std::vector<std::string> warnings;
  std::vector<const char*> present;
  std::vector<const char*> absent;
};

std::vector<Case> Cases() {
  const std::string match = "matches: [{path: {type: PathPrefix, value: /x}}]";
  return {
      {"nothing", Mesh("http"), {}, {"outbound:127.0.0.1:5001", "outbound:127.0.0.1:5002", "inbound:192.0.2.1:8080"}, {"direct_response"}},
      {"an inbound of protocol tls",
       Mesh("tls"),
       {std::string(kDataplane) + "networking.inbound[0]: protocol tls is none that an inbound can have; it is served as tcp"},
       {"inbound:192.0.2.1:8080", "outbound:127.0.0.1:5001"},
       {}},
      {"an outbound to a resource that does not exist",
       Mesh("http", "  - {port: 5003, backendRef: {kind: MeshService, name: gone, port: 80}}\n"),
       {std::string(kDataplane) + "networking.outbound[2].backendRef: the outbound is left out: there is no MeshService gone with port 80"},
       {"outbound:127.0.0.1:5001", "outbound:127.0.0.1:5002"},
       {"5003"}},
      {"a route to a service that does not exist",
       Mesh("http") + Route("{" + match + ", default: {backendRefs: [{kind: MeshService, name: gone}]}}"),
       {std::string(kRule) + ".default.backendRefs[0]: service gone does not exist; the rule is left out"},
       {R"("cluster":"api")"},
       {"gone", "direct_response", "/x"}},
      {"a route to a port that does not exist",
       Mesh("http") +
           "---\n{type: MeshService, mesh: default, name: api, spec: {ports: [{port: 80, appProtocol: http}], selector: {dataplaneTags: "
           "{kuma.io/service: api}}}}\n" +
           Route("{" + match + ", default: {backendRefs: [{kind: MeshService, name: api, port: 81}]}}"),
       {std::string(kRule) + ".default.backendRefs[0]: MeshService api has no port 81; the rule is left out"},
       {R"("cluster":"api")"},
       {"direct_response", R"("prefix":"/x/")"}},
      {"a route with one good backend",
       Mesh("http") +
           Route("{" + match +
                 ", default: {backendRefs: [{kind: MeshService, name: api, weight: 9}, {kind: MeshService, name: db, weight: 1}]}}"),
       {std::string(kRule) + ".default.backendRefs[1]: service db speaks tcp, not HTTP; the other backends take its share"},
       {R"("cluster":"api")"},
       {"direct_response"}},
      {"a route whose weights are all 0",
       Mesh("http") + Route("{" + match + ", default: {backendRefs: [{kind: MeshService, name: api, weight: 0}]}}"),
       {std::string(kRule) + ".default.backendRefs: every backend has weight 0; the rule is left out"},
       {R"("cluster":"api")"},
       {"direct_response", R"("prefix":"/x/")"}},
      {"a canary of weight 0 is nothing to warn of",
       Mesh("http") +
           Route("{" + match +
                 ", default: {backendRefs: [{kind: MeshService, name: api, weight: 1}, {kind: MeshService, name: api, weight: 0}]}}"),
       {},
       {},
       {"direct_response"}},
      {"a mirror to nowhere",
       Mesh("http") + Route("{" + match +
                            ", default: {filters: [{type: RequestMirror, requestMirror: {backendRef: {kind: MeshService, name: gone}}}]}}"),
       {std::string(kRule) + ".default.filters: a RequestMirror is left out: service gone does not exist"},
       {R"("prefix":"/x/")"},
       {"mirror", "direct_response"}},
      {"a regular expression that is none",
       Mesh("http") + Route("{matches: [{path: {type: RegularExpression, value: '/(a'}}, {path: {type: Exact, value: /b}}], default: {}}"),
       {std::string(kRule) + ".matches[0].path.value: the match is left out: /(a is no regular expression of RE2"},
       {R"("path":"/b")"},
       {"/(a"}},
      {"a header that Envoy keeps to itself",
       Mesh("http") + Route("{" + match +
                            ", default: {filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: host, value: a}, "
                            "{name: x-b, value: c}]}}]}}"),
       {std::string(kRule) + ".default.filters[0].requestHeaderModifier.set[0]: left out: Envoy does not let routes modify the header "
                             "host; URLRewrite has a hostname for this"},
       {R"("key":"x-b")"},
       {R"("key":"host")"}},
      {"an HTTP route to a service of TCP",
       Mesh("http") +
           Route("{" + match + ", default: {filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [x]}}]}}", "db"),
       {std::string(kRule) + ": the rule has no effect on db, which speaks tcp, not HTTP"},
       {"outbound:127.0.0.1:5002"},
       {}},
      {"a TCP route to nowhere",
       Mesh("http") + "---\n{type: MeshTCPRoute, mesh: default, name: t, spec: {targetRef: {kind: Mesh}, to: [{targetRef: {kind: "
                      "MeshService, name: db}, rules: [{default: {backendRefs: [{kind: MeshService, name: gone, port: 80}]}}]}]}}\n",
       {"kri_mtcpr_default___t_ spec.to[0].rules[0].default.backendRefs[0]: MeshService gone does not exist; connections to db are "
        "refused"},
       {"outbound:127.0.0.1:5001"},
       {"outbound:127.0.0.1:5002"}},
      {"an external service that mixes addresses and names",
       Mesh("http", "  - {port: 5003, tags: {kuma.io/service: out}}\n") +
           "---\n{type: ExternalService, mesh: default, name: a, tags: {kuma.io/service: out}, networking: {address: "
           "'192.0.2.9:80'}}\n---\n{type: ExternalService, mesh: default, name: b, tags: {kuma.io/service: out}, networking: {address: "
           "'b.example.com:80'}}\n",
       {},
       {R"("type":"STRICT_DNS")", R"("address":"192.0.2.9")", R"("address":"b.example.com")"},
       {}},
      {"an external service whose secret is missing",
       Mesh("http", "  - {port: 5003, tags: {kuma.io/service: out}}\n") +
           "---\n{type: ExternalService, mesh: default, name: a, tags: {kuma.io/service: out}, networking: {address: '192.0.2.9:80', tls: "
           "{enabled: true, caCert: {secret: gone}}}}\n",
       {"ExternalService a networking.tls: the external service is left out: "},
       {"outbound:127.0.0.1:5001"},
       {"192.0.2.9"}},
      {"an address that is a name",
       ReplaceAll(Mesh("http"), "address: 192.0.2.2,", "address: api.example.com,"),
       {std::string(kDataplane) + ": endpoint api.example.com of api is left out: proxies can only be given IP addresses"},
       {"outbound:127.0.0.1:5001"},
       {R"("address":"api.example.com")"}},
      {"a Maglev table that is no prime, a ring that is no ring",
       Mesh("http") +
           "---\n{type: MeshLoadBalancingStrategy, mesh: default, name: l, spec: {targetRef: {kind: Mesh}, to: [{targetRef: {kind: "
           "MeshService, name: api}, default: {loadBalancer: {type: Maglev, maglev: {tableSize: 1000}}}}, {targetRef: {kind: MeshService, "
           "name: db}, default: {loadBalancer: {type: RingHash, ringHash: {minRingSize: 10, maxRingSize: 5}}}}]}}\n",
       {"kri_mlbs_default___l_ spec.to[0].default.loadBalancer.maglev.tableSize: 1000 is left out: Envoy wants a prime number",
        "kri_mlbs_default___l_ spec.to[1].default.loadBalancer.ringHash: both ring sizes are left out: the smallest one, 10, is larger "
        "than the largest one, 5"},
       {R"("lb_policy":"MAGLEV")", R"("lb_policy":"RING_HASH")"},
       {"table_size", "ring_size"}},
      {"a patch that misses",
       Mesh("http") + "---\n{type: MeshProxyPatch, mesh: default, name: p, spec: {targetRef: {kind: Mesh}, default: {appendModifications: "
                      "[{cluster: {operation: Patch, match: {name: api}, value: 'connect_timeout: 3s'}}, {cluster: {operation: Patch, "
                      "match: {name: api}, jsonPatches: [{op: replace, path: /no/such, value: 1}]}}]}}}\n",
       {"kri_mpp_default___p_ spec.default.appendModifications[1]: cluster Patch is left out for api: "},
       {R"("connect_timeout":"3s")"},
       {}},
  };
}

}  // namespace

TEST_CASE("a faulty piece is left out or answered, told, and stops nothing else") {
  for (const Case& one : Cases()) {
    INFO(one.what);
    const Rendered rendered = Render(one.yaml);
    INFO("warnings:\n" << Join(rendered.warnings, "\n"));
    CHECK(rendered.warnings.size() == one.warnings.size());
    for (size_t i = 0; i < std::min(rendered.warnings.size(), one.warnings.size()); ++i) {
      // Texts of libraries and of other folders may follow.
      CHECK(rendered.warnings[i].substr(0, one.warnings[i].size()) == one.warnings[i]);
      if (!one.warnings[i].ends_with(": ")) CHECK(rendered.warnings[i] == one.warnings[i]);
    }
    const std::vector<std::string> listeners = Names(rendered, "listeners");
    CHECK(std::find(listeners.begin(), listeners.end(), "outbound:127.0.0.1:5001") != listeners.end());
    for (const char* text : one.present) {
      INFO("present: " << text);
      CHECK(Contains(rendered.text, text));
    }
    for (const char* text : one.absent) {
      INFO("absent: " << text);
      CHECK_FALSE(Contains(rendered.text, text));
    }
  }
}

TEST_CASE("the filter for Kafka needs an Envoy that has it") {
  const std::string filter = "envoy.filters.network.kafka_broker";
  for (const auto& [extensions, has] : {std::pair{std::vector<std::string>{}, true},
                                        {{"envoy.filters.network.tcp_proxy"}, false},
                                        {{"envoy.filters.network.tcp_proxy", filter}, true}}) {
    const Rendered rendered = Render(Mesh("kafka"), extensions);
    CHECK(Contains(rendered.text, filter) == has);
    std::vector<std::string> expected;
    if (!has)
      expected = {std::string(kDataplane) + "networking.inbound[0]: Kafka metrics of web are left out: this Envoy lacks " + filter +
                  ", an extension of its contrib build"};
    CHECK(rendered.warnings == expected);
    CHECK(Contains(rendered.text, "envoy.filters.network.tcp_proxy"));
  }
}

TEST_CASE("what a patch touches is told with the patch") {
  xds::RenderRequest request;
  const auto documents = ParseYamlStream(Mesh("http") +
                                         "---\n{type: MeshProxyPatch, mesh: default, name: p, spec: {targetRef: {kind: Mesh}, default: "
                                         "{appendModifications: [{cluster: {operation: Patch, match: {name: api}, value: 'connect_timeout: "
                                         "3s'}}, {cluster: {operation: Add, value: '{name: added, connect_timeout: 1s}'}}]}}}\n");
  for (const Json& document : *documents) request.resources.push_back(std::make_shared<const Resource>(*FromDocument(document, Types())));
  request.node.mesh = "default";
  request.node.name = "web";
  request.node.proxy_type = "dataplane";
  const Result<xds::ViewPtr> view = xds::Render(request, Types());
  REQUIRE(view.ok());
  REQUIRE((*view)->notes != nullptr);
  CHECK((*view)->notes->patched_by ==
        std::map<std::string, std::string>{{"added", "kri_mpp_default___p_"}, {"api", "kri_mpp_default___p_"}});
}
