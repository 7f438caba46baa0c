#include <catch2/catch.hpp>
#include <set>

#include "pkg/model/document.h"
#include "pkg/model/labels.h"
#include "pkg/resources/all.h"
#include "pkg/resources/text_template.h"
#include "pkg/resources/validate.h"

namespace kuma::resources {
namespace {

struct Case {
  std::string document;  // YAML
  std::vector<Violation> violations;
  std::string error;  // when decoding itself gives up
};

void Run(const std::vector<Case>& cases) {
  TypeRegistry types;
  RegisterCoreTypes(types);
  for (const Case& c : cases) {
    INFO(c.document);
    const Result<Resource> resource = FromDocument(ParseYaml(c.document).value(), types);
    std::vector<Violation> violations;
    if (!resource.ok()) {
      violations = resource.error().violations;
      if (violations.empty()) CHECK(resource.error().message == c.error);
    } else {
      CHECK(c.error.empty());
      violations = Validate(resource.value(), *types.Find(resource.value().meta.type()), {&types, "default", false, "kuma-system"});
      WriteContext context;
      const TypeDescriptor* type = types.Find(resource.value().meta.type());
      if (violations.empty() && type->admit) type->admit(resource.value(), context, violations);
    }
    REQUIRE(violations.size() == c.violations.size());
    for (size_t i = 0; i < violations.size(); ++i) {
      CHECK(violations[i].field == c.violations[i].field);
      CHECK(violations[i].message == c.violations[i].message);
    }
  }
}

}  // namespace

TEST_CASE("meshes are checked") {
  Run({
      {"{type: Mesh, name: m, mtls: {enabledBackend: nope, backends: [{name: ca-1, type: builtin}]}}",
       {{"mtls.enabledBackend", "has to be set to one of the backends in the mesh"}},
       ""},
      {"{type: Mesh, name: m, mtls: {backends: [{name: ca-1, type: builtin}, {name: ca-1, type: builtin}]}}",
       {{"mtls.backends", "cannot have more than 1 backends"}, {"mtls.backends[1].name", "\"ca-1\" name is already used for another backend"}},
       ""},
      {"{type: Mesh, name: m, mtls: {enabledBackend: x, backends: [{name: x, type: unknown-ca}]}}",
       {{"mtls.backends[0].type", "could not find installed plugin for this type"}},
       ""},
      {"{type: Mesh, name: m, mtls: {backends: [{name: x, type: provided, conf: {cert: {inlineString: nonsense}}}]}}",
       {{"mtls.backends[0].conf.key", "has to be defined"}},
       ""},
      {"{type: Mesh, name: m, meshServices: {mode: Sometimes}}",
       {},
       R"(invalid Mesh object: "unknown value \"\\\"Sometimes\\\"\" for enum kuma.mesh.v1alpha1.Mesh.MeshServices.Mode")"},
      {"{type: Mesh, name: m, logging: {defaultBackend: x, backends: [{name: y, type: file, conf: {path: \"\"}}]}, tracing: {defaultBackend: z, "
       "backends: [{name: z, type: zipkin, sampling: 200, conf: {url: bad}}]}}",
       {{"logging.backends[0].config.path", "cannot be empty"},
        {"logging.defaultBackend", "has to be set to one of the logging backend in mesh"},
        {"tracing.backends[0].sampling", "has to be in [0.0 - 100.0] range"},
        {"tracing.backends[0].config.url", "invalid URL"}},
       ""},
      {"{type: Mesh, name: m, routing: {zoneEgress: true}}", {{"mtls", "has to be set when zoneEgress enabled"}}, ""},
      {"{type: Mesh, name: m, unknownField: 1}", {}, ""},
  });
}

TEST_CASE("dataplanes are checked") {
  const std::string head = "type: Dataplane\nmesh: demo\nname: d\n";
  const std::string port = "port must be in the range [1, 65535]";
  Run({
      {head + "networking: {}", {{"networking.address", "address can't be empty"}}, ""},
      {head, {{"networking", "must be defined"}}, ""},
      {head + "networking: {address: not an ip, inbound: [{port: 1, tags: {kuma.io/service: a}}]}",
       {{"networking.address", "address has to be valid IP address or domain name"}},
       ""},
      {head + "networking: {address: 1.1.1.1, inbound: [{port: 70000, tags: {version: v1}}]}",
       {{"networking.inbound[0].port", port}, {"networking.inbound[0].tags[\"kuma.io/service\"]", "tag has to exist"}},
       ""},
      {head + "networking: {address: 1.1.1.1, inbound: [{port: 80, tags: {kuma.io/service: \"a b\", kuma.io/protocol: quic}}]}",
       {{"networking.inbound[0].tags[\"kuma.io/protocol\"]",
         "tag \"kuma.io/protocol\" has an invalid value \"quic\". Allowed values: grpc, http, http2, kafka, tcp"},
        {"networking.inbound[0].tags[\"kuma.io/service\"]", "tag value must consist of alphanumeric characters, dots, dashes and underscores"}},
       ""},
      {head + "networking: {address: 1.1.1.1, outbound: [{port: 0, tags: {kuma.io/service: b}}, {port: 1, address: x y, tags: {}}]}",
       {{"networking.outbound[0].port", port},
        {"networking.outbound[1].address", "address has to be valid IP address"},
        {"networking.outbound[1].tags", "mandatory tag \"kuma.io/service\" is missing"}},
       ""},
      {head + "networking: {address: 1.1.1.1, gateway: {tags: {}}, inbound: [{port: 80, tags: {kuma.io/service: a}}]}",
       {{"networking.inbound", "inbound cannot be defined for delegated gateways"}},
       ""},
      {head + "networking: {address: 0.0.0.0}", {{"networking.address", "must not be 0.0.0.0 or ::"}}, ""},
      {head + "networking: {address: 1.1.1.1, outbound: [{port: 10, backendRef: {kind: Foo, name: b}}], admin: {port: 80}}",
       {{"networking.outbound[0].backendRef.kind", "invalid value. Available values are: MeshExternalService,MeshMultiZoneService,MeshService"},
        {"networking.outbound[0].backendRef.port", port}},
       ""},
      {head + "networking: {address: 127.0.0.1, inbound: [{port: 80, tags: {kuma.io/service: a}}], admin: {port: 80}}",
       {{"networking.admin.port", "must differ from inbound"}},
       ""},
      {head + "networking: {address: 1.1.1.1, inbound: [{port: 80, serviceAddress: bad, tags: {kuma.io/service: a}, serviceProbe: {interval: 0s, timeout: 0s}}]}",
       {{"networking.inbound[0].serviceAddress", "serviceAddress has to be valid IP address"},
        {"networking.inbound[0].serviceProbe.interval", "must have a positive value"},
        {"networking.inbound[0].serviceProbe.timeout", "must have a positive value"}},
       ""},
      {head + "networking: {address: 1.1.1.1, transparentProxying: {redirectPortInbound: 70000}, bogus: 3}", {}, ""},
      {head + "networking: {address: 1.1.1.1, transparentProxying: {reachableBackends: {refs: [{kind: X, name: Bad_}]}}}",
       {{"networking.transparentProxing.reachableBackends.refs[0].kind",
         "invalid value. Available values are: MeshExternalService,MeshMultiZoneService,MeshService"},
        {"networking.transparentProxing.reachableBackends.refs[0].name",
         "invalid characters. A lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
         "with an alphanumeric character"}},
       ""},
      {head + "networking: {address: 1.1.1.1, listeners: [{type: ZoneIngress, address: 1.1.1.1, port: 1}, {type: ZoneEgress, address: 1.1.1.1, port: 1}]}",
       {{"networking.listeners[1]", "address:port 1.1.1.1:1 is used by listeners of different types"}},
       ""},
  });
}

TEST_CASE("other types are checked") {
  Run({
      {"{type: MeshExternalService, mesh: d, name: b, spec: {match: {type: HostnameGenerator, port: 0, protocol: bad}}}",
       {{"spec.match.port", "in body should be greater than or equal to 1"}, {"spec.match.protocol", "in body should be one of [tcp grpc http http2]"}},
       ""},
      {"{type: MeshMultiZoneService, mesh: d, name: b, spec: {selector: {meshService: {matchLabels: {}}}, ports: []}}",
       {{"spec.ports", "in body should have at least 1 items"}},
       ""},
      {"{type: HostnameGenerator, name: b, spec: {template: '{{ .Broken', selector: {}}}",
       {{"spec.selector", "exact one selector (meshService, meshExternalService) must be defined"},
        {"spec.template", "couldn't parse template: template: :1: unclosed action"}},
       ""},
      {"{type: HostnameGenerator, name: b, spec: {template: '{{ .Name[4 }}.mesh', selector: {meshService: {}}}}",
       {{"spec.template", "couldn't parse template: template: :1: bad character U+005B '['"}},
       ""},
      {"{type: ExternalService, mesh: d, name: b, tags: {version: v1}, networking: {address: nohost}}",
       {{"networking.address", "unable to parse address"},
        {"networking.address", "address has to be a valid IP address or a domain name"},
        {"networking.address", "unable to parse port in address"},
        {"networking.address", "port must be in the range [1, 65535]"},
        {"tags", "mandatory tag \"kuma.io/service\" is missing"}},
       ""},
      {"{type: ZoneEgress, name: b, networking: {address: 1.1.1.1}}", {{"networking.port", "port must be in the range [1, 65535]"}}, ""},
      {"{type: ZoneIngress, name: b, networking: {address: 'x y', port: 0, advertisedPort: 5}}",
       {{"networking.advertisedAddress", "has to be defined with advertisedPort"},
        {"networking.address.address", "address has to be valid IP address or domain name"},
        {"networking.port", "port must be in the range [1, 65535]"}},
       ""},
      {"{type: Secret, mesh: d, name: b, data: '!!!'}", {}, "invalid Secret object: \"illegal base64 data at input byte 0\""},
      {"{type: Secret, mesh: d, name: empty}", {}, ""},
      {"{type: MeshIdentity, mesh: d, name: b, spec: {provider: {type: Bundled, bundled: {}}}}", {{"spec.provider.bundled.ca", "must be defined"}}, ""},
      {"{type: MeshService, mesh: d, name: b, spec: {selector: {dataplaneTags: {a: b}, dataplaneRef: {name: x}}}}",
       {{"spec.selector", "must specify only one of: dataplaneTags, dataplaneRef, or dataplaneLabels"}},
       ""},
  });
}

TEST_CASE("a dataplane gets the zone's tag, and probed inbounds start as not ready") {
  TypeRegistry types;
  RegisterCoreTypes(types);
  const TypeDescriptor& type = *types.Find("Dataplane");
  Resource mesh;
  WriteContext context;
  context.zone = "east";
  context.mesh = &mesh;
  Resource dataplane = FromDocument(ParseYaml("{type: Dataplane, mesh: d, name: a, networking: {address: 1.1.1.1, gateway: {tags: {}}, inbound: [{port: 1, "
                                              "health: {ready: false}}, {port: 2, serviceProbe: {interval: 10s, tcp: {}, healthyThreshold: 1}}]}}")
                                        .value(),
                                    types)
                           .value();
  type.prepare(dataplane, context);
  CHECK(dataplane.spec == Json{{"networking",
                                {{"address", "1.1.1.1"},
                                 {"gateway", {{"tags", {{"kuma.io/zone", "east"}}}}},
                                 {"inbound",
                                  {{{"port", 1}, {"health", Json::object()}, {"tags", {{"kuma.io/zone", "east"}}}},
                                   {{"port", 2},
                                    {"state", "NotReady"},
                                    {"health", Json::object()},
                                    {"serviceProbe", {{"interval", "10s"}, {"tcp", Json::object()}, {"healthyThreshold", 1}}},
                                    {"tags", {{"kuma.io/zone", "east"}}}}}}}}});
  CHECK(type.proxy_type(dataplane.spec) == "sidecar");
}

TEST_CASE("templates") {
  const std::map<std::string, std::string> fields = {{"Name", "a"}, {"Zone", "z"}};
  const auto label = [](const std::string& key) -> Result<std::string> {
    if (key == "k/x") return std::string("v");
    return Invalid("label " + key + " not found");
  };
  for (const auto& [text, expected] : std::vector<std::pair<std::string, std::string>>{
           {"{{ .Name }}.{{.Zone}}.mesh", "a.z.mesh"}, {"{{ label \"k/x\" }}.m", "v.m"}, {"plain", "plain"}, {"a {{- .Name -}} b", "aab"}, {"{{/* c */}}x", "x"}}) {
    INFO(text);
    CHECK(TextTemplate::Parse(text).value().Render(fields, label).value() == expected);
  }
  CHECK(TextTemplate::Parse("{{ foo }}").error().message == "template: :1: function \"foo\" not defined");
  CHECK(TextTemplate::Parse("{{ .Mesh | shout }}").error().message == "template: :1: function \"shout\" not defined");
  CHECK(TextTemplate::Parse("{{ .Mesh | 7 }}").error().message == "template: :1: non executable command in pipeline stage 2");
  CHECK(TextTemplate::Parse("a.{{ .Zone }}-{{ .Nope }}").value().Render({{"Zone", "z"}}, label).error().message.starts_with(
      "template: :1:17: executing \"\" at <.Nope>: can't evaluate field Nope in type struct { Name string;"));
  CHECK(TextTemplate::Parse("{{ }}").error().message == "template: :1: missing value for command");
  CHECK_FALSE(TextTemplate::Parse("{{ .Nope }}").value().Render(fields, label).ok());
  CHECK_FALSE(TextTemplate::Parse("{{ label \"y\" }}").value().Render(fields, label).ok());
}

TEST_CASE("addresses and URIs") {
  for (const char* good : {"1.2.3.4", "::1", "2001:db8::1"}) CHECK(IsIp(good));
  for (const char* bad : {"1.2.3", "1.2.3.4.5", "a", "", "1.2.3.256"}) CHECK_FALSE(IsIp(bad));
  for (const char* good : {"a", "a.b", "A-1.b_c", "x."}) CHECK(IsDnsName(good));
  for (const char* bad : {"", "a b", "-a", "a..b", "1.2.3.4"}) CHECK_FALSE(IsDnsName(bad));
  CHECK(SplitHostPort("[::1]:80")->host == "::1");
  CHECK(SplitHostPort("a:80")->port == "80");
  CHECK_FALSE(SplitHostPort("::1:80"));
  CHECK(ParseRequestUri("http://a:9411/x")->port == "9411");
  CHECK_FALSE(ParseRequestUri("bad"));
  CHECK(ParseRequestUri("/path"));
}

}  // namespace kuma::resources
