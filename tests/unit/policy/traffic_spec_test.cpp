// Messages of the policies on permissions, timeouts, retries, limits, TLS and routes.
#include "tests/unit/policy/spec_fixture.h"

namespace kuma {
namespace {

TEST_CASE("MeshTrafficPermission") {
  RunSpecCases({
      {"nothing", "MeshTrafficPermission", "{}", {"spec: at least one of 'from' or 'rules' has to be defined"}},
      {"both lists",
       "MeshTrafficPermission",
       "from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]\nrules: [{default: {allow: [{}]}}]",
       {"spec: field 'from' must be empty when 'rules' is defined"}},
      {"entries",
       "MeshTrafficPermission",
       "from: [{targetRef: {kind: Mesh}}, {targetRef: {kind: Dataplane}, default: {action: Deny}}]",
       {"spec.from[0].default.action: must be defined", "spec.from[1].targetRef.kind: value 'Dataplane' is not supported"}},
      {"empty rule",
       "MeshTrafficPermission",
       "rules: [{default: {}}]",
       {"spec.rules[0]: at least one of 'allow', 'allowWithShadowDeny', 'deny' has to be defined"}},
      {"matches",
       "MeshTrafficPermission",
       "rules: [{default: {deny: [{spiffeID: {type: Exact, value: x}}], allow: [{sni: {type: Exact, value: 'A'}}]}}]",
       {"spec.rules[0].allow[0].sni.value: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
        "and must "
        "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        "spec.rules[0].deny[0].spiffeID: must be a valid Spiffe ID: scheme is missing or invalid"}},
      {"targets",
       "MeshTrafficPermission",
       "targetRef: {kind: MeshGateway, name: g}\nfrom: [{targetRef: {kind: MeshGateway, name: g}, default: {action: Allow}}]",
       {"spec.from[0].targetRef.kind: value 'MeshGateway' is not supported", "spec.targetRef.kind: value 'MeshGateway' is not supported"}},
      {"matches of every list",
       "MeshTrafficPermission",
       "rules: [{default: {allow: [{spiffeID: {type: Exact, value: x}}], allowWithShadowDeny: [{sni: {type: Exact, value: ''}}], deny: "
       "[{sni: {type: Exact, value: ''}}]}}]",
       {"spec.rules[0].allowWithShadowDeny[0].sni.value: must be set",
        "spec.rules[0].allow[0].spiffeID: must be a valid Spiffe ID: scheme is missing or invalid",
        "spec.rules[0].deny[0].sni.value: must be set"}},
  });
}

TEST_CASE("MeshTimeout") {
  RunSpecCases({
      {"nothing", "MeshTimeout", "{}", {"spec: at least one of 'from', 'to' or 'rules' has to be defined"}},
      {"rules with to",
       "MeshTimeout",
       "to: [{targetRef: {kind: Mesh}, default: {idleTimeout: 1s}}]\nrules: [{default: {idleTimeout: 0s}}]",
       {"spec: fields 'to' and 'from' must be empty when 'rules' is defined"}},
      {"signs",
       "MeshTimeout",
       "to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 0s, idleTimeout: -1s, http: {requestTimeout: -1s, "
       "requestHeadersTimeout: -2s}}}]",
       {"spec.to[0].default.connectionTimeout: must be greater than zero when defined",
        "spec.to[0].default.http.requestHeadersTimeout: must not be negative when defined",
        "spec.to[0].default.http.requestTimeout: must not be negative when defined",
        "spec.to[0].default.idleTimeout: must not be negative when defined"}},
      {"empty http",
       "MeshTimeout",
       "rules: [{default: {http: {requestHeadersTimeout: 1s}}}, {}]",
       {"spec.rules[0].default.http: at least one timeout in this section should be configured",
        "spec.rules[1].default: at least one timeout should be configured"}},
      {"of a gateway",
       "MeshTimeout",
       "targetRef: {kind: MeshGateway, name: g}\nfrom: [{targetRef: {kind: Mesh}, default: {idleTimeout: 1s}}]\nto: [{targetRef: {kind: "
       "MeshService, name: "
       "a}, default: {idleTimeout: 1s}}]",
       {"spec.from: must not be defined", "spec.to[0].targetRef.kind: value 'MeshService' is not supported"}},
      {"of a route",
       "MeshTimeout",
       "targetRef: {kind: MeshHTTPRoute, name: r}\nto: [{targetRef: {kind: Mesh}, default: {idleTimeout: 1s, http: {maxStreamDuration: "
       "1s}}}]",
       {"spec.to[0].default.http.maxStreamDuration: can't be specified when top-level TargetRef is referencing MeshHTTPRoute",
        "spec.to[0].default.idleTimeout: can't be specified when top-level TargetRef is referencing MeshHTTPRoute"}},
      {"by client",
       "MeshTimeout",
       "rules: [{matches: [{}, {spiffeID: {type: Exact, value: 'spiffe://a/b'}}], default: {connectionTimeout: 1s, http: {requestTimeout: "
       "1s}}}]",
       {"spec.rules[0].default.connectionTimeout: can't be specified when matches contain spiffeID because this field cannot be "
        "conditioned on source identity",
        "spec.rules[0].matches[0]: must specify at least one of 'spiffeID' or 'sni'"}},
      {"targets",
       "MeshTimeout",
       "targetRef: {kind: MeshExternalService, name: e}\nfrom: [{targetRef: {kind: MeshSubset}, default: {idleTimeout: 1s}}]\nto: "
       "[{targetRef: {kind: MeshSubset}, default: {idleTimeout: 1s}}]",
       {"spec.from[0].targetRef.kind: value 'MeshSubset' is not supported",
        "spec.targetRef.kind: value 'MeshExternalService' is not supported",
        "spec.to[0].targetRef.kind: value 'MeshSubset' is not supported"}},
      {"lists",
       "MeshTimeout",
       "to: [{targetRef: {kind: Mesh}}]\nfrom: [{targetRef: {kind: Mesh}}]",
       {"spec.from[0].default: at least one timeout should be configured",
        "spec.to[0].default: at least one timeout should be configured"}},
      {"signs of streams",
       "MeshTimeout",
       "to: [{targetRef: {kind: Mesh}, default: {http: {streamIdleTimeout: -1s, maxStreamDuration: -1s, maxConnectionDuration: -1s}}}]",
       {"spec.to[0].default.http.maxConnectionDuration: must not be negative when defined",
        "spec.to[0].default.http.maxStreamDuration: must not be negative when defined",
        "spec.to[0].default.http.streamIdleTimeout: must not be negative when defined"}},
      {"of a route: all",
       "MeshTimeout",
       "targetRef: {kind: MeshHTTPRoute, name: r}\nto: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 1s, http: "
       "{maxConnectionDuration: 1s, requestTimeout: 1s}}}]",
       {"spec.to[0].default.connectionTimeout: can't be specified when top-level TargetRef is referencing MeshHTTPRoute",
        "spec.to[0].default.http.maxConnectionDuration: can't be specified when top-level TargetRef is referencing MeshHTTPRoute"}},
      {"from of a route",
       "MeshTimeout",
       "targetRef: {kind: MeshHTTPRoute, name: r}\nfrom: [{targetRef: {kind: Mesh}, default: {idleTimeout: 1s}}]",
       {"spec.from: must not be defined"}},
      {"by client: all",
       "MeshTimeout",
       "rules: [{matches: [{spiffeID: {type: Exact, value: 'spiffe://a/b'}}], default: {idleTimeout: 1s, http: {requestHeadersTimeout: 1s, "
       "maxStreamDuration: 1s, maxConnectionDuration: 1s}}}]",
       {"spec.rules[0].default.http.maxConnectionDuration: can't be specified when matches contain spiffeID because this field cannot be "
        "conditioned on source identity",
        "spec.rules[0].default.http.maxStreamDuration: can't be specified when matches contain spiffeID because this field cannot be "
        "conditioned on source identity",
        "spec.rules[0].default.http.requestHeadersTimeout: can't be specified when matches contain spiffeID because this field cannot be "
        "conditioned on source identity",
        "spec.rules[0].default.idleTimeout: can't be specified when matches contain spiffeID because this field cannot be conditioned on "
        "source identity"}},
  });
  CHECK(CheckPolicy("MeshTimeout", "to: [{targetRef: {kind: Mesh}, default: {idleTimeout: abc}}]").fatal ==
        "time: invalid duration \"abc\"");
  CHECK(
      CheckPolicy("MeshTimeout", "to: [{targetRef: {kind: Mesh}, default: {idleTimeout: 90m}}]").spec["to"][0]["default"]["idleTimeout"] ==
      "1h30m0s");
}

TEST_CASE("MeshRetry") {
  const auto conf = [](const std::string& text) { return "to: [{targetRef: {kind: Mesh}, default: " + text + "}]"; };
  const std::string nothing = conf("{}");
  const std::string empty_sections = conf("{tcp: {}, http: {}, grpc: {}}");
  const std::string details = conf(
      "{tcp: {maxConnectAttempt: 0}, http: {retryOn: ['503', '599', 5xx, HttpMethodGet, Get], backOff: {}, rateLimitedBackOff: "
      "{maxInterval: 0s}, "
      "hostSelection: [{predicate: OmitHostsWithTags}, {predicate: OmitPreviousPriorities}, {predicate: OmitPreviousPriorities, "
      "updateFrequency: 0}]}}");
  RunSpecCases({
      {"nothing", "MeshRetry", nothing.c_str(), {"spec.to[0].default.conf: at least one of the 'tcp', 'http', 'grpc' must be specified"}},
      {"empty sections",
       "MeshRetry",
       empty_sections.c_str(),
       {"spec.to[0].default.conf.grpc: must not be empty", "spec.to[0].default.conf.http: must not be empty",
        "spec.to[0].default.conf.tcp: must not be empty"}},
      {"details",
       "MeshRetry",
       details.c_str(),
       {"spec.to[0].default.conf.http.backOff: must not be empty", "spec.to[0].default.conf.http.hostSelection[0].tags: must be defined",
        "spec.to[0].default.conf.http.hostSelection[2].predicate: OmitPreviousPriorities must only be specified once",
        "spec.to[0].default.conf.http.hostSelection[2].updateFrequency: must be defined and greater than zero",
        "spec.to[0].default.conf.http.rateLimitedBackOff.maxInterval: must be defined and greater than zero",
        "spec.to[0].default.conf.http.rateLimitedBackOff.resetHeaders: must be defined",
        "spec.to[0].default.conf.http.retryOn[1]: unknown item '599'", "spec.to[0].default.conf.http.retryOn[4]: unknown item 'Get'",
        "spec.to[0].default.conf.tcp.maxConnectAttempt: must be greater than 0"}},
      {"targets",
       "MeshRetry",
       "targetRef: {kind: MeshExternalService, name: e}\nto: [{targetRef: {kind: MeshSubset}, default: {tcp: {maxConnectAttempt: 1}}}]",
       {"spec.targetRef.kind: value 'MeshExternalService' is not supported",
        "spec.to[0].targetRef.kind: value 'MeshSubset' is not supported"}},
      {"of a gateway",
       "MeshRetry",
       "targetRef: {kind: MeshGateway, name: g}\nto: [{targetRef: {kind: MeshService, name: a}, default: {tcp: {maxConnectAttempt: 1}}}]",
       {"spec.to[0].targetRef.kind: value 'MeshService' is not supported"}},
      {"of a route",
       "MeshRetry",
       "targetRef: {kind: MeshHTTPRoute, name: r}\nto: [{targetRef: {kind: MeshHTTPRoute, name: r}, default: {tcp: {maxConnectAttempt: "
       "1}}}]",
       {"spec.to[0].targetRef.kind: value 'MeshHTTPRoute' is not supported"}},
      {"back-offs of gRPC",
       "MeshRetry",
       "to: [{targetRef: {kind: Mesh}, default: {grpc: {backOff: {}, rateLimitedBackOff: {maxInterval: 0s}}}}]",
       {"spec.to[0].default.conf.grpc.backOff: must not be empty",
        "spec.to[0].default.conf.grpc.rateLimitedBackOff.maxInterval: must be defined and greater than zero",
        "spec.to[0].default.conf.grpc.rateLimitedBackOff.resetHeaders: must be defined"}},
      {"host selection 2",
       "MeshRetry",
       "to: [{targetRef: {kind: Mesh}, default: {http: {hostSelection: [{predicate: OmitPreviousPriorities, updateFrequency: -1}]}}}]",
       {"spec.to[0].default.conf.http.hostSelection[0].updateFrequency: must be defined and greater than zero"}},
  });
}

TEST_CASE("MeshCircuitBreaker") {
  RunSpecCases({
      {"rules are told as from",
       "MeshCircuitBreaker",
       "rules: [{default: {}}]",
       {"spec.from[0].default: at least one of: 'connectionLimits' or 'outlierDetection' should be configured"}},
      {"values",
       "MeshCircuitBreaker",
       "to: [{targetRef: {kind: Mesh}, default: {connectionLimits: {maxRetries: 0}, outlierDetection: {interval: 0s, maxEjectionPercent: "
       "101, "
       "healthyPanicThreshold: 'x', detectors: {successRate: {standardDeviationFactor: '0'}, failurePercentage: {threshold: 101}}}}}]",
       {"spec.to[0].default.connectionLimits.maxRetries: must be greater than 0",
        "spec.to[0].default.outlierDetection.detectors.failurePercentage.threshold: must be in inclusive range [0, 100]",
        "spec.to[0].default.outlierDetection.detectors.successRate.standardDeviationFactor: must be greater than 0",
        "spec.to[0].default.outlierDetection.healthyPanicThreshold: string must be a valid number",
        "spec.to[0].default.outlierDetection.interval: must be greater than zero when defined",
        "spec.to[0].default.outlierDetection.maxEjectionPercent: must be in inclusive range [0, 100]"}},
      {"detectors",
       "MeshCircuitBreaker",
       "to: [{targetRef: {kind: Mesh}, default: {outlierDetection: {}}}, {targetRef: {kind: Mesh}, default: {outlierDetection: {detectors: "
       "{}}}}]",
       {"spec.to[0].default.outlierDetection.detectors: must be defined",
        "spec.to[1].default.outlierDetection.detectors: must have at least one defined: totalFailures, gatewayFailures, "
        "localOriginFailures, "
        "successRate, failurePercentage"}},
      {"nothing", "MeshCircuitBreaker", "{}", {"spec: at least one of 'from', 'to' or 'rules' has to be defined"}},
      {"targets",
       "MeshCircuitBreaker",
       "targetRef: {kind: MeshHTTPRoute, name: r}\nfrom: [{targetRef: {kind: MeshSubset}, default: {outlierDetection: {detectors: "
       "{totalFailures: {}}}}}]\nto: [{targetRef: {kind: MeshHTTPRoute, name: r}, default: {connectionLimits: {}}}]",
       {"spec.from[0].targetRef.kind: value 'MeshSubset' is not supported", "spec.targetRef.kind: value 'MeshHTTPRoute' is not supported",
        "spec.to[0].targetRef.kind: value 'MeshHTTPRoute' is not supported"}},
      {"rules with to",
       "MeshCircuitBreaker",
       "rules: [{default: {connectionLimits: {maxRetries: 1}}}]\nto: [{targetRef: {kind: Mesh}}]",
       {"spec: fields 'to' and 'from' must be empty when 'rules' is defined",
        "spec.to[0].default: at least one of: 'connectionLimits' or 'outlierDetection' should be configured"}},
      {"limits",
       "MeshCircuitBreaker",
       "to: [{targetRef: {kind: Mesh}, default: {connectionLimits: {maxConnections: 0, maxConnectionPools: 0, maxPendingRequests: 0, "
       "maxRequests: 0}}}]",
       {"spec.to[0].default.connectionLimits.maxConnectionPools: must be greater than 0",
        "spec.to[0].default.connectionLimits.maxConnections: must be greater than 0",
        "spec.to[0].default.connectionLimits.maxPendingRequests: must be greater than 0",
        "spec.to[0].default.connectionLimits.maxRequests: must be greater than 0"}},
      {"detection",
       "MeshCircuitBreaker",
       "to: [{targetRef: {kind: Mesh}, default: {outlierDetection: {baseEjectionTime: -1s, healthyPanicThreshold: 101, detectors: "
       "{totalFailures: {consecutive: 0}, gatewayFailures: {consecutive: 0}, localOriginFailures: {consecutive: 0}, successRate: "
       "{minimumHosts: 0, requestVolume: 0, standardDeviationFactor: x}, failurePercentage: {minimumHosts: 0, requestVolume: 0}}}}}]",
       {"spec.to[0].default.outlierDetection.baseEjectionTime: must be greater than zero when defined",
        "spec.to[0].default.outlierDetection.detectors.failurePercentage.minimumHosts: must be greater than 0",
        "spec.to[0].default.outlierDetection.detectors.failurePercentage.requestVolume: must be greater than 0",
        "spec.to[0].default.outlierDetection.detectors.gatewayFailures.consecutive: must be greater than 0",
        "spec.to[0].default.outlierDetection.detectors.localOriginFailures.consecutive: must be greater than 0",
        "spec.to[0].default.outlierDetection.detectors.successRate.minimumHosts: must be greater than 0",
        "spec.to[0].default.outlierDetection.detectors.successRate.requestVolume: must be greater than 0",
        "spec.to[0].default.outlierDetection.detectors.successRate.standardDeviationFactor: invalid number",
        "spec.to[0].default.outlierDetection.detectors.totalFailures.consecutive: must be greater than 0",
        "spec.to[0].default.outlierDetection.healthyPanicThreshold: must be in inclusive range [0.0, 100.0]"}},
  });
}

TEST_CASE("MeshTLS") {
  RunSpecCases({
      {"only of the mesh",
       "MeshTLS",
       "targetRef: {kind: MeshSubset}\nrules: [{default: {tlsVersion: {min: TLS12}, tlsCiphers: [ECDHE-RSA-AES128-GCM-SHA256]}}]",
       {"spec.rules[0].default.tlsCiphers: tlsCiphers can only be defined with top level targetRef kind: Mesh",
        "spec.rules[0].default.tlsVersion: tlsVersion can only be defined with top level targetRef kind: Mesh"}},
      {"order of versions",
       "MeshTLS",
       "from: [{targetRef: {kind: MeshSubset}, default: {tlsVersion: {min: TLS13, max: TLS12}}}]",
       {"spec.from[0].default.tlsVersion.min: min version must be lower than max",
        "spec.from[0].targetRef.kind: value 'MeshSubset' is not supported"}},
      {"targets",
       "MeshTLS",
       "targetRef: {kind: MeshService, name: a}\nrules: [{default: {mode: Strict}}]",
       {"spec.targetRef.kind: value 'MeshService' is not supported"}},
      {"both lists",
       "MeshTLS",
       "from: [{targetRef: {kind: Mesh}, default: {mode: Strict}}]\nrules: [{default: {tlsVersion: {min: TLS13, max: TLS12}}}]",
       {"spec: field 'from' must be empty when 'rules' is defined",
        "spec.rules[0].default.tlsVersion.min: min version must be lower than max"}},
      {"from of a part",
       "MeshTLS",
       "targetRef: {kind: Dataplane}\nfrom: [{targetRef: {kind: Mesh}, default: {tlsVersion: {min: TLS12}, tlsCiphers: "
       "[ECDHE-RSA-AES128-GCM-SHA256]}}]",
       {"spec.from[0].default.tlsCiphers: tlsCiphers can only be defined with top level targetRef kind: Mesh",
        "spec.from[0].default.tlsVersion: tlsVersion can only be defined with top level targetRef kind: Mesh"}},
  });
}

TEST_CASE("MeshHTTPRoute") {
  const auto rule = [](const std::string& matches, const std::string& conf) {
    return "to: [{targetRef: {kind: MeshService, name: a}, rules: [{matches: [" + matches + "], default: " + conf + "}]}]";
  };
  const std::string paths =
      rule("{path: {type: PathPrefix, value: a/}}, {path: {type: Exact, value: a}}, {path: {type: RegularExpression, value: a}}", "{}");
  const std::string others = rule(
      "{queryParams: [{type: Exact, name: q, value: x}, {type: Exact, name: q, value: y}], headers: [{type: Present, name: h, value: x}]}",
      "{}");
  const std::string filters = rule(
      "{}",
      "{filters: [{type: RequestHeaderModifier}, {type: ResponseHeaderModifier, responseHeaderModifier: {}}, {type: RequestRedirect, "
      "requestRedirect: {hostname: 1.2.3.4, path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}, {type: URLRewrite, urlRewrite: "
      "{hostname: a, "
      "hostToBackendHostname: true}}, {type: RequestMirror, requestMirror: {backendRef: {kind: MeshMultiZoneService, name: m}}}, {type: "
      "RequestHeaderModifier, requestHeaderModifier: {set: [{name: a, value: b}], remove: [a]}}]}");
  const std::string backends = rule(
      "{}", "{backendRefs: [{kind: MeshMultiZoneService, name: m}, {kind: MeshService, name: kuma.io/unresolved-backend}, {kind: Mesh}]}");
  const std::string at = "spec.to[0].rules[0].default.filters";
  RunSpecCases({
      {"paths",
       "MeshHTTPRoute",
       paths.c_str(),
       {"spec.to[0].rules[0].matches[0].path.value: does not need a trailing slash because only a `/`-separated prefix or an entire path "
        "is matched",
        "spec.to[0].rules[0].matches[0].path.value: must be an absolute path",
        "spec.to[0].rules[0].matches[1].path.value: must be an absolute path"}},
      {"queries and headers",
       "MeshHTTPRoute",
       others.c_str(),
       {"spec.to[0].rules[0].matches[0].headers[0].value: must not be defined",
        "spec.to[0].rules[0].matches[0].queryParams[1].name: multiple entries for name q"}},
      {"filters",
       "MeshHTTPRoute",
       filters.c_str(),
       {at + "[0].requestHeaderModifier: must be defined",
        at + "[1].responseHeaderModifier: must have at least one defined: set, add, remove",
        at + "[2].requestRedirect.hostname: cannot be an IP address",
        at + "[2].requestRedirect.path.replacePrefixMatch: can only appear if all matches match a path prefix",
        at + "[3].urlRewrite.hostToBackendHostname: can only be set with MeshGateway",
        at + "[3].urlRewrite.hostToBackendHostname: cannot be set together with hostname",
        at + "[4].requestMirror.backendRef.kind: value 'MeshMultiZoneService' is not supported",
        at + "[5].requestHeaderModifier.remove[0].name: duplicate header name"}},
      {"backends",
       "MeshHTTPRoute",
       backends.c_str(),
       {"spec.to[0].rules[0].default.backendRefs[0].port: must be defined with kind MeshMultiZoneService",
        "spec.to[0].rules[0].default.backendRefs[2].kind: value 'Mesh' is not supported"}},
      {"of a gateway",
       "MeshHTTPRoute",
       "targetRef: {kind: MeshGateway, name: g}\nto: [{hostnames: [a], targetRef: {kind: MeshService, name: a}, rules: [{matches: [{}], "
       "default: {}}]}]",
       {"spec.to[0].rules[0].default.backendRefs: must not be empty", "spec.to[0].targetRef.kind: value 'MeshService' is not supported"}},
      {"hostnames",
       "MeshHTTPRoute",
       "to: [{hostnames: [a], targetRef: {kind: MeshService, name: a}, rules: []}]",
       {"spec.to[0].hostnames: must not be defined"}},
      {"status",
       "MeshHTTPRoute",
       "to: [{targetRef: {kind: MeshService, name: a}, rules: [{matches: [{}], default: {filters: [{type: RequestRedirect, "
       "requestRedirect: {statusCode: 304}}]}}]}]",
       {at + "[0].requestRedirect.statusCode: in body should be one of [301 302 303 307 308]"}},
      {"targets",
       "MeshHTTPRoute",
       "targetRef: {kind: MeshHTTPRoute, name: r}\nto: [{targetRef: {kind: Mesh}, rules: []}]",
       {"spec.targetRef.kind: value 'MeshHTTPRoute' is not supported", "spec.to[0].targetRef.kind: value 'Mesh' is not supported"}},
      {"absent header",
       "MeshHTTPRoute",
       "to: [{targetRef: {kind: MeshService, name: a}, rules: [{matches: [{headers: [{type: Absent, name: h, value: x}]}], default: {}}]}]",
       {"spec.to[0].rules[0].matches[0].headers[0].value: must not be defined"}},
      {"filters without configuration",
       "MeshHTTPRoute",
       "to: [{targetRef: {kind: MeshService, name: a}, rules: [{matches: [{path: {type: Exact, value: /}}], default: {filters: [{type: "
       "ResponseHeaderModifier}, {type: RequestHeaderModifier, requestHeaderModifier: {}}, {type: RequestRedirect}, {type: URLRewrite}, "
       "{type: RequestMirror}]}}]}]",
       {"spec.to[0].rules[0].default.filters[0].responseHeaderModifier: must be defined",
        "spec.to[0].rules[0].default.filters[1].requestHeaderModifier: must have at least one defined: set, add, remove",
        "spec.to[0].rules[0].default.filters[2].requestRedirect: must be defined",
        "spec.to[0].rules[0].default.filters[3].urlRewrite: must be defined",
        "spec.to[0].rules[0].default.filters[4].requestMirror: must be defined"}},
      {"rewrites",
       "MeshHTTPRoute",
       "to: [{targetRef: {kind: MeshService, name: a}, rules: [{matches: [{path: {type: Exact, value: /}}], default: {filters: [{type: "
       "URLRewrite, urlRewrite: {hostname: 1.1.1.1, path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}, {type: "
       "ResponseHeaderModifier, responseHeaderModifier: {set: [{name: a, value: b}], add: [{name: a, value: b}], remove: [a]}}]}}]}]",
       {"spec.to[0].rules[0].default.filters[0].urlRewrite.hostname: cannot be an IP address",
        "spec.to[0].rules[0].default.filters[0].urlRewrite.path.replacePrefixMatch: can only appear if all matches match a path prefix",
        "spec.to[0].rules[0].default.filters[1].responseHeaderModifier.add[0].name: duplicate header name",
        "spec.to[0].rules[0].default.filters[1].responseHeaderModifier.remove[0].name: duplicate header name"}},
      {"backends by kind",
       "MeshHTTPRoute",
       "to: [{targetRef: {kind: MeshService, name: a}, rules: [{matches: [{path: {type: Exact, value: /}}], default: {backendRefs: [{kind: "
       "MeshServiceSubset, tags: {a: b}}, {kind: MeshService, name: A}, {kind: MeshExternalService}]}}]}]",
       {"spec.to[0].rules[0].default.backendRefs[0].name: must be set when kind is MeshServiceSubset",
        "spec.to[0].rules[0].default.backendRefs[1].name: invalid characters: must consist of lower case alphanumeric characters, '-', '.' "
        "and '_'.",
        "spec.to[0].rules[0].default.backendRefs[2]: name or labels must be set when kind is MeshExternalService"}},
  });
  const Checked defaults = CheckPolicy("MeshHTTPRoute", rule("{}", "{backendRefs: [{kind: MeshService, name: b}]}"));
  CHECK(defaults.spec["to"][0]["rules"][0]["default"]["backendRefs"][0]["weight"] == 1);
  CHECK_FALSE(defaults.spec["to"][0].contains("default"));
}

TEST_CASE("confs of routes") {
  const PolicyTraits& http = *PolicyTypes().Find("MeshHTTPRoute")->policy;
  const Json entry = {{"targetRef", {{"kind", "Mesh"}}}, {"rules", {1, 2}}, {"hostnames", {"a"}}};
  Json conf = http.conf_of_entry(entry);
  CHECK(conf == Json({{"rules", {2, 1}}, {"hostnames", {"a"}}}));
  http.after_merge(conf);
  CHECK(conf["rules"] == Json({1, 2}));

  const PolicyTraits& tcp = *PolicyTypes().Find("MeshTCPRoute")->policy;
  CHECK(tcp.conf_of_entry({{"targetRef", {{"kind", "MeshService"}, {"name", "a"}}}, {"rules", Json::array()}}) ==
        Json::parse(R"({"default":{"backendRefs":[{"kind":"MeshService","name":"a","weight":1}]}})"));
  CHECK(tcp.conf_of_entry({{"rules", {{{"default", 1}}}}}) == Json({{"default", 1}}));
}

TEST_CASE("MeshTCPRoute") {
  RunSpecCases({
      {"no backends",
       "MeshTCPRoute",
       "to: [{targetRef: {kind: Mesh}, rules: [{default: {}}]}]",
       {"spec.to[0].rules[0].default.backendRefs: must be defined", "spec.to[0].targetRef.kind: value 'Mesh' is not supported"}},
      {"two rules",
       "MeshTCPRoute",
       "to: [{targetRef: {kind: MeshService, name: a}, rules: [{default: {}}, {default: {}}]}]",
       {"spec.to[0].rules: in body should have at most 1 items"}},
      {"empty", "MeshTCPRoute", "to: []", {"spec.to: in body should have at least 1 items"}},
      {"targets",
       "MeshTCPRoute",
       "targetRef: {kind: MeshHTTPRoute, name: r}\nto: [{targetRef: {kind: MeshSubset}, rules: [{default: {backendRefs: [{kind: Mesh}, "
       "{kind: MeshMultiZoneService, name: m}, {kind: MeshService, name: A}]}}]}]",
       {"spec.targetRef.kind: value 'MeshHTTPRoute' is not supported",
        "spec.to[0].rules[0].default.backendRefs[0].kind: value 'Mesh' is not supported",
        "spec.to[0].rules[0].default.backendRefs[1].port: must be defined with kind MeshMultiZoneService",
        "spec.to[0].rules[0].default.backendRefs[2].name: invalid characters: must consist of lower case alphanumeric characters, '-', '.' "
        "and '_'.",
        "spec.to[0].targetRef.kind: value 'MeshSubset' is not supported"}},
      {"of a gateway",
       "MeshTCPRoute",
       "targetRef: {kind: MeshGateway, name: g}\nto: [{targetRef: {kind: MeshService, name: a}, rules: []}]",
       {"spec.to[0].targetRef.kind: value 'MeshService' is not supported"}},
  });
}

}  // namespace
}  // namespace kuma
