#include "pkg/reconcile/defaults.h"

#include <algorithm>

#include "pkg/base/log.h"
#include "pkg/base/strings.h"

namespace kuma::reconcile {
namespace {

const Logger& Log() {
  static const Logger kLog("defaults");
  return kLog;
}

struct Policy {
  const char* prefix;
  const char* type;
  const char* spec;
};

// Inbound values are twice the outbound ones or off, so that the client's side decides.
constexpr Policy kPolicies[] = {
    {"mesh-gateways-timeout-all", "MeshTimeout",
     R"({"targetRef":{"kind":"Mesh","proxyTypes":["Gateway"]},
         "from":[{"targetRef":{"kind":"Mesh"},"default":{"idleTimeout":"5m0s","http":{"streamIdleTimeout":"5s","requestHeadersTimeout":"500ms"}}}],
         "to":[{"targetRef":{"kind":"Mesh"},"default":{"idleTimeout":"1h0m0s","http":{"streamIdleTimeout":"5s"}}}]})"},
    {"mesh-timeout-all", "MeshTimeout",
     R"({"targetRef":{"kind":"Mesh","proxyTypes":["Sidecar"]},
         "from":[{"targetRef":{"kind":"Mesh"},"default":{"connectionTimeout":"10s","idleTimeout":"2h0m0s",
                  "http":{"requestTimeout":"0s","streamIdleTimeout":"1h0m0s","maxStreamDuration":"0s"}}}],
         "to":[{"targetRef":{"kind":"Mesh"},"default":{"connectionTimeout":"5s","idleTimeout":"1h0m0s",
                "http":{"requestTimeout":"15s","streamIdleTimeout":"30m0s"}}}]})"},
    {"mesh-circuit-breaker-all", "MeshCircuitBreaker",
     R"({"targetRef":{"kind":"Mesh"},"to":[{"targetRef":{"kind":"Mesh"},
         "default":{"connectionLimits":{"maxConnections":1024,"maxPendingRequests":1024,"maxRequests":1024,"maxRetries":3}}}]})"},
    {"mesh-retry-all", "MeshRetry",
     R"({"targetRef":{"kind":"Mesh"},"to":[{"targetRef":{"kind":"Mesh"},"default":{"tcp":{"maxConnectAttempt":5},
         "http":{"numRetries":5,"perTryTimeout":"16s","backOff":{"baseInterval":"25ms","maxInterval":"250ms"}},
         "grpc":{"numRetries":5,"perTryTimeout":"16s","backOff":{"baseInterval":"25ms","maxInterval":"250ms"}}}}]})"},
};

struct Generator {
  const char* name;
  bool global;          // made by the global control plane, else by zones
  bool universal_only;
  const char* kind;
  const char* match;
  const char* text;
};

constexpr Generator kGenerators[] = {
    {"synced-mesh-multi-zone-service", true, false, "meshMultiZoneService", R"({"kuma.io/origin":"global"})", "{{ .DisplayName }}.mzsvc.mesh.local"},
    {"synced-kube-mesh-service", true, false, "meshService",
     R"({"kuma.io/origin":"global","k8s.kuma.io/is-headless-service":"false","kuma.io/env":"kubernetes"})",
     "{{ .DisplayName }}.{{ .Namespace }}.svc.{{ .Zone }}.mesh.local"},
    {"synced-headless-kube-mesh-service", true, false, "meshService",
     R"({"kuma.io/origin":"global","k8s.kuma.io/is-headless-service":"true","kuma.io/env":"kubernetes"})",
     R"({{ label "statefulset.kubernetes.io/pod-name" }}.{{ label "k8s.kuma.io/service-name" }}.{{ .Namespace }}.svc.{{ .Zone }}.mesh.local)"},
    {"synced-universal-mesh-service", true, false, "meshService", R"({"kuma.io/origin":"global","kuma.io/env":"universal"})",
     "{{ .DisplayName }}.svc.{{ .Zone }}.mesh.local"},
    {"synced-mesh-external-service", true, false, "meshExternalService", R"({"kuma.io/origin":"global"})", "{{ .DisplayName }}.extsvc.mesh.local"},
    {"local-mesh-external-service", false, false, "meshExternalService", R"({"kuma.io/origin":"zone"})", "{{ .DisplayName }}.extsvc.mesh.local"},
    {"local-universal-mesh-service", false, true, "meshService", R"({"kuma.io/origin":"zone"})", "{{ .DisplayName }}.svc.mesh.local"},
};

Resource Make(std::string type, std::string mesh, std::string name, Json spec) {
  Resource resource;
  resource.meta.key = {std::move(type), std::move(mesh), std::move(name)};
  resource.spec = std::move(spec);
  return resource;
}

bool Contains(const Json& list, std::string_view value) {
  return list.is_array() && std::any_of(list.begin(), list.end(), [&](const Json& item) { return item == value; });
}

}  // namespace

void Defaults::Install() {
  store::AdmissionHooks hooks;
  hooks.after = [this](const ResourcePtr& stored, const ResourcePtr& old) { return old == nullptr ? EnsurePolicies(*stored) : Ok(); };
  admission_.AddHooks("Mesh", std::move(hooks));
}

