// The table of rules. A new rule is a row here and a check that reports it.
#include <algorithm>

#include "pkg/analysis/finding.h"

namespace kuma::analysis {

std::string_view SeverityName(Severity severity) {
  return severity == Severity::kError ? "error" : severity == Severity::kWarning ? "warning" : "info";
}

std::optional<Severity> ParseSeverity(std::string_view text) {
  for (const Severity severity : {Severity::kInfo, Severity::kWarning, Severity::kError}) {
    if (SeverityName(severity) == text) return severity;
  }
  return std::nullopt;
}

const std::vector<Rule>& Rules() {
  using enum Severity;
  static const std::vector<Rule> kRules = {
      {"client-outlives-server", kWarning, "A client waits longer than the server works on a request",
       "When the server's own timeout ends first, clients see its error instead of their own timeout, and work is thrown away.\n"
       "Make requestTimeout of `to` at most that of `from` or `rules` on the server's side.",
       "to:\n- targetRef: {kind: Mesh}\n  default: {http: {requestTimeout: 30s}}\nfrom:\n- targetRef: {kind: Mesh}\n  default: {http: "
       "{requestTimeout: 10s}}"},
      {"dangling-backend", kError, "A route or telemetry setting sends to something that does not exist",
       "A rule whose backends are all missing is left out, so its requests take another rule's way; telemetry without a backend is not sent.\n"
       "Check name, labels and port of the backendRef.",
       "backendRefs:\n- kind: MeshService\n  name: no-such-service\n  port: 80"},
      {"dangling-secret", kError, "A secret is used that the mesh does not have",
       "Certificates and keys come from secrets of the same mesh. Without them no certificate is issued or no TLS is possible, and the\n"
       "service is left out.",
       "tls:\n  enabled: true\n  caCert: {secret: no-such-secret}"},
      {"dangling-target", kWarning, "A targetRef names a service, section or route that does not exist",
       "The entry takes no part in the merge and has no effect. Names in targetRef are names of resources, or values of kuma.io/service.",
       "to:\n- targetRef: {kind: MeshService, name: no-such-service}"},
      {"deprecated", kWarning, "A deprecated field or form is used",
       "It works today and will go away. The message says what to write instead.", "targetRef: {kind: MeshSubset, tags: {version: v1}}"},
      {"duplicate-match", kWarning, "Two rules of a route have the same matches",
       "They are merged to one or the first one takes all requests.",
       "rules:\n- matches: [{path: {type: PathPrefix, value: /}}]\n- matches: [{path: {type: PathPrefix, value: /}}]"},
      {"duplicate-resource", kError, "A resource is written more than once",
       "The last one applied wins, which depends on the order of files.",
       "{type: MeshRetry, name: r, mesh: default}\n---\n{type: MeshRetry, name: r, mesh: default}"},
      {"faulty-piece", kWarning, "A piece of a proxy's configuration is left out",
       "The piece cannot be turned into configuration that Envoy takes. It is left out or answered with an error, the rest is served.",
       "networking:\n  inbound:\n  - {port: 80, tags: {kuma.io/service: web, kuma.io/protocol: tls}}"},
      {"generator-matches-nothing", kInfo, "A HostnameGenerator selects no service",
       "No hostname is made of it. Check the labels of its selector.", "selector:\n  meshService: {matchLabels: {team: nobody}}"},
      {"health-check-empty", kWarning, "A health check checks nothing",
       "Without tcp, http or grpc, or with all of them disabled, endpoints are never probed.",
       "to:\n- targetRef: {kind: Mesh}\n  default: {interval: 10s}"},
      {"health-check-slow", kWarning, "A health check waits longer than its interval",
       "Probes overlap their successors; choose a timeout below the interval.", "default: {interval: 2s, timeout: 10s, tcp: {}}"},
      {"identity-matches-nothing", kWarning, "A MeshIdentity selects no proxy",
       "Nobody gets an identity of it. An absent selector selects nothing; an empty one selects all.",
       "selector:\n  dataplane: {matchLabels: {app: nobody}}"},
      {"identity-without-trust", kWarning, "A MeshIdentity has a trust domain that no MeshTrust has",
       "Servers refuse identities whose trust domain is in no MeshTrust of the mesh.", "spiffeID: {trustDomain: elsewhere}"},
      {"idle-before-request", kWarning, "An idle timeout is shorter than the request timeout",
       "A request that is answered slowly is ended by the idle timeout, which looks like a broken connection.",
       "default: {idleTimeout: 5s, http: {requestTimeout: 15s}}"},
      {"invalid-resource", kError, "A document is no valid resource", "A control plane would not accept it.",
       "type: MeshRetry\nname: r\nspec: {to: 7}"},
      {"matches-no-proxy", kWarning, "A policy selects no proxy",
       "It has no effect until a proxy with these labels, tags, name or section appears.",
       "targetRef: {kind: Dataplane, labels: {app: nobody}}"},
      {"missing-mesh", kError, "The resource's mesh does not exist", "A control plane refuses resources of meshes that do not exist.",
       "mesh: nowhere"},
      {"mtls-without-permission", kError, "mTLS is on and nothing is allowed",
       "With mTLS every request needs a MeshTrafficPermission; without any all traffic of the mesh is refused.",
       "type: Mesh\nname: default\nmtls: {enabledBackend: ca-1, backends: [{name: ca-1, type: builtin}]}"},
      {"open-permission", kWarning, "A permission lets everybody call everything",
       "It makes all other permissions of the mesh pointless. Allow clients one by one.",
       "type: MeshTrafficPermission\nspec:\n  targetRef: {kind: Mesh}\n  from: [{targetRef: {kind: Mesh}, default: {action: Allow}}]"},
      {"permission-without-mtls", kWarning, "A policy needs mTLS, which the mesh does not have",
       "Clients are told apart by their certificates; without mTLS the policy has no effect.", "type: MeshTrafficPermission"},
      {"permissive-mtls", kWarning, "Plain text is accepted beside mTLS",
       "PERMISSIVE is for the time of a migration: permissions do not hold for plain text.", "mode: PERMISSIVE"},
      {"protocol-mismatch", kWarning, "An HTTP policy is for something that does not speak HTTP",
       "Only inbounds, services and ports with the protocol http, http2 or grpc have requests that the policy can work on.",
       "type: MeshHTTPRoute\nspec:\n  to: [{targetRef: {kind: MeshService, name: database}}]"},
      {"rejected", kError, "Envoy rejected a proxy's configuration",
       "The proxy keeps the last configuration that it accepted. The message is Envoy's; the resource is the patch that touched what it "
       "names.",
       "type: MeshProxyPatch"},
      {"retry-exceeds-timeout", kWarning, "Retries take longer than the whole request may",
       "The request timeout covers all tries, so the last ones are cut off or never made.",
       "type: MeshRetry\nspec: {to: [{targetRef: {kind: Mesh}, default: {http: {numRetries: 5, perTryTimeout: 10s}}}]}"},
      {"service-without-proxy", kWarning, "A MeshService selects no proxy", "Calls to it have no endpoint and fail with 503.",
       "selector: {dataplaneTags: {kuma.io/service: nobody}}"},
      {"shadow-mode", kInfo, "A policy is in shadow mode", "It is shown by dry runs only (kuma.io/effect: shadow).",
       "labels: {kuma.io/effect: shadow}"},
      {"shadowed-policy", kWarning, "Another policy overrides all that an entry sets",
       "The entry is for the same proxies and destination and is merged before one that sets the same fields, so it never counts.",
       "# a and b select the same; of equal policies the one whose name comes first wins\n{type: MeshTimeout, name: a, ...}\n---\n{type: "
       "MeshTimeout, name: b, ...}"},
      {"unknown-field", kWarning, "A field is not known", "It is ignored. Often it is a misspelt one, or of a newer version.",
       "spec: {to: [{targetRef: {kind: Mesh}, defualt: {}}]}"},
      {"weights-zero", kError, "All backends of a route have weight 0",
       "There is nowhere to send the requests; they are answered with an error.",
       "backendRefs: [{kind: MeshService, name: a, port: 80, weight: 0}]"},
  };
  return kRules;
}

const Rule* FindRule(std::string_view id) {
  const auto it = std::find_if(Rules().begin(), Rules().end(), [&](const Rule& rule) { return rule.id == id; });
  return it == Rules().end() ? nullptr : &*it;
}

}  // namespace kuma::analysis
