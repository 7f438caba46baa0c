#include "pkg/kumactl/session.h"

#include "pkg/base/log.h"
#include "pkg/base/strings.h"
#include "pkg/base/version.h"

namespace kuma::kumactl {

std::string Session::ConfigPath() const {
  const std::string path = invocation_.GetString("config-file");
  return path.empty() ? DefaultConfigPath(environment_->home) : path;
}

Result<Configuration> Session::LoadConfig() const {
  if (invocation_.GetBool("no-config")) return Configuration::Default();
  return Configuration::Load(ConfigPath());
}

Result<ControlPlane> Session::Chosen(const Configuration& config) const {
  const std::string asked = invocation_.GetString("context");
  if (!asked.empty()) {
    const Context* context = config.FindContext(asked);
    const ControlPlane* found = config.FindControlPlane(context == nullptr ? asked : context->control_plane);
    if (found != nullptr) return *found;
    const std::string near = NearestName(asked, config.ControlPlaneNames());
    return NotFound("there is no context \"" + asked + "\"" + (near.empty() ? std::string() : ". Did you mean \"" + near + "\"?") +
                    " `kumactl config control-planes list` shows all.");
  }
  const Context* context = config.Current();
  if (context == nullptr) {
    return NotFound("active Control Plane is not set. Use `kumactl config control-planes add` to add a Control Plane and make it active");
  }
  const ControlPlane* found = config.FindControlPlane(context->control_plane);
  if (found == nullptr) {
    return NotFound("context \"" + context->name + "\" names the Control Plane \"" + context->control_plane + "\", which " + ConfigPath() +
                    " does not have. Use `kumactl config control-planes add` to add it");
  }
  return *found;
}

Transport& Session::transport() {
  if (!transport_) transport_ = environment_->transport();
  return *transport_;
}

const TypeRegistry& Session::Types() {
  if (!types_) types_ = environment_->types();
  return *types_;
}

std::chrono::milliseconds Session::ApiTimeout() const {
  constexpr std::chrono::hours kNoTimeout{24};
  const auto asked = std::chrono::duration_cast<std::chrono::milliseconds>(invocation_.GetDuration("api-timeout"));
  return asked.count() <= 0 ? kNoTimeout : asked;
}

Result<ApiClient> Session::Connect(const ControlPlane& control_plane) {
  Result<io::TlsClientOptions> tls = TlsOptionsFor(control_plane.server, environment_->home);
  if (!tls) return Invalid("failed to create a client for Control Plane \"" + control_plane.name + "\": " + tls.error().ToString());
  if (!control_plane.server.auth_type.empty() && control_plane.server.auth_type != "tokens") {
    return Invalid("authentication type \"" + control_plane.server.auth_type + "\" is not known; allowed: tokens");
  }
  if (tls->skip_verify)
    err() << "WARNING: the certificate of " << control_plane.server.url << " is not verified (skipVerify); use --ca-cert-file instead.\n";
  transport();
  std::ostream* trace = invocation_.GetString("log-level") == "debug" ? &err() : nullptr;
  return ApiClient(control_plane, *std::move(tls), ApiTimeout(), transport_, trace);
}

Result<ApiClient*> Session::Api() {
  if (!api_) {
    KUMA_TRY_ASSIGN(const Configuration config, LoadConfig());
    KUMA_TRY_ASSIGN(const ControlPlane control_plane, Chosen(config));
    KUMA_TRY_ASSIGN(ApiClient client, Connect(control_plane));
    api_ = std::make_unique<ApiClient>(std::move(client));
  }
  return api_.get();
}

Status Session::CheckServer() {
  KUMA_TRY_ASSIGN(ApiClient * api, Api());
  const Result<Json> index = api->GetJson("/");
  if (!index) {
    if (index.error().code == ErrorCode::kUnavailable) return index.error();
    err() << "WARNING: Failed to retrieve server version, can't check compatibility: " << index.error().ToString() << "\n";
    return Ok();
  }
  const std::string version = GetString(*index, "version");
  const std::string product = GetString(*index, "product");
  const BuildInfo& build = GetBuildInfo();
  if (Contains(version, "preview") || (version == build.version && product == build.product)) return Ok();
  err() << "WARNING: You are using kumactl version " << build.version << " for " << build.product
        << ", but the server returned version: " << version << " for " << product << "\n";
  return Ok();
}

Result<std::string> Session::Mesh() {
  if (invocation_.IsSet("mesh")) return invocation_.GetString("mesh");
  KUMA_TRY_ASSIGN(const Configuration config, LoadConfig());
  const std::string asked = invocation_.GetString("context");
  const Context* context = asked.empty() ? config.Current() : config.FindContext(asked);
  return context != nullptr && !context->mesh.empty() ? context->mesh : std::string("default");
}

std::string ViolationLines(const Error& error) {
  std::string text = error.ToString();
  for (const Violation& violation : error.violations) text += "\n* " + violation.field + ": " + violation.message;
  return text;
}

Error WithoutRepetition(Error error) {
  if (!error.violations.empty()) error.message = "Resource is not valid";
  return error;
}

std::string ErrorText(const Error& error) { return "Error: " + ViolationLines(error); }

std::function<int(const cli::Invocation&)> Runs(EnvironmentPtr environment, Action action, int failure) {
  return [environment = std::move(environment), action = std::move(action), failure](const cli::Invocation& invocation) {
    // Users see messages of their own; logs are for those who ask.
    LogOptions logging;
    logging.level = ParseLogLevel(invocation.GetString("log-level")).value_or(LogLevel::kOff);
    ConfigureLogging(logging);
    Session session(invocation, environment);
    const Result<int> code = action(session);
    if (code) return *code;
    invocation.err() << ErrorText(code.error()) << "\n";
    return failure;
  };
}

cli::Flag MeshFlag(const EnvironmentPtr& environment) {
  cli::Flag flag{
      .name = "mesh", .shorthand = "m", .value_name = "MESH", .help = "mesh to use (default: that of the context, else \"default\")"};
  flag.complete = [environment](const cli::Invocation& invocation) {
    std::vector<std::string> names;
    Session session(invocation, environment);
    const Result<ApiClient*> api = session.Api();
    if (!api) return names;
    const Result<ApiList> list = (*api)->ListAll("/meshes");
    if (!list) return names;
    for (const Json& item : list->items) names.push_back(GetString(item, "name"));
    return names;
  };
  return flag;
}

}  // namespace kuma::kumactl
