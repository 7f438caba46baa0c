#include "pkg/kumactl/config_file.h"

#include <algorithm>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"

namespace kuma::kumactl {
namespace {

// Protobuf's JSON form takes both spellings.
const Json& Member(const Json& object, std::string_view camel, std::string_view snake) {
  const Json& value = Get(object, camel);
  return value.is_null() ? Get(object, snake) : value;
}

std::string Text(const Json& object, std::string_view camel, std::string_view snake) {
  const Json& value = Member(object, camel, snake);
  return value.is_string() ? value.get<std::string>() : std::string();
}

ApiServer ReadServer(const Json& json) {
  ApiServer server;
  server.url = GetString(json, "url");
  server.ca_cert_file = Text(json, "caCertFile", "ca_cert_file");
  server.client_cert_file = Text(json, "clientCertFile", "client_cert_file");
  server.client_key_file = Text(json, "clientKeyFile", "client_key_file");
  server.auth_type = Text(json, "authType", "auth_type");
  const Json& skip = Member(json, "skipVerify", "skip_verify");
  server.skip_verify = skip.is_boolean() && skip.get<bool>();
  for (const Json& header : Get(json, "headers")) server.headers.emplace_back(GetString(header, "key"), GetString(header, "value"));
  for (const auto& [key, value] : Member(json, "authConf", "auth_conf").items()) {
    if (value.is_string()) server.auth_conf[key] = value.get<std::string>();
  }
  return server;
}

Json WriteServer(const ApiServer& server) {
  Json json = Json::object();
  const auto put = [&](const char* key, const std::string& value) {
    if (!value.empty()) json[key] = value;
  };
  put("url", server.url);
  put("caCertFile", server.ca_cert_file);
  put("clientCertFile", server.client_cert_file);
  put("clientKeyFile", server.client_key_file);
  put("authType", server.auth_type);
  for (const auto& [key, value] : server.headers) json["headers"].push_back({{"key", key}, {"value", value}});
  for (const auto& [key, value] : server.auth_conf) json["authConf"][key] = value;
  if (server.skip_verify) json["skipVerify"] = true;
  return json;
}

}  // namespace

std::string DefaultConfigPath(const std::string& home) { return JoinPath(JoinPath(home, ".kumactl"), "config"); }

Configuration Configuration::Default() {
  Configuration config;
  ControlPlane local;
  local.name = "local";
  local.server.url = "http://localhost:5681";
  config.control_planes_ = {local};
  config.contexts_ = {Context{"local", "local", ""}};
  config.current_context_ = "local";
  return config;
}

Result<Configuration> Configuration::Parse(const std::string& yaml) {
  Configuration config;
  if (Trim(yaml).empty()) return config;
  KUMA_TRY_ASSIGN(const Json json, ParseYaml(yaml));
  if (!json.is_object()) return Invalid("must be a YAML object with controlPlanes, contexts and currentContext");
  for (const Json& item : Member(json, "controlPlanes", "control_planes")) {
    const Json& coordinates = Get(item, "coordinates");
    config.control_planes_.push_back({GetString(item, "name"), ReadServer(Member(coordinates, "apiServer", "api_server"))});
  }
  for (const Json& item : Get(json, "contexts")) {
    config.contexts_.push_back(
        {GetString(item, "name"), Text(item, "controlPlane", "control_plane"), GetString(Get(item, "defaults"), "mesh")});
  }
  config.current_context_ = Text(json, "currentContext", "current_context");
  return config;
}

Result<Configuration> Configuration::Load(const std::string& path) {
  if (!FileExists(path)) return Default();
  KUMA_TRY_ASSIGN(const std::string text, ReadFile(path));
  Result<Configuration> config = Parse(text);
  if (!config) return Invalid("Failed to parse configuration from file \"" + path + "\": " + config.error().ToString());
  return config;
}

Status Configuration::Save(const std::string& path) const {
  const size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0) KUMA_TRY(MakeDirs(path.substr(0, slash)));
  return WriteFileAtomic(path, ToYaml(), 0600);
}

Json Configuration::ToJson() const {
  Json json = Json::object();
  for (const ControlPlane& item : control_planes_) {
    json["controlPlanes"].push_back({{"name", item.name}, {"coordinates", {{"apiServer", WriteServer(item.server)}}}});
  }
  for (const Context& item : contexts_) {
    Json context = {{"name", item.name}, {"controlPlane", item.control_plane}};
    if (!item.mesh.empty()) context["defaults"]["mesh"] = item.mesh;
    json["contexts"].push_back(std::move(context));
  }
  if (!current_context_.empty()) json["currentContext"] = current_context_;
  return json;
}

std::string Configuration::ToYaml() const { return kuma::ToYaml(ToJson()); }

const ControlPlane* Configuration::FindControlPlane(const std::string& name) const {
  const auto found =
      std::find_if(control_planes_.begin(), control_planes_.end(), [&](const ControlPlane& item) { return item.name == name; });
  return found == control_planes_.end() ? nullptr : &*found;
}

const Context* Configuration::FindContext(const std::string& name) const {
  const auto found = std::find_if(contexts_.begin(), contexts_.end(), [&](const Context& item) { return item.name == name; });
  return found == contexts_.end() ? nullptr : &*found;
}

std::vector<std::string> Configuration::ControlPlaneNames() const {
  std::vector<std::string> names;
  for (const ControlPlane& item : control_planes_) names.push_back(item.name);
  return names;
}

Error Configuration::Unknown(const std::string& name) const {
  std::string text = "there is no Control Plane with name \"" + name + "\"";
  const std::string near = NearestName(name, ControlPlaneNames());
  if (!near.empty()) text += ". Did you mean \"" + near + "\"?";
  return NotFound(text);
}

Status Configuration::Add(ControlPlane control_plane, bool overwrite) {
  const std::string name = control_plane.name;
  const auto same =
      std::find_if(control_planes_.begin(), control_planes_.end(), [&](const ControlPlane& item) { return item.name == name; });
  const auto context = std::find_if(contexts_.begin(), contexts_.end(), [&](const Context& item) { return item.name == name; });
  if (same != control_planes_.end() && !overwrite) {
    return MakeError(ErrorCode::kConflict,
                     "Control Plane with name \"" + name + "\" already exists. Use --overwrite to replace an existing one.");
  }
  if (context != contexts_.end() && !overwrite) {
    return MakeError(ErrorCode::kConflict, "Context with name \"" + name + "\" already exists. Use --overwrite to replace it.");
  }
  if (same != control_planes_.end()) {
    *same = std::move(control_plane);
  } else {
    control_planes_.push_back(std::move(control_plane));
  }
  if (context != contexts_.end()) {
    *context = Context{name, name, ""};
  } else {
    contexts_.push_back({name, name, ""});
  }
  current_context_ = name;
  return Ok();
}

Status Configuration::Remove(const std::string& name) {
  if (FindControlPlane(name) == nullptr) return Unknown(name);
  std::erase_if(control_planes_, [&](const ControlPlane& item) { return item.name == name; });
  std::erase_if(contexts_, [&](const Context& item) { return item.control_plane == name; });
  if (Current() == nullptr) current_context_ = contexts_.empty() ? "" : contexts_.front().name;
  return Ok();
}

Status Configuration::Switch(const std::string& name) {
  if (FindContext(name) == nullptr) return Unknown(name);
  current_context_ = name;
  return Ok();
}

}  // namespace kuma::kumactl
