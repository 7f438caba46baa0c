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
       {{"mtls.backends", "cannot have more than 1 backends"},
        {"mtls.backends[1].name", "\"ca-1\" name is already used for another backend"}},
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
      {"{type: Mesh, name: m, logging: {defaultBackend: x, backends: [{name: y, type: file, conf: {path: \"\"}}]}, tracing: "
       "{defaultBackend: z, "
       "backends: [{name: z, type: zipkin, sampling: 200, conf: {url: bad}}]}}",
       {{"logging.backends[0].config.path", "cannot be empty"},
        {"logging.defaultBackend", "has to be set to one of the logging backend in mesh"},
        {"tracing.backends[0].sampling", "has to be in [0.0 - 100.0] range"},
        {"tracing.backends[0].config.url", "invalid URL"}},
       ""},
      {"{type: Mesh, name: m, routing: {zoneEgress: true}}", {{"mtls", "has to be set when zoneEgress enabled"}}, ""},
      {"{type: Mesh, name: m, unknownField: 1}", {}, ""},
      {"{type: Mesh, name: m, mtls: {backends: [{name: x, type: builtin, dpCert: {rotation: {expiration: 1mo}}}]}}",
       {{"mtls.dpcert.rotation.expiration", "has to be a valid format"}},
       ""},
      {"{type: Mesh, name: m, mtls: {backends: [{name: x, type: builtin, dpCert: {}}]}}",
       {{"mtls.dpcert.rotation.expiration", "has to be a valid format"}},
       ""},
      {"{type: Mesh, name: m, mtls: {backends: [{name: x_Y, type: builtin}]}}",
       {{"mtls.backends[0].conf.mtls.backends.name", "\"x_Y\" name must be valid dns name"}},
       ""},
      {"{type: Mesh, name: m, mtls: {backends: [{name: " + std::string(240, 'x') + ", type: builtin}]}}",
       {{"mtls.backends[0].conf.mtls.backends.name", "Backend name is too long. Max length: 255"},
        {"mtls.backends[0].conf.mtls.backends.name", "\"" + std::string(240, 'x') + "\" name must be valid dns name"}},
       ""},
      {"{type: Mesh, name: m, mtls: {backends: [{name: x, type: builtin, conf: {caCert: {RSAbits: many}}}]}}",
       {{"mtls.backends[0].conf", "could not convert backend config: invalid character 'm' looking for beginning of value"}},
       ""},
      {"{type: Mesh, name: m, mtls: {backends: [{name: x, type: builtin, conf: {caCert: {RSAbits: 16385, expiration: 300y}}}]}}",
       {{"mtls.backends[0].conf.caCert.RSAbits", "must be in inclusive range [1024, 16384]"},
        {"mtls.backends[0].conf.caCert.expiration", "has to be a valid format"}},
       ""},
      {"{type: Mesh, name: m, mtls: {backends: [{name: x, type: provided, conf: {cert: {}, key: {}}}]}}",
       {{"mtls.backends[0].conf.cert", "data source has to be chosen. Available sources: secret, file, inline"},
        {"mtls.backends[0].conf.key", "data source has to be chosen. Available sources: secret, file, inline"}},
       ""},
      {"{type: Mesh, name: m, mtls: {backends: [{name: x, type: provided, conf: {cert: {secret: ''}, key: {file: ''}}}]}}",
       {{"mtls.backends[0].conf.cert.secret", "cannot be empty"}, {"mtls.backends[0].conf.key.file", "cannot be empty"}},
       ""},
      {"{type: Mesh, name: m, mtls: {backends: [{name: x, type: provided, conf: {cert: {inline: ''}, key: {inlineString: ''}}}]}}",
       {{"mtls.backends[0].conf.cert.inline", "cannot be empty"}},
       ""},
      {"{type: Mesh, name: m, mtls: {backends: [{name: x, type: provided, conf: {cert: x}}]}}",
       {{"mtls.backends[0].conf",
         "could not convert backend config: json: cannot unmarshal string into Go value of type map[string]json.RawMessage"}},
       ""},
      {"{type: Mesh, name: m, mtls: {backends: [{name: x, type: provided}]}}",
       {{"mtls.backends[0].conf.cert", "has to be defined"}, {"mtls.backends[0].conf.key", "has to be defined"}},
       ""},
      {"{type: Mesh, name: " + std::string(64, 'a') + "}", {{"name", "cannot be longer than 63 characters"}}, ""},
      {"{type: Mesh, name: m, logging: {backends: [{type: file}, {name: a, type: tcp}, {name: b, type: tcp, conf: {address: \"a\"}}, "
       "{name: b, type: tcp, conf: {address: \":1\"}}, {name: c, type: other}, {name: d, type: file, conf: {path: [1]}}]}}",
       {{"logging.backends[0].name", "cannot be empty"},
        {"logging.backends[0].config.path", "cannot be empty"},
        {"logging.backends[1].config.address", "cannot be empty"},
        {"logging.backends[2].config.address", "has to be in format of HOST:PORT"},
        {"logging.backends[3].config.address", "has to be in format of HOST:PORT"},
        {"logging.backends[3].name", "\"b\" name is already used for another backend"},
        {"logging.backends[4].type", "unknown backend type. Available backends: \"tcp\", \"file\""},
        {"logging.backends[5].config", "could not parse config: json: cannot unmarshal array into Go value of type string"}},
       ""},
      {"{type: Mesh, name: m, tracing: {defaultBackend: nope, backends: [{type: zipkin, sampling: -1, conf: {url: \"http://a\", "
       "apiVersion: v3}}, {name: a, type: zipkin}, {name: a, type: datadog}, {name: b, type: datadog, conf: {address: x, port: 70000}}, "
       "{name: c, type: other}, {name: d, type: zipkin, conf: {url: [1]}}]}}",
       {{"tracing.backends[0].name", "cannot be empty"},
        {"tracing.backends[0].sampling", "has to be in [0.0 - 100.0] range"},
        {"tracing.backends[0].config.apiVersion", "has invalid value. Allowed values: httpJsonV1, httpJson, httpProto"},
        {"tracing.backends[0].config.url", "port has to be explicitly specified"},
        {"tracing.backends[1].config.url", "cannot be empty"},
        {"tracing.backends[2].config.address", "cannot be empty"},
        {"tracing.backends[2].config.port", "port must be in the range [1, 65535]"},
        {"tracing.backends[2].name", "\"a\" name is already used for another backend"},
        {"tracing.backends[3].config.port", "port must be in the range [1, 65535]"},
        {"tracing.backends[4].type", "unknown backend type. Available backends: \"zipkin\", \"datadog\""},
        {"tracing.backends[5].config", "could not parse config: json: cannot unmarshal array into Go value of type string"},
        {"tracing.defaultBackend", "has to be set to one of the tracing backend in mesh"}},
       ""},
      {"{type: Mesh, name: m, metrics: {enabledBackend: nope, backends: [{name: a, type: other}, {name: a, type: prometheus, conf: {port: "
       "x}}, {name: b, type: prometheus, conf: {skipMTLS: true, tls: {mode: activeMTLSBackend}}}, {name: c, type: prometheus, conf: "
       "{aggregate: [{name: x}, {name: x}]}}, {name: d, type: prometheus, conf: {envoy: {filterRegex: \"(\"}}}]}}",
       {{"metrics.backends[0].type", "unknown backend type. Available backends: \"prometheus\""},
        {"metrics.backends[1].conf", "could not parse config: invalid character 'x' looking for beginning of value"},
        {"metrics.backends[1].name", "\"a\" name is already used for another backend"},
        {"metrics.backends[2].conf", "skipMTLS and tls configuration cannot be defined together"},
        {"metrics.backends[3].conf.aggregate[1].name", "duplicate entry: x, values have to be unique"},
        {"metrics.backends[4].conf.envoy.filterRegex", "provided regexp isn't correct: error parsing regexp: missing closing ): `(`"},
        {"metrics.enabledBackend", "has to be set to one of the backends in the mesh"}},
       ""},
      {"{type: Mesh, name: m, constraints: {dataplaneProxy: {requirements: [{}, {tags: {\"\": \"\", \"a b\": \"*\", c: \"x y\"}}], "
       "restrictions: [{tags: {}}]}}}",
       {{"constraints.dataplaneProxy.requirements[0].tags", "must have at least one tag"},
        {"constraints.dataplaneProxy.requirements[1].tags", "tag name must be non-empty"},
        {"constraints.dataplaneProxy.requirements[1].tags[\"\"]", "tag value must be non-empty"},
        {"constraints.dataplaneProxy.requirements[1].tags[\"a b\"]",
         "tag name must consist of alphanumeric characters, dots, dashes, slashes and underscores"},
        {"constraints.dataplaneProxy.requirements[1].tags[\"c\"]",
         "tag value must consist of alphanumeric characters, dots, dashes, slashes and underscores or be \"*\""},
        {"constraints.dataplaneProxy.restrictions[0].tags", "must have at least one tag"}},
       ""},
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
        {"networking.inbound[0].tags[\"kuma.io/service\"]",
         "tag value must consist of alphanumeric characters, dots, dashes and underscores"}},
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
       {{"networking.outbound[0].backendRef.kind",
         "invalid value. Available values are: MeshExternalService,MeshMultiZoneService,MeshService"},
        {"networking.outbound[0].backendRef.port", port}},
       ""},
      {head + "networking: {address: 127.0.0.1, inbound: [{port: 80, tags: {kuma.io/service: a}}], admin: {port: 80}}",
       {{"networking.admin.port", "must differ from inbound"}},
       ""},
      {head + "networking: {address: 1.1.1.1, inbound: [{port: 80, serviceAddress: bad, tags: {kuma.io/service: a}, serviceProbe: "
              "{interval: 0s, timeout: 0s}}]}",
       {{"networking.inbound[0].serviceAddress", "serviceAddress has to be valid IP address"},
        {"networking.inbound[0].serviceProbe.interval", "must have a positive value"},
        {"networking.inbound[0].serviceProbe.timeout", "must have a positive value"}},
       ""},
      {head + "networking: {address: 1.1.1.1, transparentProxying: {redirectPortInbound: 70000}, bogus: 3}", {}, ""},
      {head + "networking: {address: 1.1.1.1, transparentProxying: {reachableBackends: {refs: [{kind: X, name: Bad_}]}}}",
       {{"networking.transparentProxing.reachableBackends.refs[0].kind",
         "invalid value. Available values are: MeshExternalService,MeshMultiZoneService,MeshService"},
        {"networking.transparentProxing.reachableBackends.refs[0].name",
         "invalid characters. A lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
         "start and end "
         "with an alphanumeric character"}},
       ""},
      {head + "networking: {address: 1.1.1.1, listeners: [{type: ZoneIngress, address: 1.1.1.1, port: 1}, {type: ZoneEgress, address: "
              "1.1.1.1, port: 1}]}",
       {{"networking.listeners[1]", "address:port 1.1.1.1:1 is used by listeners of different types"}},
       ""},
      {head + "networking: {address: 1.1.1.1, admin: {port: 90}, inbound: [{port: 80, servicePort: 90, serviceAddress: 127.0.0.1, tags: "
              "{kuma.io/service: a}}], outbound: [{port: 90, tags: {kuma.io/service: b}}]}",
       {{"networking.admin.port", "must differ from inbound"}, {"networking.admin.port", "must differ from outbound"}},
       ""},
      {head + "networking: {address: 1.1.1.1, inbound: [{port: 80, servicePort: 70000, address: bad, tags: {kuma.io/service: \"\"}, "
              "protocol: quic}]}",
       {{"networking.inbound[0].servicePort", "port must be in the range [1, 65535]"},
        {"networking.inbound[0].address", "address has to be valid IP address"},
        {"networking.inbound[0].tags[\"kuma.io/service\"]", "tag value must be non-empty"},
        {"networking.inbound[0].protocol", "has an invalid value \"quic\". Allowed values: grpc, http, http2, kafka, tcp"}},
       ""},
      {head + "networking: {address: 1.1.1.1, inbound: [{port: 80, serviceAddress: 1.1.1.1, tags: {kuma.io/service: a}}, {port: 81, "
              "address: 1.1.1.2, serviceAddress: 1.1.1.2, tags: {kuma.io/service: a}}]}",
       {{"networking.inbound[0].serviceAddress", "serviceAddress and servicePort has to differ from address and port"},
        {"networking.inbound[1].serviceAddress", "serviceAddress and servicePort has to differ from address and port"}},
       ""},
      {head + "networking: {address: 1.1.1.1, inbound: [{port: 80, tags: {kuma.io/service: a, \"\": x, \"a b\": x}, serviceProbe: "
              "{unhealthyThreshold: 0, healthyThreshold: 0}}]}",
       {{"networking.inbound[0].tags", "tag name must be non-empty"},
        {"networking.inbound[0].tags[\"a b\"]", "tag name must consist of alphanumeric characters, dots, dashes, slashes and underscores"},
        {"networking.inbound[0].serviceProbe.unhealthyThreshold", "must have a positive value"},
        {"networking.inbound[0].serviceProbe.healthyThreshold", "must have a positive value"}},
       ""},
      {head + "networking: {address: 1.1.1.1, outbound: [{port: 80, tags: {version: v1}}, {port: 81, tags: {kuma.io/service: a b, \"\": "
              "\"\", \"a b\": x}}, {port: 82, tags: {kuma.io/service: a}, backendRef: {kind: MeshService, port: 70000}}]}",
       {{"networking.outbound[0].tags", "mandatory tag \"kuma.io/service\" is missing"},
        {"networking.outbound[1].tags", "tag name must be non-empty"},
        {"networking.outbound[1].tags[\"\"]", "tag value must be non-empty"},
        {"networking.outbound[1].tags[\"a b\"]", "tag name must consist of alphanumeric characters, dots, dashes, slashes and underscores"},
        {"networking.outbound[1].tags[\"kuma.io/service\"]",
         "tag value must consist of alphanumeric characters, dots, dashes and underscores"},
        {"networking.outbound[2].backendRef", "either 'name' or 'labels' should be specified"},
        {"networking.outbound[2].backendRef.port", "port must be in the range [1, 65535]"},
        {"networking.outbound[2].backendRef", "both backendRef and tags/service cannot be defined"}},
       ""},
      {head +
           "networking: {address: 1.1.1.1, transparentProxying: {reachableBackends: {refs: [{kind: MeshService}, {kind: MeshService, "
           "namespace: n}, {kind: MeshService, name: a, labels: {a: b}}, {kind: MeshService, namespace: n, labels: {a: b}}, {kind: "
           "MeshService, name: " +
           std::string(254, 'a') + "}]}}}",
       {{"networking.transparentProxing.reachableBackends.refs[0].name", "name or labels are required"},
        {"networking.transparentProxing.reachableBackends.refs[1].name", "name is required, when namespace is defined"},
        {"networking.transparentProxing.reachableBackends.refs[2].labels", "labels cannot be defined when name is specified"},
        {"networking.transparentProxing.reachableBackends.refs[3].name", "name is required, when namespace is defined"},
        {"networking.transparentProxing.reachableBackends.refs[3].labels", "labels cannot be defined when name is specified"},
        {"networking.transparentProxing.reachableBackends.refs[4].name", "value length must less or equal 253"}},
       ""},
      {head + "networking: {address: 1.1.1.1}\nprobes: {endpoints: [{inboundPath: a b, path: \"\"}]}",
       {{"probes.port", "port must be in the range [1, 65535]"},
        {"probes.endpoints[0].inboundPort", "port must be in the range [1, 65535]"},
        {"probes.endpoints[0].inboundPath", "should be a valid URL Path"},
        {"probes.endpoints[0].path", "should be a valid URL Path"}},
       ""},
      {head + "networking: {address: 1.1.1.1}\nmetrics: {type: other}",
       {{"metrics.type", "unknown backend type. Available backends: \"prometheus\""}},
       ""},
      {head + "networking: {address: 1.1.1.1}\nmetrics: {type: prometheus, conf: {port: x}}",
       {{"metrics.conf", "could not parse config: invalid character 'x' looking for beginning of value"}},
       ""},
      {head + "networking: {address: 1.1.1.1}\nmetrics: {type: prometheus, conf: {skipMTLS: true, tls: {mode: activeMTLSBackend}}}",
       {{"metrics.conf", "skipMTLS and tls configuration cannot be defined together"}},
       ""},
      {head + "networking: {address: 1.1.1.1}\nmetrics: {type: prometheus, conf: {aggregate: [{name: x}, {name: x}]}}",
       {{"metrics.conf.aggregate[1].name", "duplicate entry: x, values have to be unique"}},
       ""},
      {head + "networking: {address: 1.1.1.1}\nmetrics: {type: prometheus, conf: {envoy: {filterRegex: \"(\"}}}",
       {{"metrics.conf.envoy.filterRegex", "provided regexp isn't correct: error parsing regexp: missing closing ): `(`"}},
       ""},
      {head + "networking: {address: 1.1.1.1, gateway: {tags: {version: v1, kuma.io/protocol: http, \"\": \"\", \"a b\": \"x y\"}}, "
              "listeners: [{type: ZoneIngress, address: 1.1.1.1, port: 1}]}\nprobes: {}",
       {{"networking.listeners", "listeners cannot be defined for delegated gateways"},
        {"networking.gateway.tags[\"kuma.io/protocol\"]", "other values than tcp are not allowed, provided value \"http\""},
        {"networking.gateway.tags", "tag name must be non-empty"},
        {"networking.gateway.tags[\"\"]", "tag value must be non-empty"},
        {"networking.gateway.tags[\"a b\"]", "tag name must consist of alphanumeric characters, dots, dashes, slashes and underscores"},
        {"networking.gateway.tags[\"a b\"]", "tag value must consist of alphanumeric characters, dots, dashes and underscores"},
        {"networking.gateway.tags", "mandatory tag \"kuma.io/service\" is missing"},
        {"probes.port", "port must be in the range [1, 65535]"}},
       ""},
      {head + "networking: {address: 1.1.1.1, gateway: {type: BUILTIN, tags: {kuma.io/service: a}}, inbound: [{port: 80, tags: "
              "{kuma.io/service: a}}], outbound: [{port: 80, tags: {kuma.io/service: a}}], listeners: [{type: ZoneIngress, address: "
              "1.1.1.1, port: 1}]}\nprobes: {port: 1}",
       {{"networking.inbound", "inbound cannot be defined for builtin gateways"},
        {"networking.outbound", "outbound cannot be defined for builtin gateways"},
        {"networking.listeners", "listeners cannot be defined for builtin gateways"},
        {"networking.probes", "probes cannot be defined for builtin gateways"}},
       ""},
      {head + "networking: {address: 1.1.1.1, inbound: [{port: 80, name: a, tags: {kuma.io/service: a}}], listeners: [{address: \"\", "
              "port: 0}, {type: ZoneIngress, address: \"0.0.0.0\", port: 1, name: a}, {type: ZoneIngress, address: x y, port: 2}, {type: "
              "ZoneIngress, address: 1.1.1.1, port: 80}, {type: ZoneEgress, address: 1.1.1.1, port: 3, name: '80'}]}",
       {{"networking.listeners[0].type", "type must be ZoneIngress or ZoneEgress"},
        {"networking.listeners[0].address", "address can't be empty"},
        {"networking.listeners[0].port", "port must be in the range [1, 65535]"},
        {"networking.listeners[1].address", "must not be 0.0.0.0 or ::"},
        {"networking.listeners[1].name", "name \"a\" must be unique across inbounds and listeners"},
        {"networking.listeners[2].address", "address has to be valid IP address or domain name"},
        {"networking.listeners[3]", "address:port 1.1.1.1:80 collides with an inbound listener"}},
       ""},
      {head + "networking: {address: 1.1.1.1, inbound: [{port: 80, name: a, tags: {kuma.io/service: a}}], listeners: [{address: \"\", "
              "port: 0}, {type: ZoneIngress, address: \"0.0.0.0\", port: 1, name: a}, {type: ZoneIngress, address: x y, port: 2}, {type: "
              "ZoneIngress, address: 1.1.1.1, port: 80}, {type: ZoneIngress, address: 1.1.1.1, port: 80}]}",
       {{"networking.listeners[0].type", "type must be ZoneIngress or ZoneEgress"},
        {"networking.listeners[0].address", "address can't be empty"},
        {"networking.listeners[0].port", "port must be in the range [1, 65535]"},
        {"networking.listeners[1].address", "must not be 0.0.0.0 or ::"},
        {"networking.listeners[1].name", "name \"a\" must be unique across inbounds and listeners"},
        {"networking.listeners[2].address", "address has to be valid IP address or domain name"},
        {"networking.listeners[3]", "address:port 1.1.1.1:80 collides with an inbound listener"},
        {"networking.listeners[4]", "address:port 1.1.1.1:80 is already used by another listener"},
        {"networking.listeners[4]", "address:port 1.1.1.1:80 collides with an inbound listener"}},
       ""},
  });
}

