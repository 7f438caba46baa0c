// Permissions, mTLS and secrets.
#include "pkg/analysis/world.h"
#include "pkg/base/strings.h"
#include "pkg/ca/workload_identity.h"

namespace kuma::analysis {

namespace {

bool Allows(const Json& conf) {
  const std::string action = GetString(conf, "action");
  return action == "Allow" || action == "ALLOW" || action == "AllowWithShadowDeny";
}

// An allow match that holds for every identity.
bool IsEveryone(const Json& match) {
  const Json& id = Get(match, "spiffeID");
  if (!id.is_object()) return Get(match, "sni").is_null();
  const std::string value = GetString(id, "value");
  constexpr std::string_view kScheme = "spiffe://";
  if (GetString(id, "type") != "Prefix" || !value.starts_with(kScheme)) return false;
  // Of a trust domain as a whole.
  const size_t slash = value.find('/', kScheme.size());
  return slash == std::string::npos || slash + 1 == value.size();
}

void CheckPermission(const Resource& permission, Reporter& report) {
  if (TopOf(permission).kind != policy::TargetKind::kMesh) return;
  for (const Entry& entry : EntriesOf(permission, "from")) {
    if (entry.target.kind == policy::TargetKind::kMesh && Allows(*entry.conf))
      report.Add("open-permission", permission, entry.Path(), "every client of the mesh may call every service of it");
  }
  for (const Entry& entry : EntriesOf(permission, "rules")) {
    const Json& allow = Get(*entry.conf, "allow");
    for (size_t i = 0; allow.is_array() && i < allow.size(); ++i) {
      if (IsEveryone(allow[i]))
        report.Add("open-permission", permission, entry.Path() + ".default.allow[" + std::to_string(i) + "]",
                   "every identity may call every service of the mesh");
    }
  }
}

// Generators that a control plane makes itself wait for services of their kind.
bool IsBuiltin(std::string_view name) {
  return (name.starts_with("local-") || name.starts_with("synced-") || name.starts_with("global-")) && Contains(name, "-service");
}

struct SecretUse {
  std::string path;
  std::string name;
};

void CollectSecrets(const Json& value, const std::string& path, std::vector<SecretUse>& uses) {
  if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) CollectSecrets(value[i], path + "[" + std::to_string(i) + "]", uses);
    return;
  }
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.items()) {
    const std::string at = path.empty() ? key : path + "." + key;
    if (key == "secret" && member.is_string()) {
      uses.push_back({at, member.get<std::string>()});
    } else if (key == "secretRef" && member.is_object()) {
      uses.push_back({at, GetString(member, "name")});
    } else if (key == "tags" || key == "labels") {
      continue;
    } else {
      CollectSecrets(member, at, uses);
    }
  }
}

void CheckSecretsOf(const MeshView& mesh, const Resource& resource, bool inlined, Reporter& report) {
  std::vector<SecretUse> uses;
  CollectSecrets(resource.spec, inlined ? "" : "spec", uses);
  for (const SecretUse& use : uses) {
    bool found = false;
    for (const ResourcePtr& secret : mesh.Of("Secret")) found |= secret->meta.name() == use.name;
    if (!found) report.Add("dangling-secret", resource, use.path, "mesh " + mesh.name() + " has no secret " + use.name);
  }
}

}  // namespace

void CheckSecurity(const MeshView& mesh, Reporter& report) {
  const mesh::MeshConfig& config = *mesh.snapshot->mesh;
  const Resource& resource = *config.resource;
  bool has_identity = !mesh.Of("MeshIdentity").empty();
  const bool encrypted = config.mtls_enabled || has_identity;
  const mesh::ResourceList& permissions = mesh.Of("MeshTrafficPermission");
  for (const ResourcePtr& permission : permissions) {
    CheckPermission(*permission, report);
    if (!encrypted)
      report.Add("permission-without-mtls", *permission, "",
                 "mesh " + mesh.name() + " has no mTLS, without which clients cannot be told apart: the permission has no effect");
  }
  if (config.mtls_enabled && permissions.empty() && mesh.Of("TrafficPermission").empty() && mesh.complete) {
    report.Add("mtls-without-permission", resource, "mtls",
               "mTLS is on and no MeshTrafficPermission allows anything: every request is refused");
  }
  if (config.mtls_enabled && config.mtls_mode == mesh::MtlsMode::kPermissive) {
    const Json& backends = GetPath(resource.spec, {"mtls", "backends"});
    size_t index = 0;
    while (index < backends.size() && GetString(backends[index], "name") != config.backend_name) ++index;
    report.Add("permissive-mtls", resource, "mtls.backends[" + std::to_string(index) + "].mode",
               "plain text is accepted beside mTLS, and permissions do not hold for it");
  }
  for (const ResourcePtr& tls : mesh.Of("MeshTLS")) {
    for (const char* list : {"from", "rules"}) {
      for (const Entry& entry : EntriesOf(*tls, list)) {
        if (GetString(*entry.conf, "mode") == "Permissive")
          report.Add("permissive-mtls", *tls, entry.Path() + ".default.mode",
                     "plain text is accepted beside mTLS, and permissions do not hold for it");
      }
    }
    if (!encrypted) report.Add("permission-without-mtls", *tls, "", "mesh " + mesh.name() + " has no mTLS: the policy has no effect");
  }
}

