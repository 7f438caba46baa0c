#include "cmd/kuma-cp/api_wiring.h"

#include "cmd/kuma-cp/authenticator.h"
#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/tokens/issuer.h"
#include "pkg/tokens/validator.h"

namespace kuma::cp {
namespace {

api::AccessRule RuleOf(const config::Config& config, const std::string& key) {
  const std::vector<std::string> users = config.GetList("access.static." + key + ".users");
  const std::vector<std::string> groups = config.GetList("access.static." + key + ".groups");
  return api::AccessRule{{users.begin(), users.end()}, {groups.begin(), groups.end()}};
}

}  // namespace

api::ApiOptions ApiOptionsOf(const config::Config& config, store::Store& store, const Clock& clock, const std::string& hostname) {
  api::ApiOptions options;
  options.base_path = config.GetString("apiServer.basePath");
  options.read_only = config.GetBool("apiServer.readOnly");
  options.is_global = config.GetString("mode") == "global";
  options.is_federated_zone = !options.is_global && !config.GetString("multizone.zone.globalAddress").empty();
  options.zone = options.is_global ? std::string() : config.GetString("multizone.zone.name");
  options.environment = config.GetString("environment");
  options.system_namespace = config.GetString("store.kubernetes.systemNamespace");
  options.hostname = hostname;
  options.service_domain = config.GetString("dnsServer.domain");
  options.service_vip_port = static_cast<int>(config.GetInt("dnsServer.serviceVipPort"));
  options.cors_allowed_domains = config.GetList("apiServer.corsAllowedDomains");
  options.access.admin_resources = RuleOf(config, "adminResources");
  options.access.generate_dataplane_token = RuleOf(config, "generateDpToken");
  options.access.generate_user_token = RuleOf(config, "generateUserToken");
  options.access.generate_zone_token = RuleOf(config, "generateZoneToken");
  options.access.view_config_dump = RuleOf(config, "viewConfigDump");
  options.access.view_stats = RuleOf(config, "viewStats");
  options.access.view_clusters = RuleOf(config, "viewClusters");
  options.access.control_plane_metadata = RuleOf(config, "controlPlaneMetadata");
  options.authentication.localhost_is_admin = config.GetBool("apiServer.authn.localhostIsAdmin");
  const std::string type = config.GetString("apiServer.authn.type");
  options.authentication.client_certificates = type == "adminClientCerts";
  if (type == "tokens") {
    tokens::ValidatorSettings settings;
    settings.use_secrets = config.GetBool("apiServer.authn.tokens.validator.useSecrets");
    settings.memory_store = config.GetString("store.type") == "memory";
    for (const Json& key : config.GetJson("apiServer.authn.tokens.validator.publicKeys")) {
      settings.public_keys.push_back({GetString(key, "kid"), GetString(key, "key")});
    }
    options.authentication.validate_token = [settings, secrets = SecretSourceOf(store), &clock](std::string_view token) -> Result<tokens::UserIdentity> {
      KUMA_TRY_ASSIGN(const tokens::Validator validator, tokens::MakeUserTokenValidator(settings, secrets, clock));
      return validator.ValidateUser(token);
    };
  }
  return options;
}

io::HttpLimits ApiLimitsOf(const config::Config& config) {
  const auto limit = [&](const char* key) {
    const auto value = std::chrono::duration_cast<std::chrono::milliseconds>(config.GetDuration(key));
    return value.count() > 0 ? value : std::chrono::milliseconds(std::chrono::hours(24));
  };
  io::HttpLimits limits;
  limits.read_header_timeout = limit("apiServer.readHeaderTimeout");
  limits.read_body_timeout = limit("apiServer.readTimeout");
  limits.write_timeout = limit("apiServer.writeTimeout");
  limits.idle_timeout = limit("apiServer.idleTimeout");
  return limits;
}

Result<ApiClientCerts> ApiClientCertsOf(const config::Config& config) {
  ApiClientCerts certs;
  const auto add = [&](const std::string& path) -> Status {
    KUMA_TRY_ASSIGN(const std::string pem, ReadFile(path));
    if (!Contains(pem, "BEGIN CERTIFICATE")) return Invalid("there is no certificate in it", path);
    certs.ca_pem += pem + "\n";
    return Ok();
  };
  if (const std::string folder = config.GetString("apiServer.auth.clientCertsDir"); !folder.empty()) {
    KUMA_TRY_ASSIGN(const std::vector<std::string> names, ListFolder(folder));
    for (const std::string& name : names) {
      if (name.ends_with(".pem") || name.ends_with(".crt")) KUMA_TRY(add(JoinPath(folder, name)));
    }
  }
  if (const std::string file = config.GetString("apiServer.https.tlsCaFile"); !file.empty()) KUMA_TRY(add(file));
  if (config.GetBool("apiServer.https.requireClientCert")) {
    if (certs.ca_pem.empty()) return Invalid("apiServer.https.requireClientCert needs certificates to check against: set apiServer.https.tlsCaFile or apiServer.auth.clientCertsDir");
    certs.mode = io::ClientCertMode::kRequire;
  } else if (config.GetString("apiServer.authn.type") == "adminClientCerts" && !certs.ca_pem.empty()) {
    certs.mode = io::ClientCertMode::kRequest;
  }
  return certs;
}

std::function<std::optional<std::string>(const mesh::Snapshot&, const mesh::Dataplane&)> SpiffeIdLookup(ca::SpiffeContext context) {
  return [context = std::move(context)](const mesh::Snapshot& snapshot, const mesh::Dataplane& dataplane) -> std::optional<std::string> {
    const ResourcePtr identity = ca::SelectIdentity(snapshot.Resources("MeshIdentity"), dataplane.labels());
    if (identity == nullptr || !ca::IsReady(*identity)) return std::nullopt;
    const Result<std::string> id = ca::SpiffeIdOf(*identity, dataplane.resource->meta, context);
    return id.ok() ? std::optional<std::string>(*id) : std::nullopt;
  };
}

api::TokenIssuers TokenIssuersOf(const config::Config& config, store::Store& store, const Clock& clock, Random& random) {
  const tokens::SecretSource secrets = SecretSourceOf(store);
  const auto issue = [secrets, &clock, &random](const std::string& prefix, const std::string& mesh, Json claims, Nanos valid_for) {
    return tokens::Issuer(tokens::LatestOf(secrets, prefix, mesh), clock, random).Issue(std::move(claims), valid_for);
  };
  const bool dataplane = config.GetBool("dpServer.authn.dpProxy.dpToken.enableIssuer");
  const bool zone = config.GetBool("dpServer.authn.zoneProxy.zoneToken.enableIssuer");
  const bool user = config.GetBool("apiServer.authn.tokens.enableIssuer");
  api::TokenIssuers issuers;
  issuers.dataplane = [issue, dataplane](const tokens::DataplaneIdentity& identity, Nanos valid_for) -> Result<std::string> {
    if (!dataplane) return tokens::IssuerDisabled();
    return issue(tokens::DataplaneSigningKeyPrefix(identity.mesh), identity.mesh, identity.ToClaims(), valid_for);
  };
  issuers.zone = [issue, zone](const tokens::ZoneIdentity& identity, Nanos valid_for) -> Result<std::string> {
    if (!zone) return tokens::IssuerDisabled();
    return issue(tokens::kZoneSigningKeyPrefix, {}, identity.ToClaims(), valid_for);
  };
  issuers.user = [issue, user](const tokens::UserIdentity& identity, Nanos valid_for) -> Result<std::string> {
    if (!user) return tokens::IssuerDisabled();
    return issue(tokens::kUserSigningKeyPrefix, {}, identity.ToClaims(), valid_for);
  };
  return issuers;
}

}  // namespace kuma::cp
