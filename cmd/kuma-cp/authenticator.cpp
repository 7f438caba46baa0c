#include "cmd/kuma-cp/authenticator.h"

#include "pkg/base/strings.h"
#include "pkg/mesh/facts.h"
#include "pkg/tokens/authentication.h"
#include "pkg/tokens/validator.h"

namespace kuma::cp {
namespace {

// "Bearer X" and the bare token are both in use by clients.
std::string_view TokenOf(std::string_view credential) {
  constexpr std::string_view kBearer = "Bearer ";
  return credential.starts_with(kBearer) ? credential.substr(kBearer.size()) : credential;
}

tokens::ValidatorSettings SettingsOf(const config::Config& config, const std::string& prefix, const std::string& mesh) {
  tokens::ValidatorSettings settings;
  settings.use_secrets = config.GetBool(prefix + ".validator.useSecrets");
  settings.memory_store = config.GetString("store.type") == "memory";
  for (const Json& key : config.GetJson(prefix + ".validator.publicKeys")) {
    const std::string of_mesh = GetString(key, "mesh");
    if (of_mesh.empty() || of_mesh == mesh) settings.public_keys.push_back({GetString(key, "kid"), GetString(key, "key")});
  }
  return settings;
}

}  // namespace

tokens::SecretSource SecretSourceOf(store::Store& store) {
  const auto type_of = [](const std::string& mesh) { return std::string(mesh.empty() ? "GlobalSecret" : "Secret"); };
  tokens::SecretSource source;
  source.find = [&store, type_of](const std::string& mesh, const std::string& name) -> Result<std::optional<std::string>> {
    const Result<ResourcePtr> found = store.Get({type_of(mesh), mesh, name});
    if (!found.ok()) {
      if (found.error().code == ErrorCode::kNotFound) return std::optional<std::string>();
      return found.error();
    }
    KUMA_TRY_ASSIGN(std::string data, Base64Decode(GetString((*found)->spec, "data")));
    return std::optional<std::string>(std::move(data));
  };
  source.list = [&store, type_of](const std::string& mesh, const std::string& prefix) -> Result<std::vector<tokens::NamedSecret>> {
    store::ListOptions options;
    options.mesh = mesh;
    options.name_contains = prefix;
    KUMA_TRY_ASSIGN(const std::vector<ResourcePtr> found, store.List(type_of(mesh), options));
    std::vector<tokens::NamedSecret> secrets;
    for (const ResourcePtr& secret : found) {
      if (!secret->meta.name().starts_with(prefix)) continue;
      KUMA_TRY_ASSIGN(std::string data, Base64Decode(GetString(secret->spec, "data")));
      secrets.push_back({secret->meta.name(), std::move(data)});
    }
    return secrets;
  };
  return source;
}

TokenAuthenticator::TokenAuthenticator(const config::Config& config, store::Store& store, const Clock& clock)
    : config_(config),
      store_(store),
      clock_(clock),
      check_dataplanes_(config.GetString("dpServer.authn.dpProxy.type") == "dpToken"),
      check_zone_proxies_(config.GetString("dpServer.authn.zoneProxy.type") == "zoneToken") {}

Status TokenAuthenticator::Authenticate(const xds::ProxyNode& node, const std::string& credential, const Resource& resource) {
  const tokens::SecretSource secrets = SecretSourceOf(store_);
  if (resource.meta.type() != "Dataplane") {
    if (!check_zone_proxies_) return Ok();
    if (credential.empty()) return MakeError(ErrorCode::kUnauthorized, "authentication failed: token is required");
    const bool federated = !config_.GetString("multizone.zone.globalAddress").empty();
    KUMA_TRY_ASSIGN(const tokens::Validator validator,
                    tokens::MakeZoneTokenValidator(federated, SettingsOf(config_, "dpServer.authn.zoneProxy.zoneToken", {}), secrets, clock_));
    KUMA_TRY_ASSIGN(const tokens::ZoneIdentity identity, validator.ValidateZone(TokenOf(credential)));
    const char* scope = resource.meta.type() == "ZoneIngress" ? tokens::kIngressScope : tokens::kEgressScope;
    return tokens::CheckZoneProxy(identity, scope, config_.GetString("multizone.zone.name"));
  }
  if (!check_dataplanes_) return Ok();
  if (credential.empty()) return MakeError(ErrorCode::kUnauthorized, "authentication failed: token is required");
  KUMA_TRY_ASSIGN(
      const tokens::Validator validator,
      tokens::MakeDataplaneTokenValidator(node.mesh, SettingsOf(config_, "dpServer.authn.dpProxy.dpToken", node.mesh), secrets, clock_));
  KUMA_TRY_ASSIGN(const tokens::DataplaneIdentity identity, validator.ValidateDataplane(TokenOf(credential)));
  const mesh::DataplanePtr dataplane = mesh::ParseDataplane(std::make_shared<const Resource>(resource));
  tokens::DataplaneFacts facts;
  facts.name = resource.meta.name();
  facts.mesh = resource.meta.mesh();
  for (const auto& [key, values] : dataplane->TagSet()) facts.tags[key].insert(values.begin(), values.end());
  if (const std::string_view workload = resource.Label(kWorkloadLabel); !workload.empty()) facts.workload = std::string(workload);
  return tokens::CheckDataplane(identity, facts, [this, &node]() -> Result<bool> {
    store::ListOptions options;
    options.mesh = node.mesh;
    KUMA_TRY_ASSIGN(const std::vector<ResourcePtr> identities, store_.List("MeshIdentity", options));
    return !identities.empty();
  });
}

}  // namespace kuma::cp