void CheckSecrets(const MeshView& mesh, Reporter& report) {
  // Files alone seldom hold secrets.
  if (!mesh.input.secrets_known || (!mesh.input.complete && mesh.Of("Secret").empty())) return;
  CheckSecretsOf(mesh, *mesh.snapshot->mesh->resource, true, report);
  for (const ResourcePtr& service : mesh.Of("ExternalService")) CheckSecretsOf(mesh, *service, true, report);
  for (const ResourcePtr& service : mesh.All("MeshExternalService")) CheckSecretsOf(mesh, *service, false, report);
  for (const ResourcePtr& identity : mesh.Of("MeshIdentity")) CheckSecretsOf(mesh, *identity, false, report);
}

void CheckIdentities(const MeshView& mesh, Reporter& report) {
  const ca::Identities identities(mesh.Of("MeshIdentity").begin(), mesh.Of("MeshIdentity").end());
  for (const ResourcePtr& identity : identities) {
    if (mesh.HasProxies()) {
      bool used = false;
      for (const auto& [name, dataplane] : mesh.snapshot->AllDataplanes())
        used |= !ca::MatchingIdentities({identity}, dataplane->labels()).empty();
      if (!used)
        report.Add("identity-matches-nothing", *identity, "spec.selector", "no Dataplane is selected, so nobody gets this identity");
    }
    const Result<std::string> domain = ca::TrustDomainOf(*identity, identity->meta, {mesh.input.zone, false});
    if (!domain.ok() || !mesh.complete) continue;
    bool trusted = GetString(GetPath(identity->spec, {"provider", "bundled"}), "meshTrustCreation", "Enabled") == "Enabled" &&
                   GetString(Get(identity->spec, "provider"), "type") == "Bundled";
    for (const ResourcePtr& trust : mesh.Of("MeshTrust")) trusted |= GetString(trust->spec, "trustDomain") == *domain;
    if (!trusted)
      report.Add("identity-without-trust", *identity, "spec.spiffeID.trustDomain",
                 "no MeshTrust has the trust domain " + *domain + ", so servers refuse these identities");
  }
  if (!mesh.complete) return;
  for (const ResourcePtr& generator : mesh.input.resources) {
    if (generator->meta.type() != "HostnameGenerator") continue;
    const Json& selector = Get(generator->spec, "selector");
    bool matches = false;
    for (const auto& [key, type] : {std::pair{"meshService", "MeshService"},
                                    {"meshExternalService", "MeshExternalService"},
                                    {"meshMultiZoneService", "MeshMultiZoneService"}}) {
      if (Get(selector, key).is_null()) continue;
      mesh::Tags wanted;
      for (const auto& [label, value] : Get(Get(selector, key), "matchLabels").items())
        wanted[label] = value.is_string() ? value.get<std::string>() : "";
      for (const ResourcePtr& resource : mesh.input.resources) {
        if (resource->meta.type() != type) continue;
        bool all = true;
        for (const auto& [label, value] : wanted) {
          const std::string_view own = label == kDisplayNameLabel ? std::string_view(DisplayName(resource->meta)) : resource->Label(label);
          all = all && own == value;
        }
        matches |= all;
      }
    }
    if (!matches && !IsBuiltin(generator->meta.name())) {
      report.Add("generator-matches-nothing", *generator, "spec.selector", "no service has these labels, so no hostname is made");
    }
  }
}

}  // namespace kuma::analysis
