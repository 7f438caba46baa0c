// Messages of the policies on logs, traces, metrics, faults, limits, health, balancing, passthrough and patches.
#include "tests/unit/policy/spec_fixture.h"

namespace kuma {
namespace {

TEST_CASE("MeshAccessLog") {
  const std::string at = "spec.to[0].default.backends";
  RunSpecCases({
      {"no backends", "MeshAccessLog", "to: [{targetRef: {kind: Mesh}, default: {}}]", {at + ": must be defined"}},
      {"off", "MeshAccessLog", "to: [{targetRef: {kind: Mesh}, default: {backends: []}}]", {}},
      {"no default", "MeshAccessLog", "to: [{targetRef: {kind: Mesh}}]", {"spec.to[0].default: in body is required"}},
      {"backends",
       "MeshAccessLog",
       "to: [{targetRef: {kind: Mesh}, default: {backends: [{type: File}, {type: File, file: {path: relative}}, {type: Tcp, tcp: {address: "
       "nonsense}}, "
       "{type: OpenTelemetry, openTelemetry: {endpoint: 'http://a'}}, {type: OpenTelemetry, openTelemetry: {endpoint: 'a:1', backendRef: "
       "{kind: "
       "MeshOpenTelemetryBackend}}}, {type: OpenTelemetry, openTelemetry: {backendRef: {kind: MeshOpenTelemetryBackend}, attributes: "
       "[{key: otel.a, value: "
       "b}]}}]}}]",
       {at + "[0].file: must be defined", at + "[1].file.path: file backend requires a valid path",
        at + "[2].tcp.address: tcp backend requires valid address",
        at + "[3].openTelemetry.endpoint: must be in host:port format, not a URL",
        at + "[4].openTelemetry: openTelemetry must have only one type defined: endpoint, backendRef",
        at + "[5].openTelemetry.attributes[0].key: must not use the reserved OpenTelemetry prefix 'otel.'",
        at + "[5].openTelemetry.backendRef: backendRef must have exactly one defined: labels"}},
      {"formats",
       "MeshAccessLog",
       "to: [{targetRef: {kind: Mesh}, default: {backends: [{type: File, file: {path: /a, format: {type: Plain}}}, {type: File, file: "
       "{path: /a, format: {type: "
       "Plain, plain: ''}}}, {type: File, file: {path: /a, format: {type: Json, json: []}}}, {type: File, file: {path: /a, format: {type: "
       "Json, json: [{key: '', "
       "value: ''}, {key: a, value: 'b\"'}]}}}]}}]",
       {at + "[0].file.format.plain: must be defined", at + "[1].file.format.plain: must not be empty",
        at + "[2].file.format.json: must not be empty", at + "[3].file.format.json[0].key: key cannot be empty",
        at + "[3].file.format.json[0].value: value cannot be empty", at + "[3].file.format.json[1]: is not a valid JSON object"}},
      {"of a gateway",
       "MeshAccessLog",
       "targetRef: {kind: MeshGateway, name: g}\nto: [{targetRef: {kind: MeshService, name: a}, default: {backends: []}}]",
       {"spec.to[0].targetRef.kind: value 'MeshService' is not supported"}},
      {"nothing", "MeshAccessLog", "{}", {"spec: at least one of 'from', 'to' or 'rules' has to be defined"}},
      {"rules with to",
       "MeshAccessLog",
       "rules: [{default: {}}]\nto: [{targetRef: {kind: Mesh}, default: {backends: []}}]",
       {"spec: fields 'to' and 'from' must be empty when 'rules' is defined", "spec.rules[0].default.backends: must be defined"}},
      {"targets",
       "MeshAccessLog",
       "targetRef: {kind: MeshHTTPRoute, name: r}\nfrom: [{targetRef: {kind: MeshSubset}, default: {}}]\nto: [{targetRef: {kind: "
       "MeshSubset}, default: {backends: []}}]",
       {"spec.from[0].default.backends: must be defined", "spec.from[0].targetRef.kind: value 'MeshSubset' is not supported",
        "spec.targetRef.kind: value 'MeshHTTPRoute' is not supported", "spec.to[0].targetRef.kind: value 'MeshSubset' is not supported"}},
      {"matches",
       "MeshAccessLog",
       "rules: [{matches: [{spiffeID: {type: Exact, value: x}}, {sni: {type: Exact, value: ''}}], default: {backends: []}}]",
       {"spec.rules[0].matches[0].spiffeID: must be a valid Spiffe ID: scheme is missing or invalid",
        "spec.rules[0].matches[1].sni.value: must be set"}},
      {"backends without configuration",
       "MeshAccessLog",
       "to: [{targetRef: {kind: Mesh}, default: {backends: [{type: Tcp}, {type: OpenTelemetry}, {type: OpenTelemetry, openTelemetry: {}}, "
       "{type: OpenTelemetry, openTelemetry: {backendRef: {kind: MeshOpenTelemetryBackend, labels: {}}}}]}}]",
       {"spec.to[0].default.backends[0].tcp: must be defined", "spec.to[0].default.backends[1].openTelemetry: must be defined",
        "spec.to[0].default.backends[2].openTelemetry: openTelemetry must have exactly one defined: endpoint, backendRef",
        "spec.to[0].default.backends[3].openTelemetry.backendRef: backendRef must have exactly one defined: labels"}},
      {"formats of TCP",
       "MeshAccessLog",
       "to: [{targetRef: {kind: Mesh}, default: {backends: [{type: Tcp, tcp: {address: 'a.b:1', format: {type: Json}}}]}}]",
       {"spec.to[0].default.backends[0].tcp.format.json: must be defined"}},
  });
  const Checked filled =
      CheckPolicy("MeshAccessLog", "rules: [{default: {backends: [{type: File, file: {path: /a, format: {type: Plain, plain: x}}}]}}]");
  CHECK(filled.spec["rules"][0]["default"]["backends"][0]["file"]["format"]["omitEmptyValues"] == false);
}

TEST_CASE("MeshTrace") {
  const std::string at = "spec.default.backends";
  RunSpecCases({
      {"no backends", "MeshTrace", "{}", {at + ": must be defined"}},
      {"zipkin", "MeshTrace", "default: {backends: [{type: Zipkin, zipkin: {url: ''}}]}", {at + "[0].zipkin.url: must not be empty"}},
      {"zipkin url",
       "MeshTrace",
       "default: {backends: [{type: Zipkin, zipkin: {url: nonsense}}]}",
       {at + "[0].zipkin.url: must be a valid url"}},
      {"datadog",
       "MeshTrace",
       "default: {backends: [{type: Datadog, datadog: {url: 'https://u@a/p?q'}}]}",
       {at + "[0].datadog.url: scheme must be http", at + "[0].datadog.url: port must be defined",
        at + "[0].datadog.url: user must not be defined", at + "[0].datadog.url: path must not be defined",
        at + "[0].datadog.url: query must not be defined"}},
      {"datadog port",
       "MeshTrace",
       "default: {backends: [{type: Datadog, datadog: {url: 'http://a:70000'}}]}",
       {at + "[0].datadog.url: port must be a valid (1-65535)"}},
      {"no url",
       "MeshTrace",
       "default: {backends: [{type: Datadog, datadog: {url: 'a b'}}]}",
       {at + "[0].datadog.url: must be a valid url"}},
      {"sampling and tags",
       "MeshTrace",
       "default: {backends: [], sampling: {overall: 101, client: '-1', random: x}, tags: [{name: '', literal: a, header: {name: b}}]}",
       {"spec.default.sampling.client: must be between 0 and 100", "spec.default.sampling.overall: must be between 0 and 100",
        "spec.default.sampling.random: string is not a number",
        "spec.default.tags[0]: tag must have only one type defined: header, literal", "spec.default.tags[0].name: must not be empty"}},
      {"targets",
       "MeshTrace",
       "targetRef: {kind: MeshHTTPRoute, name: r}\ndefault: {backends: []}",
       {"spec.targetRef.kind: value 'MeshHTTPRoute' is not supported"}},
      {"backends without configuration: zipkin",
       "MeshTrace",
       "default: {backends: [{type: Zipkin}], tags: [{name: a}]}",
       {"spec.default.backends[0].zipkin: must be defined", "spec.default.tags[0]: tag must have only one type defined: header, literal"}},
      {"backends without configuration: datadog",
       "MeshTrace",
       "default: {backends: [{type: Datadog}]}",
       {"spec.default.backends[0].datadog: must be defined"}},
      {"backends without configuration: otel",
       "MeshTrace",
       "default: {backends: [{type: OpenTelemetry}]}",
       {"spec.default.backends[0].openTelemetry: must be defined"}},
      {"collectors",
       "MeshTrace",
       "default: {backends: [{type: OpenTelemetry, openTelemetry: {}}]}",
       {"spec.default.backends[0].openTelemetry: openTelemetry must have exactly one defined: endpoint, backendRef"}},
      {"collectors 2",
       "MeshTrace",
       "default: {backends: [{type: OpenTelemetry, openTelemetry: {endpoint: 'http://a'}}]}",
       {"spec.default.backends[0].openTelemetry.endpoint: must be in host:port format, not a URL"}},
      {"collectors 3",
       "MeshTrace",
       "default: {backends: [{type: OpenTelemetry, openTelemetry: {endpoint: a, backendRef: {kind: MeshOpenTelemetryBackend, labels: {a: "
       "b}}}}]}",
       {"spec.default.backends[0].openTelemetry: openTelemetry must have only one type defined: endpoint, backendRef"}},
      {"collectors 4",
       "MeshTrace",
       "default: {backends: [{type: OpenTelemetry, openTelemetry: {backendRef: {kind: MeshOpenTelemetryBackend}}}]}",
       {"spec.default.backends[0].openTelemetry.backendRef: backendRef must have exactly one defined: labels"}},
      {"opaque",
       "MeshTrace",
       "default: {backends: [{type: Datadog, datadog: {url: 'http:a'}}]}",
       {"spec.default.backends[0].datadog.url: port must be defined", "spec.default.backends[0].datadog.url: opaque must not be defined"}},
  });
  const Json zipkin = CheckPolicy("MeshTrace", "default: {backends: [{type: Zipkin, zipkin: {url: 'http://a:1'}}]}")
                          .spec["default"]["backends"][0]["zipkin"];
  CHECK(zipkin == Json({{"url", "http://a:1"}, {"traceId128bit", false}, {"apiVersion", "httpJson"}, {"sharedSpanContext", true}}));
}

TEST_CASE("MeshMetric") {
  const std::string backends = "spec.default.backends.backend";
  RunSpecCases({
      {"values",
       "MeshMetric",
       "default: {sidecar: {profiles: {include: [{type: Regex, match: '('}]}}, applications: [{port: 0}], backends: [{type: Prometheus}, "
       "{type: Prometheus, "
       "prometheus: {port: 70000}}, {type: OpenTelemetry, openTelemetry: {endpoint: noport}}]}",
       {"spec.default.applications.application[0]: port must be a valid (1-65535)", backends + "[0].prometheus: must be defined",
        backends + "[1].port: port must be a valid (1-65535)", backends + "[2].openTelemetry.endpoint: must be in host:port format",
        "spec.default.sidecar.profiles.include[0].match: invalid regex"}},
      {"targets",
       "MeshMetric",
       "targetRef: {kind: MeshHTTPRoute, name: r}\ndefault: {sidecar: {profiles: {exclude: [{type: Regex, match: '('}]}}}",
       {"spec.default.sidecar.profiles.exclude[0].match: invalid regex", "spec.targetRef.kind: value 'MeshHTTPRoute' is not supported"}},
      {"collectors",
       "MeshMetric",
       "default: {backends: [{type: OpenTelemetry}, {type: OpenTelemetry, openTelemetry: {}}, {type: OpenTelemetry, openTelemetry: "
       "{endpoint: 'http://a'}}, {type: OpenTelemetry, openTelemetry: {endpoint: 'a:1', backendRef: {kind: MeshOpenTelemetryBackend, "
       "labels: {a: b}}}}, {type: OpenTelemetry, openTelemetry: {backendRef: {kind: MeshOpenTelemetryBackend}}}]}",
       {"spec.default.backends.backend[0].openTelemetry: must be defined",
        "spec.default.backends.backend[1].openTelemetry: openTelemetry must have exactly one defined: endpoint, backendRef",
        "spec.default.backends.backend[2].openTelemetry.endpoint: must be in host:port format, not a URL",
        "spec.default.backends.backend[3].openTelemetry: openTelemetry must have only one type defined: endpoint, backendRef",
        "spec.default.backends.backend[4].openTelemetry.backendRef: backendRef must have exactly one defined: labels"}},
  });
  const Json conf = CheckPolicy("MeshMetric", "default: {applications: [{port: 1}], backends: [{type: Prometheus, prometheus: {tls: {}}}]}")
                        .spec["default"];
  CHECK(conf["applications"][0]["path"] == "/metrics");
  CHECK(conf["backends"][0]["prometheus"] == Json({{"port", 5670}, {"path", "/metrics"}, {"tls", {{"mode", "Disabled"}}}}));
}

TEST_CASE("MeshFaultInjection") {
  const std::string at = "spec.from[0].default.http.";
  RunSpecCases({
      {"gateways",
       "MeshFaultInjection",
       "from: [{targetRef: {kind: Mesh}, default: {http: []}}]",
       {"spec.from: must not be defined when the scope includes a Gateway, select only proxyType Sidecar or select only gateways and use "
        "spec.to"}},
      {"no gateways",
       "MeshFaultInjection",
       "targetRef: {kind: Mesh, proxyTypes: [Sidecar]}\nto: [{targetRef: {kind: Mesh}, default: {http: []}}]",
       {"spec.to: must not be defined"}},
      {"values",
       "MeshFaultInjection",
       "targetRef: {kind: Dataplane}\nfrom: [{targetRef: {kind: Mesh}, default: {http: [{abort: {httpStatus: 99, percentage: 101}}, "
       "{delay: {value: -1s, "
       "percentage: x}, responseBandwidth: {limit: 5Tbps, percentage: '50.5'}}]}}]",
       {at + "abort[0].httpStatus: must be in inclusive range [100, 599]",
        at + "abort[0].percentage: must be in inclusive range [0.0, 100.0]", at + "delay[1].percentage: string must be a valid number",
        at + "delay[1].value: must not be negative when defined", at + "responseBandwidth[1].limit: must be in kbps/Mbps/Gbps units"}},
      {"both lists",
       "MeshFaultInjection",
       "targetRef: {kind: Mesh, proxyTypes: [Sidecar]}\nfrom: [{targetRef: {kind: Mesh}, default: {http: []}}]\nrules: [{default: {http: "
       "[]}}]",
       {"spec: field 'from' must be empty when 'rules' is defined"}},
      {"targets",
       "MeshFaultInjection",
       "targetRef: {kind: MeshHTTPRoute, name: r}\nto: [{targetRef: {kind: MeshService, name: a}, default: {http: []}}]",
       {"spec.targetRef.kind: value 'MeshHTTPRoute' is not supported", "spec.to[0].targetRef.kind: value 'MeshService' is not supported"}},
      {"targets of from",
       "MeshFaultInjection",
       "targetRef: {kind: MeshService, name: a}\nfrom: [{targetRef: {kind: MeshGateway, name: g}, default: {http: [{responseBandwidth: "
       "{limit: '', percentage: x}}]}}]",
       {"spec.from[0].default.http.responseBandwidth[0].limit: must be defined",
        "spec.from[0].default.http.responseBandwidth[0].percentage: string must be a valid number",
        "spec.from[0].targetRef.kind: value 'MeshGateway' is not supported"}},
      {"matches",
       "MeshFaultInjection",
       "rules: [{matches: [{spiffeID: {type: Exact, value: x}}], default: {http: [{abort: {httpStatus: 600, percentage: -1}}]}}]",
       {"spec.rules[0].default.http.abort[0].httpStatus: must be in inclusive range [100, 599]",
        "spec.rules[0].default.http.abort[0].percentage: must be in inclusive range [0.0, 100.0]",
        "spec.rules[0].matches[0].spiffeID: must be a valid Spiffe ID: scheme is missing or invalid"}},
  });
}

TEST_CASE("MeshRateLimit") {
  RunSpecCases({
      {"nothing",
       "MeshRateLimit",
       "targetRef: {kind: Dataplane}\nrules: [{}, {default: {local: {}}}]",
       {"spec.rules[0].default.local: must be defined", "spec.rules[1].default.local: must have at least one defined: tcp, http"}},
      {"gateways", "MeshRateLimit", "rules: [{default: {local: {tcp: {disabled: true}}}}]", {"spec.rules: must not be defined"}},
      {"values",
       "MeshRateLimit",
       "targetRef: {kind: Dataplane}\nfrom: [{targetRef: {kind: Mesh}, default: {local: {http: {}, tcp: {connectionRate: {num: 0, "
       "interval: 50ms}}}}}]",
       {"spec.from[0].default.local.http: must have at least one defined: disabled, requestRate, onRateLimit",
        "spec.from[0].default.local.tcp.connectionRate.interval: must be greater than: 50ms",
        "spec.from[0].default.local.tcp.connectionRate.num: must be greater than 0"}},
      {"by client",
       "MeshRateLimit",
       "targetRef: {kind: Dataplane}\nrules: [{matches: [{spiffeID: {type: Prefix, value: 'spiffe://a'}}], default: {local: {tcp: "
       "{disabled: true}}}}]",
       {"spec.rules[0].default.local.tcp: can't be specified when matches contain spiffeID because this field cannot be conditioned on "
        "source identity"}},
      {"rules with from",
       "MeshRateLimit",
       "targetRef: {kind: Dataplane}\nfrom: [{targetRef: {kind: Mesh}, default: {local: {tcp: {disabled: true}}}}]\nrules: [{default: "
       "{local: {tcp: {disabled: true}}}}]",
       {"spec: fields 'to' and 'from' must be empty when 'rules' is defined"}},
      {"targets",
       "MeshRateLimit",
       "targetRef: {kind: MeshExternalService, name: e}\nfrom: [{targetRef: {kind: MeshSubset}, default: {local: {tcp: {}}}}]",
       {"spec.from[0].default.local.tcp: must have at least one defined: disabled, connectionRate",
        "spec.from[0].targetRef.kind: value 'MeshSubset' is not supported",
        "spec.targetRef.kind: value 'MeshExternalService' is not supported"}},
      {"to of sidecars",
       "MeshRateLimit",
       "targetRef: {kind: Dataplane}\nto: [{targetRef: {kind: Mesh}}]",
       {"spec.to: must not be defined"}},
      {"from of gateways",
       "MeshRateLimit",
       "from: [{targetRef: {kind: Mesh}}]",
       {"spec.from: must not be defined when the scope includes a Gateway, select only proxyType Sidecar or select only gateways and use "
        "spec.to"}},
      {"targets of gateways",
       "MeshRateLimit",
       "targetRef: {kind: MeshGateway, name: g}\nto: [{targetRef: {kind: MeshService, name: a}, default: {local: {http: {requestRate: "
       "{num: 0, interval: 1ms}, onRateLimit: {status: 0}}}}}]",
       {"spec.to[0].default.local.http.onRateLimit.status: must be greater than 0",
        "spec.to[0].default.local.http.requestRate.interval: must be greater than: 50ms",
        "spec.to[0].default.local.http.requestRate.num: must be greater than 0",
        "spec.to[0].targetRef.kind: value 'MeshService' is not supported"}},
      {"conditions",
       "MeshRateLimit",
       "targetRef: {kind: Dataplane}\nrules: [{matches: [{}, {sni: {type: Exact, value: ''}}], default: {local: {tcp: {disabled: true}}}}]",
       {"spec.rules[0].matches[0]: must specify at least one of 'spiffeID' or 'sni'", "spec.rules[0].matches[1].sni.value: must be set"}},
  });
}

TEST_CASE("MeshHealthCheck") {
  const std::string at = "spec.to[0].default";
  RunSpecCases({
      {"nothing", "MeshHealthCheck", "to: [{targetRef: {kind: Mesh}}]", {at + ": must have at least one defined: http, tcp, grpc"}},
      {"values",
       "MeshHealthCheck",
       "to: [{targetRef: {kind: Mesh}, default: {interval: 0s, unhealthyThreshold: 0, intervalJitterPercent: 101, eventLogPath: a, http: "
       "{path: '', "
       "expectedStatuses: [200, 600]}}}]",
       {at + ".eventLogPath: must be a valid path when defined", at + ".http.expectedStatuses[1]: must be in inclusive range [100, 599]",
        at + ".http.path: must be defined", at + ".interval: must be greater than zero when defined",
        at + ".intervalJitterPercent: must be in inclusive range [0, 100]",
        at + ".unhealthyThreshold: must be greater than zero when defined"}},
      {"targets",
       "MeshHealthCheck",
       "targetRef: {kind: MeshHTTPRoute, name: r}\nto: [{targetRef: {kind: MeshHTTPRoute, name: r}, default: {tcp: {}}}]",
       {"spec.targetRef.kind: value 'MeshHTTPRoute' is not supported",
        "spec.to[0].targetRef.kind: value 'MeshHTTPRoute' is not supported"}},
      {"more values",
       "MeshHealthCheck",
       "to: [{targetRef: {kind: Mesh}, default: {timeout: 0s, initialJitter: 0s, intervalJitter: -1s, noTrafficInterval: 0s, "
       "healthyThreshold: 0, healthyPanicThreshold: '100.1', tcp: {}}}, {targetRef: {kind: Mesh}, default: {healthyPanicThreshold: x, tcp: "
       "{}}}]",
       {"spec.to[0].default.healthyPanicThreshold: must be in inclusive range [0.0, 100.0]",
        "spec.to[0].default.healthyThreshold: must be greater than zero when defined",
        "spec.to[0].default.initialJitter: must be greater than zero when defined",
        "spec.to[0].default.intervalJitter: must be greater than zero when defined",
        "spec.to[0].default.noTrafficInterval: must be greater than zero when defined",
        "spec.to[0].default.timeout: must be greater than zero when defined",
        "spec.to[1].default.healthyPanicThreshold: string must be a valid number"}},
  });
}

TEST_CASE("MeshLoadBalancingStrategy") {
  const std::string at = "spec.to[0].default";
  RunSpecCases({
      {"hash policies",
       "MeshLoadBalancingStrategy",
       "to: [{targetRef: {kind: Mesh}, default: {hashPolicies: [{type: Header}, {type: Cookie, cookie: {name: c, path: x}}, {type: "
       "SourceIP}], loadBalancer: "
       "{type: RingHash, ringHash: {hashPolicies: []}}}}]",
       {at + ".hashPolicies[0].header: must be defined", at + ".hashPolicies[1].cookie.path: must be an absolute path",
        at + ".hashPolicies[2].connection: must be defined",
        at + ".loadBalancer.ringHash.hashPolicies: hashPolicies already specified in the root level"}},
      {"of a route",
       "MeshLoadBalancingStrategy",
       "to: [{targetRef: {kind: MeshHTTPRoute, name: r}, default: {loadBalancer: {type: Random}, localityAwareness: {}}}]",
       {at + ".loadBalancer: field is not allowed when targetRef.kind is MeshHTTPRoute, only hashPolicies is supported",
        at + ".localityAwareness: field is not allowed when targetRef.kind is MeshHTTPRoute, only hashPolicies is supported"}},
      {"localities",
       "MeshLoadBalancingStrategy",
       "to: [{targetRef: {kind: MeshService, labels: {a: b}}, default: {localityAwareness: {localZone: {affinityTags: [{key: '', weight: "
       "0}, {key: b}]}, crossZone: "
       "{failover: [{from: {zones: []}, to: {type: Only}}, {to: {type: Any, zones: [a]}}], failoverThreshold: {percentage: 0}}}}}]",
       {at + ".localityAwareness.crossZone: must not be set: MeshService traffic is local",
        at + ".localityAwareness.crossZone.failoverThreshold.percentage: must be greater than 0",
        at + ".localityAwareness.crossZone.failover[0].from.zones: must not be empty",
        at + ".localityAwareness.crossZone.failover[0].to.zones: must not be empty when type is Only",
        at + ".localityAwareness.crossZone.failover[1].to.zones: must be empty when type is Any",
        at + ".localityAwareness.localZone.affinityTags: all or none affinity tags should have weight",
        at + ".localityAwareness.localZone.affinityTags[0].key: must not be empty",
        at + ".localityAwareness.localZone.affinityTags[0].weight: must be greater than 0"}},
      {"of a gateway",
       "MeshLoadBalancingStrategy",
       "targetRef: {kind: MeshGateway, name: g}\nto: [{targetRef: {kind: MeshService, name: a}, default: {loadBalancer: {type: "
       "LeastRequest, leastRequest: "
       "{activeRequestBias: '-1'}}}}]",
       {at + ".loadBalancer.leastRequest.activeRequestBias: must be greater or equal then: 0",
        "spec.to[0].targetRef.kind: value 'MeshGateway' is not supported, only Mesh is allowed if loadBalancer is set"}},
      {"sizes",
       "MeshLoadBalancingStrategy",
       "to: [{targetRef: {kind: Mesh}, default: {loadBalancer: {type: RingHash, ringHash: {maxRingSize: 8000001}}}}]",
       {at + ".loadBalancer.ringHash.maxRingSize: in body should be less than or equal to 8e+06"}},
      {"targets",
       "MeshLoadBalancingStrategy",
       "targetRef: {kind: MeshHTTPRoute, name: r}\nto: [{targetRef: {kind: MeshSubset}}]",
       {"spec.targetRef.kind: value 'MeshHTTPRoute' is not supported", "spec.to[0].targetRef.kind: value 'MeshSubset' is not supported"}},
      {"of an external service",
       "MeshLoadBalancingStrategy",
       "to: [{targetRef: {kind: MeshExternalService, name: e}, default: {hashPolicies: [{type: QueryParameter}, {type: FilterState}, "
       "{type: Connection}]}}]",
       {"spec.to[0].default.hashPolicies[0].queryParameter: must be defined",
        "spec.to[0].default.hashPolicies[1].filterState: must be defined", "spec.to[0].default.hashPolicies[2].connection: must be defined",
        "spec.to[0].targetRef.kind: value 'MeshExternalService' is not supported"}},
      {"of an external service of a part",
       "MeshLoadBalancingStrategy",
       "targetRef: {kind: Dataplane}\nto: [{targetRef: {kind: MeshExternalService, name: e}, default: {hashPolicies: []}}]",
       {"spec.to[0].targetRef.kind: value 'MeshExternalService' is not supported",
        "spec.to[0].targetRef.kind: kind MeshExternalService is only allowed with targetRef.kind: Mesh as it is configured on the Zone "
        "Egress and shared by all clients in the mesh"}},
      {"of a gateway without a balancer",
       "MeshLoadBalancingStrategy",
       "targetRef: {kind: MeshGateway, name: g}\nto: [{targetRef: {kind: MeshHTTPRoute, name: a}}]",
       {"spec.to[0].targetRef.kind: value 'MeshHTTPRoute' is not supported"}},
      {"maglev",
       "MeshLoadBalancingStrategy",
       "to: [{targetRef: {kind: Mesh}, default: {hashPolicies: [{type: Cookie}], loadBalancer: {type: Maglev, maglev: {hashPolicies: "
       "[{type: Header}, {type: Cookie, cookie: {name: c, path: x}}, {type: Cookie}, {type: Connection}, {type: SourceIP}, {type: "
       "QueryParameter}, {type: FilterState}]}}}}]",
       {"spec.to[0].default.hashPolicies[0].cookie: must be defined",
        "spec.to[0].default.loadBalancer.maglev.hashPolicies: hashPolicies already specified in the root level",
        "spec.to[0].default.loadBalancer.maglev.hashPolicies[0].header: must be defined",
        "spec.to[0].default.loadBalancer.maglev.hashPolicies[1].cookie.path: must be an absolute path",
        "spec.to[0].default.loadBalancer.maglev.hashPolicies[2].cookie: must be defined",
        "spec.to[0].default.loadBalancer.maglev.hashPolicies[3].connection: must be defined",
        "spec.to[0].default.loadBalancer.maglev.hashPolicies[4].connection: must be defined",
        "spec.to[0].default.loadBalancer.maglev.hashPolicies[5].queryParameter: must be defined",
        "spec.to[0].default.loadBalancer.maglev.hashPolicies[6].filterState: must be defined"}},
      {"ring hash",
       "MeshLoadBalancingStrategy",
       "to: [{targetRef: {kind: Mesh}, default: {loadBalancer: {type: RingHash, ringHash: {hashPolicies: [{type: Header}, {type: Cookie, "
       "cookie: {name: c, path: x}}, {type: Cookie}, {type: Connection}, {type: SourceIP}, {type: QueryParameter}, {type: "
       "FilterState}]}}}}]",
       {"spec.to[0].default.loadBalancer.ringHash.hashPolicies[0].header: must be defined",
        "spec.to[0].default.loadBalancer.ringHash.hashPolicies[1].cookie.path: must be an absolute path",
        "spec.to[0].default.loadBalancer.ringHash.hashPolicies[2].cookie: must be defined",
        "spec.to[0].default.loadBalancer.ringHash.hashPolicies[3].connection: must be defined",
        "spec.to[0].default.loadBalancer.ringHash.hashPolicies[4].connection: must be defined",
        "spec.to[0].default.loadBalancer.ringHash.hashPolicies[5].queryParameter: must be defined",
        "spec.to[0].default.loadBalancer.ringHash.hashPolicies[6].filterState: must be defined"}},
      {"zones",
       "MeshLoadBalancingStrategy",
       "to: [{targetRef: {kind: MeshService, name: a, sectionName: s}, default: {localityAwareness: {crossZone: {failover: [{from: {zones: "
       "['']}, to: {type: AnyExcept}}, {to: {type: None, zones: [a]}}], failoverThreshold: {percentage: 101}}}}}]",
       {"spec.to[0].default.localityAwareness.crossZone: must not be set: MeshService traffic is local",
        "spec.to[0].default.localityAwareness.crossZone.failoverThreshold.percentage: must be in inclusive range [0.0, 100.0]",
        "spec.to[0].default.localityAwareness.crossZone.failover[0].from.zones[0]: must not be empty",
        "spec.to[0].default.localityAwareness.crossZone.failover[0].to.zones: must not be empty when type is AnyExcept",
        "spec.to[0].default.localityAwareness.crossZone.failover[1].to.zones: must be empty when type is None"}},
      {"numbers",
       "MeshLoadBalancingStrategy",
       "to: [{targetRef: {kind: Mesh}, default: {loadBalancer: {type: LeastRequest, leastRequest: {activeRequestBias: x}}, "
       "localityAwareness: {crossZone: {failoverThreshold: {percentage: x}}}}}]",
       {"spec.to[0].default.loadBalancer.leastRequest.activeRequestBias: string must be a valid number",
        "spec.to[0].default.localityAwareness.crossZone.failoverThreshold.percentage: string must be a valid number"}},
  });
}

TEST_CASE("MeshPassthrough") {
  const std::string at = "spec.default.appendMatch";
  RunSpecCases({
      {"nothing", "MeshPassthrough", "{}", {}},
      {"values",
       "MeshPassthrough",
       "default: {appendMatch: [{type: CIDR, value: 10.0.0.0/33}, {type: IP, value: 1.2.3}, {type: Domain, value: a.b}, {type: Domain, "
       "value: '*a.b', protocol: "
       "http}, {type: Domain, value: '-', protocol: tls}, {type: CIDR, value: 'fd00::/8', port: 0}]}",
       {at + "[0].value: provided CIDR has incorrect value", at + "[1].value: provided IP has incorrect value",
        at + "[2].protocol: protocol tcp is not supported for a domain",
        at + "[3].port: wildcard domains doesn't work for all ports and layer 7 protocol",
        at + "[3].value: provided DNS has incorrect value, partial wildcard is currently not supported",
        at + "[4].value: provided DNS has incorrect value", at + "[5].port: port must be a valid (1-65535)"}},
      {"ports",
       "MeshPassthrough",
       "default: {appendMatch: [{type: Domain, value: a.b, port: 80, protocol: http}, {type: Domain, value: a.b, port: 80, protocol: "
       "http}, {type: Domain, value: "
       "c.d, port: 80, protocol: grpc}, {type: IP, value: 1.1.1.1, protocol: mysql}]}",
       {at + "[1].value: value a.b is already defiend for this port and protocol",
        at + "[2].port: using the same port in multiple matches requires the same protocol for the following protocols: [grpc http http2]",
        at + "[3].port: port must be defined for Mysql protocol"}},
      {"targets",
       "MeshPassthrough",
       "targetRef: {kind: MeshService, name: a}",
       {"spec.targetRef.kind: value 'MeshService' is not supported"}},
      {"mysql domain",
       "MeshPassthrough",
       "default: {appendMatch: [{type: Domain, value: a.b, protocol: mysql, port: 1}]}",
       {"spec.default.appendMatch[0].protocol: protocol mysql is not supported for a domain"}},
  });
}

TEST_CASE("MeshProxyPatch") {
  const std::string at = "spec.default.appendModifications";
  RunSpecCases({
      {"nothing", "MeshProxyPatch", "default: {}", {at + ": must not be empty"}},
      {"no default", "MeshProxyPatch", "{}", {"spec.default: in body is required"}},
      {"whole resources",
       "MeshProxyPatch",
       "default: {appendModifications: [{cluster: {operation: Add, match: {name: a}}}, {cluster: {operation: Add, value: 'connect_timeout: "
       "1s'}}, {virtualHost: "
       "{operation: Add, match: {name: a}, value: 'name: a'}}, {httpFilter: {operation: AddBefore, value: 'name: a'}}, {listener: "
       "{operation: Remove, value: x}}]}",
       {at + "[0].cluster.match: must not be defined", at + "[0].cluster.value: must be defined",
        at + "[1].cluster.value: native Envoy resource is not valid: invalid Cluster.Name: value length must be at least 1 runes",
        at + "[2].virtualHost.match.name: must not be defined",
        at +
            "[2].virtualHost.value: native Envoy resource is not valid: invalid VirtualHost.Domains: value must contain at least 1 item(s)",
        at + "[3].httpFilter.match.name: must be defined. You need to pick a filter before which this one will be added",
        at + "[4].listener.value: must not be defined"}},
      {"patches",
       "MeshProxyPatch",
       "default: {appendModifications: [{cluster: {operation: Patch}}, {cluster: {operation: Patch, value: 'name: a', jsonPatches: [{op: "
       "remove, path: /a}]}}, "
       "{networkFilter: {operation: Patch, match: {name: a}, jsonPatches: [{op: add, path: /a}, {op: remove, path: /, value: 1}, {op: "
       "move, path: /a}, {op: replace, "
       "path: /a, from: /b}]}}, {cluster: {operation: Patch, value: 'connect_timeout: 1s'}}]}",
       {at + "[0].cluster: cluster must have exactly one defined: value, jsonPatches",
        at + "[1].cluster: cluster must have only one type defined: value, jsonPatches",
        at + "[2].networkFilter.jsonPatches[0].value: \"value\" must not be empty when \"op\" is one of [\"add\", \"replace\"]",
        at + "[2].networkFilter.jsonPatches[1].path: root path cannot be removed",
        at + "[2].networkFilter.jsonPatches[1].value: \"value\" is allowed only when \"op\" is one of [\"add\", \"replace\"]",
        at + "[2].networkFilter.jsonPatches[2].from: \"from\" must not be empty when \"op\" is one of [\"move\", \"copy\"]",
        at + "[2].networkFilter.jsonPatches[3].from: \"from\" is allowed only when \"op\" is one of [\"move\", \"copy\"]",
        at + "[2].networkFilter.jsonPatches[3].value: \"value\" must not be empty when \"op\" is one of [\"add\", \"replace\"]"}},
      {"filters of types without a C++ class",
       "MeshProxyPatch",
       "default: {appendModifications: [{httpFilter: {operation: AddLast, value: '{name: x, typedConfig: {\"@type\": "
       "type.googleapis.com/envoy.extensions.filters.http.csrf.v3.CsrfPolicy, additionalOrigins: [{exact: a}]}}'}}]}",
       {}},
      {"filters of types that nobody knows",
       "MeshProxyPatch",
       "default: {appendModifications: [{httpFilter: {operation: AddLast, value: '{name: x, typedConfig: {\"@type\": "
       "type.googleapis.com/some.Unknown, a: 1}}'}}]}",
       {at + "[0].httpFilter.value: native Envoy resource is not valid: unknown type type.googleapis.com/some.Unknown"}},
      {"two at once",
       "MeshProxyPatch",
       "default: {appendModifications: [{cluster: {operation: Remove}, listener: {operation: Remove}}]}",
       {at + "[0]: exactly one modification can be defined at a time. Currently, 2 modifications are defined"}},
      {"targets",
       "MeshProxyPatch",
       "targetRef: {kind: MeshHTTPRoute, name: r}\ndefault: {appendModifications: [{cluster: {operation: Remove}}]}",
       {"spec.targetRef.kind: value 'MeshHTTPRoute' is not supported"}},
      {"nothing modified",
       "MeshProxyPatch",
       "default: {appendModifications: [{}]}",
       {"spec.default.appendModifications[0]: exactly one modification can be defined at a time. Currently, 0 modifications are defined"}},
  });
  // Every kind of resource has the same rules.
  const std::string no_object =
      "native Envoy resource is not valid: json: cannot unmarshal number into Go value of type map[string]json.RawMessage";
  for (const std::string kind : {"cluster", "listener", "virtualHost", "networkFilter", "httpFilter"}) {
    const bool filter = kind.ends_with("Filter");
    const std::string match = filter ? "match: {name: a}, " : kind == "virtualHost" ? "match: {}, " : "";
    const auto violations = [&](const std::string& modification) {
      return CheckPolicy("MeshProxyPatch", "default: {appendModifications: [{" + kind + ": {" + modification + "}}]}").violations;
    };
    const auto told = [&](const std::string& field, const std::string& message) {
      return std::vector<std::string>{at + "[0]." + kind + field + ": " + message};
    };
    INFO(kind);
    CHECK(violations("match: {name: a}, operation: Remove, value: x") == told(".value", "must not be defined"));
    CHECK(violations(match + "operation: Patch") == told("", kind + " must have exactly one defined: value, jsonPatches"));
    CHECK(violations(match + "operation: Patch, value: x, jsonPatches: [{op: remove, path: /a}]") ==
          told("", kind + " must have only one type defined: value, jsonPatches"));
    CHECK(violations(match + "operation: Patch, value: '1'") == told(".value", no_object));
    CHECK(violations(match + "operation: Patch, jsonPatches: [{op: copy, path: /a}]") ==
          told(".jsonPatches[0].from", R"("from" must not be empty when "op" is one of ["move", "copy"])"));
    if (!filter) {
      CHECK(violations((kind == "virtualHost" ? match : "") + "operation: Add") == told(".value", "must be defined"));
      CHECK(violations("match: {name: a}, operation: Add, value: '1'") ==
            std::vector<std::string>{at + "[0]." + kind + (kind == "virtualHost" ? ".match.name" : ".match") + ": must not be defined",
                                     at + "[0]." + kind + ".value: " + no_object});
      continue;
    }
    CHECK(violations("operation: Patch, value: '{}'") == told(".match.name", "must be defined"));
    CHECK(violations("operation: AddFirst") == told(".value", "must be defined"));
    CHECK(violations("operation: AddLast, value: '1'") == told(".value", no_object));
    for (const std::string side : {"before", "after"}) {
      CHECK(violations(std::string("operation: ") + (side == "before" ? "AddBefore" : "AddAfter") + ", value: 'name: a'") ==
            told(".match.name", "must be defined. You need to pick a filter " + side + " which this one will be added"));
    }
  }
  const Checked unknown =
      CheckPolicy("MeshProxyPatch", "default: {appendModifications: [{cluster: {operation: Patch, value: 'nonsense: 1'}}]}");
  REQUIRE(unknown.violations.size() == 1);
  CHECK(unknown.violations.front().starts_with(at + "[0].cluster.value: native Envoy resource is not valid: "));
}

}  // namespace
}  // namespace kuma