TEST_CASE("other types are checked") {
  std::string umlauts;
  for (int i = 0; i < 200; ++i) umlauts += "ü";  // 200 characters, 400 bytes
  std::string labels;
  for (int i = 0; i < 130; ++i) labels += "a.";
  Run({
      {"{type: MeshExternalService, mesh: d, name: b, spec: {match: {type: HostnameGenerator, port: 0, protocol: bad}}}",
       {{"spec.match.port", "in body should be greater than or equal to 1"},
        {"spec.match.protocol", "in body should be one of [tcp grpc http http2]"}},
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
      {"{type: MeshIdentity, mesh: d, name: b, spec: {provider: {type: Bundled, bundled: {}}}}",
       {{"spec.provider.bundled.ca", "must be defined"}},
       ""},
      {"{type: MeshService, mesh: d, name: b, spec: {selector: {dataplaneTags: {a: b}, dataplaneRef: {name: x}}}}",
       {{"spec.selector", "must specify only one of: dataplaneTags, dataplaneRef, or dataplaneLabels"}},
       ""},
      {"{type: MeshExternalService, mesh: d, name: b, spec: {match: {port: 80}, extension: {type: \"\"}, endpoints: [{address: a b, port: "
       "1}]}}",
       {{"spec.extension.type", "must not be empty"}},
       ""},
      {"{type: MeshExternalService, mesh: d, name: " + std::string(64, 'a') +
           ", spec: {match: {port: 80}, endpoints: [{address: a b, port: 1}]}}",
       {{"spec.endpoints[0].address", "address has to be a valid IP or hostname"}},
       ""},
      {"{type: MeshExternalService, mesh: d, name: " + std::string(64, 'a') + ", spec: {match: {port: 80}}}",
       {{"name", "must not be longer than 63 characters"}},
       ""},
      {"{type: MeshExternalService, mesh: d, name: b, spec: {match: {port: 80}, tls: {version: {min: TLS13, max: TLS12}, verification: "
       "{serverName: a b, clientCert: {secret: x}}}}}",
       {{"spec.tls.version.min", "min version must be lower than max"},
        {"spec.tls.verification.serverName", "must be a valid DNS name"},
        {"spec.tls.verification.clientKey", "must be defined when clientCert is defined"}},
       ""},
      {"{type: MeshExternalService, mesh: d, name: b, spec: {match: {port: 80}, tls: {verification: {serverName: \"\", clientKey: {secret: "
       "x}}}}}",
       {{"spec.tls.verification.serverName", "must be a valid DNS name"},
        {"spec.tls.verification.clientCert", "must be defined when clientKey is defined"}},
       ""},
      {"{type: MeshMultiZoneService, mesh: d, name: b, spec: {selector: {meshService: {}}, ports: [{name: \"\", port: 1, appProtocol: "
       "quic}]}}",
       {{"spec.selector.meshService.matchLabels", "cannot be empty"},
        {"spec.ports[0].name", "must not be empty"},
        {"spec.ports[0].appProtocol", "appProtocol must be one of: grpc, http, http2, kafka, tcp"}},
       ""},
      {"{type: HostnameGenerator, name: b, spec: {template: \"\", extension: {type: \"\"}}}",
       {{"spec.selector", "exact one selector (meshService, meshExternalService) must be defined"},
        {"spec.template", "must not be empty"},
        {"spec.extension.type", "must not be empty"}},
       ""},
      {"{type: HostnameGenerator, name: b, spec: {template: \"{{ .Nope }}\", selector: {meshService: {}}}}",
       {{"spec.template",
         "couldn't render template with stub values: template: :1:3: executing \"\" at <.Nope>: can't evaluate field Nope in type struct { "
         "Name string; DisplayName string; Namespace string; Mesh string; Zone string }"}},
       ""},
      {"{type: HostnameGenerator, name: b, spec: {template: \"{{ .Name }}_\", selector: {meshService: {}, meshExternalService: {}}}}",
       {{"spec.selector", "exact one selector (meshService, meshExternalService) must be defined"},
        {"spec.template",
         "template renders to \"name_\" which is not a valid DNS name: a lowercase RFC 1123 subdomain must consist of lower case "
         "alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
         "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"}},
       ""},
      {"{type: HostnameGenerator, name: b, spec: {template: \"{{ .Name }}." + labels + "a\", selector: {meshService: {}}}}",
       {{"spec.template",
         "template renders to \"name." + labels + "a\" which is not a valid DNS name: must be no more than 253 characters"}},
       ""},
      {"{type: ExternalService, mesh: d, name: b}",
       {{"networking", "should have networking"}, {"tags", "mandatory tag \"kuma.io/service\" is missing"}},
       ""},
      {"{type: ExternalService, mesh: d, name: b, networking: {address: \"\"}, tags: {kuma.io/service: a, kuma.io/protocol: quic}}",
       {{"networking.address", "address can't be empty"},
        {"tags[\"kuma.io/protocol\"]",
         "tag \"kuma.io/protocol\" has an invalid value \"quic\". Allowed values: grpc, http, http2, kafka, tcp"}},
       ""},
      {"{type: ExternalService, mesh: d, name: b, networking: {address: \"a:70000\", tls: {serverName: \"\", caCert: {secret: \"\"}, "
       "clientCert: {}, clientKey: {}}}, tags: {kuma.io/service: a, \"\": \"\", \"a b\": \"x y\"}}",
       {{"networking.address", "port must be in the range [1, 65535]"},
        {"networking.tls.serverName", "cannot be empty"},
        {"networking.tls.caCert", "data source cannot be empty"},
        {"networking.tls.clientCert", "data source cannot be empty"},
        {"networking.tls.clientKey", "data source cannot be empty"},
        {"tags", "tag name must be non-empty"},
        {"tags[\"\"]", "tag value must be non-empty"},
        {"tags[\"a b\"]", "tag name must consist of alphanumeric characters, dots, dashes, slashes and underscores"},
        {"tags[\"a b\"]", "tag value must consist of alphanumeric characters, dots, dashes and underscores"},
        {"tags[\"kuma.io/service\"]", "cannot be the same as networking.address"}},
       ""},
      {"{type: ExternalService, mesh: d, name: b, networking: {address: \"a:x\"}, tags: {kuma.io/service: b}}",
       {{"networking.address", "unable to parse port in address"}, {"networking.address", "port must be in the range [1, 65535]"}},
       ""},
      {"{type: ZoneEgress, name: b, networking: {address: 127.0.0.1, port: 1, admin: {port: 1}}}",
       {{"networking.admin.port", "must differ from port"}},
       ""},
      {"{type: ZoneEgress, name: b, networking: {address: x y, port: 1}}",
       {{"networking.address.address", "address has to be valid IP address or domain name"}},
       ""},
      {"{type: ZoneEgress, name: b, networking: {address: 0.0.0.0, port: 1}}",
       {{"networking.address.address", "must not be 0.0.0.0 or ::"}},
       ""},
      {"{type: ZoneIngress, name: b, networking: {address: 127.0.0.1, port: 1, advertisedAddress: x y, admin: {port: 1}}, "
       "availableServices: [{tags: {version: v1, \"\": \"\", \"a b\": \"x y\"}}]}",
       {{"networking.admin.port", "must differ from port"},
        {"networking.advertisedPort", "has to be defined with advertisedAddress"},
        {"networking.advertisedAddress.address", "address has to be valid IP address or domain name"},
        {"availableService[0].tags", "tag name must be non-empty"},
        {"availableService[0].tags[\"\"]", "tag value must be non-empty"},
        {"availableService[0].tags[\"a b\"]", "tag name must consist of alphanumeric characters, dots, dashes, slashes and underscores"},
        {"availableService[0].tags[\"a b\"]", "tag value must consist of alphanumeric characters, dots, dashes and underscores"},
        {"availableService[0].tags", "mandatory tag \"kuma.io/service\" is missing"}},
       ""},
      {"{type: ZoneIngress, name: b, networking: {port: 1, advertisedAddress: 0.0.0.0, advertisedPort: 70000}}",
       {{"networking.advertisedAddress.address", "must not be 0.0.0.0 or ::"},
        {"networking.advertisedPort", "port must be in the range [1, 65535]"}},
       ""},
      {"{type: ZoneIngress, name: b, networking: {address: 0.0.0.0, port: 1}}",
       {{"networking.address.address", "must not be 0.0.0.0 or ::"}},
       ""},
      {"{type: MeshIdentity, mesh: d, name: b, spec: {spiffeID: {trustDomain: \"{{ .Mesh\", path: \"{{ nope }}\"}, provider: {type: "
       "Bundled}}}",
       {{"spec.spiffeID.trustDomain", "couldn't parse template: template: :1: unclosed action"},
        {"spec.spiffeID.path", "couldn't parse template: template: :1: function \"nope\" not defined"},
        {"spec.provider.bundled", "configuration needs to be defined"}},
       ""},
      {"{type: MeshIdentity, mesh: d, name: b, spec: {provider: {type: Bundled, bundled: {autogenerate: {enabled: true}, ca: {}, "
       "certificateParameters: {expiry: -1s}}}}}",
       {{"spec.provider.bundled.ca", "shouldn't be defined once using autogenerated"},
        {"spec.provider.bundled.certificateParameters.expiry", "must not be negative when defined"}},
       ""},
      {"{type: MeshIdentity, mesh: d, name: b, spec: {provider: {type: Bundled, bundled: {ca: {}}}}}",
       {{"spec.provider.bundled.ca.certificate", "must be defined"}, {"spec.provider.bundled.ca.privateKey", "must be defined"}},
       ""},
      {"{type: MeshIdentity, mesh: d, name: b, spec: {provider: {type: Bundled, bundled: {ca: {certificate: {type: EnvVar}, privateKey: "
       "{type: EnvVar, envVar: {name: \"\"}}}}}}}",
       {{"spec.provider.bundled.ca.certificate.envVar", "must be defined"},
        {"spec.provider.bundled.ca.privateKey.envVar.name", "must be defined"}},
       ""},
      {"{type: MeshIdentity, mesh: d, name: b, spec: {provider: {type: Bundled, bundled: {ca: {certificate: {type: InsecureInline}, "
       "privateKey: {type: InsecureInline, insecureInline: {value: \"\"}}}}}}}",
       {{"spec.provider.bundled.ca.certificate.insecureInline", "must be defined"},
        {"spec.provider.bundled.ca.privateKey.insecureInline.value", "must be defined"}},
       ""},
      {"{type: MeshIdentity, mesh: d, name: b, spec: {provider: {type: Bundled, bundled: {ca: {certificate: {type: File}, privateKey: "
       "{type: File, file: {path: \"\"}}}}}}}",
       {{"spec.provider.bundled.ca.certificate.file", "must be defined"},
        {"spec.provider.bundled.ca.privateKey.file.path", "must be defined"}},
       ""},
      {"{type: MeshIdentity, mesh: d, name: b, spec: {provider: {type: Bundled, bundled: {ca: {certificate: {type: File, file: {path: "
       "/a/../b}}, privateKey: {type: File, file: {path: a}}}}}}}",
       {{"spec.provider.bundled.ca.certificate.file.path", "file path contains directory traversal sequence: /a/../b"},
        {"spec.provider.bundled.ca.privateKey.file.path", "file path must be absolute: a"}},
       ""},
      {"{type: MeshIdentity, mesh: d, name: b, spec: {provider: {type: Bundled, bundled: {ca: {certificate: {type: Secret}, privateKey: "
       "{type: Secret, secretRef: {kind: Secret, name: \"\"}}}}}}}",
       {{"spec.provider.bundled.ca.certificate.secretRef", "must be defined"},
        {"spec.provider.bundled.ca.privateKey.secretRef.name", "must be defined"}},
       ""},
      {"{type: MeshIdentity, mesh: d, name: b, spec: {provider: {type: Spire}}}",
       {{"spec.provider.spire", "configuration needs to be defined"}},
       ""},
      {"{type: MeshIdentity, mesh: d, name: b, spec: {provider: {type: Spire, spire: {agent: {timeout: -1s}}}}}",
       {{"spec.provider.spire.agent.spire.agent.timeout", "must not be negative when defined"}},
       ""},
      {"{type: MeshIdentity, mesh: d, name: b, spec: {provider: {type: Extension}}}",
       {{"spec.provider.extension", "configuration needs to be defined"}},
       ""},
      {"{type: MeshIdentity, mesh: d, name: b, spec: {provider: {type: Extension, extension: {name: \"\"}}}}",
       {{"spec.provider.extension.name", "extension name needs to be defined"}},
       ""},
      {"{type: MeshTrust, mesh: d, name: b, spec: {trustDomain: \"\", caBundles: [{type: Pem}, {type: Pem, pem: {value: x}}]}}",
       {{"spec.caBundles[0].pem", "must be defined"},
        {"spec.caBundles[1].pem.value", "provided certificate has incorrect format"},
        {"spec.trustDomain", "trustDomain needs to be defined"}},
       ""},
      {"{type: MeshTrust, mesh: d, name: b, spec: {trustDomain: " + umlauts + ", caBundles: [{type: Pem}]}}",
       {{"spec.caBundles[0].pem", "must be defined"}, {"spec.trustDomain", "must not be longer than 253 characters"}},
       ""},
      {"{type: MeshOpenTelemetryBackend, mesh: d, name: b, spec: {endpoint: {address: \"\", port: 0, path: /a}}}",
       {{"spec.endpoint.address", "must not be empty"},
        {"spec.endpoint.port", "port must be a valid (1-65535)"},
        {"spec.endpoint.path", "must not be set when protocol is grpc"}},
       ""},
      {"{type: MeshOpenTelemetryBackend, mesh: d, name: b, spec: {endpoint: {address: a b, port: 70000, path: \"a?b\"}, protocol: http}}",
       {{"spec.endpoint.address", "address has to be a valid IP or hostname"},
        {"spec.endpoint.port", "port must be a valid (1-65535)"},
        {"spec.endpoint.path", "must start with /"},
        {"spec.endpoint.path", "must not contain query or fragment"}},
       ""},
      {"{type: MeshService, mesh: d, name: " + std::string(64, 'a') + ", spec: {}}",
       {{"name", "must not be longer than 63 characters"}},
       ""},
      {"{type: MeshZoneAddress, mesh: d, name: b, spec: {address: \"\", port: 0}}",
       {{"spec.address", "in body should be at least 1 chars long"}, {"spec.port", "in body should be greater than or equal to 1"}},
       ""},
      {"{type: Workload, mesh: d, name: w, spec: {}, status: {dataplaneProxies: {connected: 1, healthy: 0}}}",
       {{"", "status.dataplaneProxies.total in body is required"}},
       ""},
      {"{type: MeshIdentity, mesh: d, name: i, spec: {selector: {}, provider: {type: Spire}}, status: {conditions: [{type: Ready, status: \"True\", "
       "reason: 1st, message: x}]}}",
       {{"", "status.conditions[0].reason in body should match '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$'"}},
       ""},
  });
}

TEST_CASE("what other resources forbid") {
  TypeRegistry types;
  RegisterCoreTypes(types);
  const auto read = [&](const std::string& document) { return FromDocument(ParseYaml(document).value(), types).value(); };
  const Resource mesh = read(
      "{type: Mesh, name: m, mtls: {enabledBackend: a, backends: [{name: a, type: builtin}, {name: p, type: provided, conf: {cert: {secret: "
      "s}, key: {inlineString: x}}}]}, constraints: {dataplaneProxy: {requirements: [{tags: {team: '*'}}], restrictions: [{tags: {kind: "
      "old}}]}}}");
  const Resource attached = read("{type: Dataplane, mesh: m, name: d}");
  const Resource online = read("{type: ZoneInsight, name: z, subscriptions: [{id: '1'}]}");
  const Resource gone = read("{type: ZoneInsight, name: gone, subscriptions: [{id: '1', disconnectTime: '2024-01-02T03:04:05Z'}]}");
  WriteContext context;
  context.mesh = &mesh;
  context.old = &mesh;
  context.list = [&](const std::string& type, const std::string& name) {
    return type == "Dataplane" && name == "m" ? std::vector<ResourcePtr>{std::make_shared<const Resource>(attached)} : std::vector<ResourcePtr>{};
  };
  context.find = [&](const ResourceKey& key) -> ResourcePtr {
    for (const Resource* insight : {&online, &gone}) {
      if (insight->meta.key == key) return std::make_shared<const Resource>(*insight);
    }
    return nullptr;
  };
  const auto in_use = [](const std::string& secret, const std::string& backend) {
    return "The secret \"" + secret + "\" that you are trying to remove is currently in use in Mesh \"m\" in mTLS backend \"" + backend +
           "\". Please remove the reference from the \"" + backend + "\" backend before removing the secret.";
  };
  struct Row {
    bool remove;
    std::string document;
    std::vector<Violation> violations;
  };
  const std::vector<Row> rows = {
      {true, "{type: Mesh, name: m}", {{"mesh", "unable to delete mesh, there are still some dataplanes attached"}}},
      {true, "{type: Mesh, name: other}", {}},
      {true, "{type: Secret, mesh: m, name: m.ca-builtin-cert-a}", {{"name", in_use("m.ca-builtin-cert-a", "a")}}},
      {true, "{type: Secret, mesh: m, name: m.ca-builtin-key-a}", {{"name", in_use("m.ca-builtin-key-a", "a")}}},
      {true, "{type: Secret, mesh: m, name: s}", {{"name", in_use("s", "p")}}},
      {true, "{type: Secret, mesh: m, name: t}", {}},
      {true, "{type: Zone, name: z}", {{"zone", "unable to delete Zone, Zone CP is still connected, please shut it down first"}}},
      {true, "{type: Zone, name: gone}", {}},
      {true, "{type: Zone, name: never}", {}},
      {false,
       "{type: Mesh, name: m, mtls: {enabledBackend: b, backends: [{name: b, type: builtin}]}}",
       {{"mtls.enabledBackend", "Changing CA when mTLS is enabled is forbidden. Disable mTLS first and then change the CA"}}},
      {false, "{type: Mesh, name: m}", {}},
      {false,
       "{type: Dataplane, mesh: m, name: d, networking: {inbound: [{tags: {kuma.io/service: s, zone: z}}]}}",
       {{"",
         "dataplane cannot be a member of mesh \"m\" because its tags \"kuma.io/service=s zone=z\" does not fulfill any requirements defined on the "
         "Mesh"}}},
      {false,
       "{type: Dataplane, mesh: m, name: d, networking: {gateway: {tags: {kind: old, team: t}}}}",
       {{"", "dataplane cannot be a member of mesh \"m\" because its tags \"kind=old team=t\" matches restricted tags \"kind=old\" defined on the Mesh"}}},
      {false, "{type: Dataplane, mesh: m, name: d, networking: {inbound: [{tags: {team: t}}]}}", {}},
  };
  for (const Row& row : rows) {
    INFO(row.document);
    const Resource resource = read(row.document);
    const TypeDescriptor& type = *types.Find(resource.meta.type());
    std::vector<Violation> violations;
    (row.remove ? type.admit_delete : type.admit)(resource, context, violations);
    CHECK(violations == row.violations);
  }
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
  CHECK(TextTemplate::Parse("{{ label }}").error().message == "template: :1: label takes one quoted name");
  CHECK(TextTemplate::Parse("{{ .Mesh .Zone }}").error().message == "template: :1: unexpected operand in command");
  CHECK(TextTemplate::Parse("{{ @ }}").error().message == "template: :1: unexpected \"@\" in command");
  CHECK(TextTemplate::Parse("{{ \"a }}").error().message == "template: :1: unterminated quoted string");
  CHECK(TextTemplate::Parse("{{ `a }}").error().message == "template: :1: unterminated raw quoted string");
  CHECK(TextTemplate::Parse("{{ }}").error().message == "template: :1: missing value for command");
  CHECK_FALSE(TextTemplate::Parse("{{ .Nope }}").value().Render(fields, label).ok());
  CHECK(TextTemplate::Parse("a.{{ label \"y\" }}").value().Render(fields, label).error().message ==
        "template: :1:5: executing \"\" at <label \"y\">: error calling label: label y not found");
  CHECK(TextTemplate::Parse("{{ label \"k8s.kuma.io/namespace\" }}").value().Render(fields, label).error().message ==
        "template: :1:3: executing \"\" at <label \"k8s.kuma.io/n...>: error calling label: label k8s.kuma.io/namespace not found");
}

TEST_CASE("faults of regular expressions are told as Go tells them") {
  CHECK(RegexFault("a.*(b|c)").empty());
  CHECK(RegexFault("").empty());
  CHECK(RegexFault("(?<a>b)(?P<c>d)").empty());
  CHECK(RegexFault("(\\pL{1000}){10}").starts_with("error parsing regexp: "));
  CHECK(RegexFault("\\pL{1000}").starts_with("error parsing regexp: expression too large: `"));
  for (const auto& [text, fault] : std::vector<std::pair<std::string, std::string>>{
           {"(", "missing closing ): `(`"},
           {"a)", "unexpected ): `a)`"},
           {"[a", "missing closing ]: `[a`"},
           {"[z-a]", "invalid character class range: `z-a`"},
           {"a**", "invalid nested repetition operator: `**`"},
           {"*", "missing argument to repetition operator: `*`"},
           {"a{1001}", "invalid repeat count: `{1001}`"},
           {"\\q", "invalid escape sequence: `\\q`"},
           {"\\", "trailing backslash at end of expression: ``"},
           {"(?P<n", "invalid named capture: `(?P<n`"},
           {"(?z)", "invalid or unsupported Perl syntax: `(?z`"},
       }) {
    INFO(text);
    CHECK(RegexFault(text) == "error parsing regexp: " + fault);
  }
}

TEST_CASE("names that are no DNS labels are remarked") {
  CHECK(Rfc1035Remark("Mesh", "demo").empty());
  CHECK(Rfc1035Remark("Mesh", "1.a") ==
        "Invalid Mesh resource name: '1.a'. It does not conform to the DNS format (RFC 1035). This is deprecated. Errors: a DNS-1035 label must "
        "consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. "
        "'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')");
}

TEST_CASE("destinations whose SNI is no host name are remarked") {
  TypeRegistry types;
  RegisterCoreTypes(types);
  const std::string label =
      "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character "
      "(e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
  const std::string long_zone(63, 'z');
  const std::string long_name(63, 'n');
  const std::string long_mesh(63, 'm');
  struct Row {
    std::string mesh;
    std::string name;
    std::string zone;
    std::string ports;
    std::vector<std::string> remarks;
  };
  const std::vector<Row> rows = {
      {"m", "a", "z", "[{port: 80}, {port: 81, name: http}]", {}},
      {"m", "a", "", "[{port: 80, name: ''}]", {"Invalid MeshService SNI (port \"\"): mesh, name and sectionName must be non-empty. This is deprecated."}},
      {"m", "a", "", "[{port: 80, name: a_b}]", {"Invalid MeshService SNI (port \"a_b\"): " + label + ". This is deprecated."}},
      {"m_n",
       "a",
       "z.y",
       "[{port: 80}]",
       {"Invalid MeshService SNI (port \"80\"): mesh \"m_n\" does not conform to RFC 1123: " + label + ". This is deprecated.",
        "Invalid MeshService SNI (port \"80\"): zone \"z.y\" does not conform to RFC 1123: must not contain dots. This is deprecated."}},
      {long_mesh,
       long_name,
       long_zone,
       "[{port: 80, name: " + std::string(60, 'p') + "}]",
       {"Invalid MeshService SNI (port \"" + std::string(60, 'p') +
        "\"): computed SNI is 261 characters which exceeds the DNS hostname limit (253). This is deprecated."}},
  };
  for (const Row& row : rows) {
    INFO(row.mesh << " " << row.ports);
    Resource service;
    service.meta.key = {"MeshService", row.mesh, row.name};
    if (!row.zone.empty()) service.meta.labels["kuma.io/zone"] = row.zone;
    service.spec = {{"ports", ParseYaml(row.ports).value()}};
    CHECK(types.Find("MeshService")->warnings(service) == row.remarks);
  }
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