Status Defaults::CreateIfMissing(Resource resource, bool compute_labels) {
  if (admission_.store().Get(resource.meta.key).ok()) return Ok();
  const ResourceKey key = resource.meta.key;
  const Result<ResourcePtr> created = admission_.Write(std::move(resource), compute_labels);
  // Another replica may have made it meanwhile.
  if (!created.ok() && created.error().code != ErrorCode::kConflict) return created.error();
  if (created.ok() && options_.log) Log().Info("default resource created", {{"type", key.type}, {"mesh", key.mesh}, {"name", key.name}});
  return Ok();
}

Status Defaults::EnsurePolicies(const Resource& mesh) {
  if (admission_.options().is_federated_zone) return Ok();  // they come from global
  const Json& skipped = Get(mesh.spec, "skipCreatingInitialPolicies");
  if (Contains(skipped, "*")) return Ok();
  const std::string& name = mesh.meta.name();
  for (const Policy& policy : kPolicies) {
    if (Contains(skipped, policy.type)) continue;
    KUMA_TRY_ASSIGN(Json spec, ParseJson(policy.spec));
    std::string policy_name = std::string(policy.prefix) + "-" + name;
    if (admission_.options().is_k8s) policy_name += "." + admission_.options().system_namespace;
    KUMA_TRY(CreateIfMissing(Make(policy.type, name, std::move(policy_name), std::move(spec)), true));
  }
  return Ok();
}

Status Defaults::EnsureZone() {
  const store::AdmissionOptions& options = admission_.options();
  if (options.is_global) return Ok();
  KUMA_TRY_ASSIGN(const std::vector<ResourcePtr> zones, admission_.store().List("Zone"));
  for (const ResourcePtr& zone : zones) {
    // A zone control plane that was renamed.
    if (zone->meta.name() != options.zone) KUMA_TRY(admission_.store().Delete(zone->meta.key));
  }
  return CreateIfMissing(Make("Zone", "", options.zone, Json::object()), false);
}

Status Defaults::EnsureDefaultMesh() {
  if (options_.skip_mesh_creation || admission_.options().is_federated_zone) return Ok();
  return CreateIfMissing(Make("Mesh", "", "default", Json::object()), false);
}

Status Defaults::EnsureHostnameGenerators() {
  if (options_.skip_hostname_generators) return Ok();
  const store::AdmissionOptions& options = admission_.options();
  for (const Generator& generator : kGenerators) {
    if (generator.global != options.is_global || (generator.universal_only && options.is_k8s)) continue;
    KUMA_TRY_ASSIGN(Json match, ParseJson(generator.match));
    std::string name = generator.name;
    if (options.is_k8s) name += "." + options.system_namespace;
    Resource resource = Make("HostnameGenerator", "", std::move(name),
                             {{"selector", {{generator.kind, {{"matchLabels", std::move(match)}}}}}, {"template", generator.text}});
    if (!options.is_global) resource.meta.labels[std::string(kOriginLabel)] = "zone";
    KUMA_TRY(CreateIfMissing(std::move(resource), false));
  }
  return Ok();
}

Status Defaults::EnsureAtStart() {
  KUMA_TRY(EnsureZone());
  KUMA_TRY(EnsureDefaultMesh());
  return EnsureHostnameGenerators();
}

Status Defaults::EnsureKey(ResourceKey key, const std::function<Result<std::string>()>& make_key) {
  // Any serial of the key will do: "<prefix>-1", "<prefix>-2", ...
  const std::string prefix = key.name.substr(0, key.name.size() - 1);
  store::ListOptions filter;
  filter.mesh = key.mesh;
  filter.name_contains = prefix;
  KUMA_TRY_ASSIGN(const std::vector<ResourcePtr> present, admission_.store().List(key.type, filter));
  if (std::any_of(present.begin(), present.end(), [&](const ResourcePtr& secret) { return secret->meta.name().starts_with(prefix); })) return Ok();
  KUMA_TRY_ASSIGN(const std::string pem, make_key());
  return CreateIfMissing(Make(key.type, key.mesh, key.name, {{"data", Base64Encode(pem)}}), false);
}

Status Defaults::EnsureMeshSigningKey(const std::string& mesh, const std::function<Result<std::string>()>& make_key) {
  return EnsureKey({"Secret", mesh, "dataplane-token-signing-key-" + mesh + "-1"}, make_key);
}

Status Defaults::EnsureSigningKeys(const std::function<Result<std::string>()>& make_key) {
  if (admission_.options().is_federated_zone) return Ok();
  KUMA_TRY(EnsureKey({"GlobalSecret", "", "zone-token-signing-key-1"}, make_key));
  KUMA_TRY(EnsureKey({"GlobalSecret", "", "user-token-signing-key-1"}, make_key));
  KUMA_TRY_ASSIGN(const std::vector<ResourcePtr> meshes, admission_.store().List("Mesh"));
  for (const ResourcePtr& mesh : meshes) KUMA_TRY(EnsureMeshSigningKey(mesh->meta.name(), make_key));
  return Ok();
}

}  // namespace kuma::reconcile
