#include "pkg/k8s/client_config.h"

#include <cstdlib>

#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/strings.h"
#include "pkg/k8s/exec_credential.h"

namespace kuma::k8s {
namespace {

constexpr const char* kNoConfig = "make sure you set KUBECONFIG environment variable to a valid Kubernetes config file";

// A named entry of clusters, users or contexts, with the folder that its relative paths start from.
struct Entry {
  Json value;
  std::string folder;
};

struct Merged {
  std::string current_context;
  std::map<std::string, Entry, std::less<>> clusters;
  std::map<std::string, Entry, std::less<>> users;
  std::map<std::string, Entry, std::less<>> contexts;

  bool empty() const { return current_context.empty() && clusters.empty() && users.empty() && contexts.empty(); }
};

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

void TakeEntries(const Json& file, std::string_view list, std::string_view member, const std::string& folder, std::map<std::string, Entry, std::less<>>& into) {
  for (const Json& entry : Get(file, list)) into.try_emplace(GetString(entry, "name"), Entry{Get(entry, member), folder});
}

Status AddFile(const std::string& path, Merged& merged) {
  const Result<std::string> text = ReadFile(path);
  if (!text) return text.error().code == ErrorCode::kNotFound ? Ok() : Status(text.error());
  const Result<std::vector<Json>> documents = ParseYamlStream(*text);
  if (!documents) return Invalid(documents.error().ToString(), path);
  if (documents->empty()) return Ok();
  const Json& file = documents->front();
  if (!file.is_object()) return Invalid("is no kubeconfig file: its content is not an object", path);
  if (const std::string kind = GetString(file, "kind", "Config"); kind != "Config") return Invalid("is no kubeconfig file: its kind is " + kind, path);
  if (merged.current_context.empty()) merged.current_context = GetString(file, "current-context");
  const std::string folder = FolderOf(path);
  TakeEntries(file, "clusters", "cluster", folder, merged.clusters);
  TakeEntries(file, "users", "user", folder, merged.users);
  TakeEntries(file, "contexts", "context", folder, merged.contexts);
  return Ok();
}

std::string Variable(const ConfigSources& sources, const std::string& name) {
  const auto found = sources.environment.find(name);
  return found == sources.environment.end() ? std::string() : found->second;
}

// "KEY-data" in base64, else the file that "KEY" names.
Result<std::string> DataOrFile(const Entry& entry, const std::string& key) {
  if (const std::string data = GetString(entry.value, key + "-data"); !data.empty()) {
    Result<std::string> bytes = Base64Decode(data);
    if (!bytes) return Invalid(bytes.error().message, key + "-data");
    return bytes;
  }
  const std::string path = GetString(entry.value, key);
  if (path.empty()) return std::string();
  return ReadFile(path.front() == '/' ? path : JoinPath(entry.folder, path));
}

Status TakeCluster(const Entry& cluster, ClientConfig& config) {
  config.server = GetString(cluster.value, "server");
  while (config.server.ends_with('/')) config.server.pop_back();
  if (config.server.empty()) return Invalid("has no server");
  if (!Contains(config.server, "://")) config.server = "http://" + config.server;
  if (const std::string proxy = GetString(cluster.value, "proxy-url"); !proxy.empty()) return Invalid("proxy-url is not supported (" + proxy + ")");
  config.tls.server_name = GetString(cluster.value, "tls-server-name");
  config.tls.skip_verify = GetBool(cluster.value, "insecure-skip-tls-verify");
  KUMA_TRY_ASSIGN(config.tls.ca_pem, DataOrFile(cluster, "certificate-authority"));
  if (config.tls.skip_verify && !config.tls.ca_pem.empty()) return Invalid("has both a certificate-authority and insecure-skip-tls-verify; take one of them out");
  return Ok();
}

Status TakePlugin(const Entry& user, const Entry& cluster, const ConfigSources& sources, ClientConfig& config) {
  const Json& exec = Get(user.value, "exec");
  if (!sources.run_plugin) return Invalid("gets its credentials from a program (exec), which is not run here");
  KUMA_TRY_ASSIGN(const CredentialPlugin plugin, ReadPlugin(exec, user.folder, GetBool(exec, "provideClusterInfo") ? &cluster.value : nullptr));
  Result<std::string> output = sources.run_plugin(plugin);
  if (!output) return Invalid(output.error().ToString() + (plugin.install_hint.empty() ? std::string() : "\n" + plugin.install_hint));
  KUMA_TRY_ASSIGN(Credential credential, ReadCredential(*output));
  config.token = std::move(credential.token);
  if (!credential.certificate.empty()) {
    config.tls.cert_pem = std::move(credential.certificate);
    config.tls.key_pem = std::move(credential.key);
  }
  return Ok();
}

Status TakeUser(const Entry& user, const Entry& cluster, const ConfigSources& sources, ClientConfig& config) {
  KUMA_TRY_ASSIGN(config.tls.cert_pem, DataOrFile(user, "client-certificate"));
  KUMA_TRY_ASSIGN(config.tls.key_pem, DataOrFile(user, "client-key"));
  if (config.tls.cert_pem.empty() != config.tls.key_pem.empty()) return Invalid("has only one of client-certificate and client-key");
  config.token = GetString(user.value, "token");
  if (const std::string path = GetString(user.value, "tokenFile"); config.token.empty() && !path.empty()) {
    config.token_file = path.front() == '/' ? path : JoinPath(user.folder, path);
  }
  config.username = GetString(user.value, "username");
  config.password = GetString(user.value, "password");
  if (const std::string as = GetString(user.value, "as"); !as.empty()) {
    config.headers.emplace_back("Impersonate-User", as);
    if (const std::string uid = GetString(user.value, "as-uid"); !uid.empty()) config.headers.emplace_back("Impersonate-Uid", uid);
    for (const Json& group : Get(user.value, "as-groups")) {
      if (group.is_string()) config.headers.emplace_back("Impersonate-Group", group.get<std::string>());
    }
    for (const auto& [key, values] : Get(user.value, "as-user-extra").items()) {
      for (const Json& value : values) {
        if (value.is_string()) config.headers.emplace_back("Impersonate-Extra-" + UrlEncode(key), value.get<std::string>());
      }
    }
  }
  const bool has_own = !config.token.empty() || !config.token_file.empty() || !config.tls.cert_pem.empty() || !config.username.empty();
  if (has_own) return Ok();
  if (Get(user.value, "exec").is_object()) return TakePlugin(user, cluster, sources, config);
  if (Get(user.value, "auth-provider").is_object()) return Invalid("has an auth-provider, which Kubernetes no longer supports; use exec");
  return Ok();
}

// Errors say which entry they are about.
Status About(const std::string& what, const std::string& name, Status status) {
  if (status) return status;
  Error error = std::move(status).error();
  error.message = what + " \"" + name + "\" of the kubeconfig: " + error.ToString();
  error.path.clear();
  return error;
}

Result<ClientConfig> Choose(const Merged& merged, const ConfigSources& sources, const std::string& asked) {
  const std::string& name = asked.empty() ? merged.current_context : asked;
  if (name.empty()) return NotFound("the kubeconfig has no current-context; `kubectl config use-context NAME` sets it");
  const auto context = merged.contexts.find(name);
  if (context == merged.contexts.end()) {
    std::vector<std::string> names;
    for (const auto& [known, entry] : merged.contexts) names.push_back(known);
    const std::string near = NearestName(name, names);
    return NotFound("context \"" + name + "\" does not exist in the kubeconfig" + (near.empty() ? std::string() : ". Did you mean \"" + near + "\"?"));
  }
  const std::string cluster_name = GetString(context->second.value, "cluster");
  const auto cluster = merged.clusters.find(cluster_name);
  if (cluster == merged.clusters.end()) return NotFound("cluster \"" + cluster_name + "\" does not exist in the kubeconfig (context \"" + name + "\" names it)");
  ClientConfig config;
  config.namespace_name = GetString(context->second.value, "namespace");
  KUMA_TRY(About("cluster", cluster_name, TakeCluster(cluster->second, config)));
  const std::string user_name = GetString(context->second.value, "user");
  if (user_name.empty()) return config;
  const auto user = merged.users.find(user_name);
  if (user == merged.users.end()) return NotFound("user \"" + user_name + "\" does not exist in the kubeconfig (context \"" + name + "\" names it)");
  KUMA_TRY(About("user", user_name, TakeUser(user->second, cluster->second, sources, config)));
  return config;
}

bool IsInCluster(const ConfigSources& sources) {
  return !Variable(sources, "KUBERNETES_SERVICE_HOST").empty() && !Variable(sources, "KUBERNETES_SERVICE_PORT").empty() &&
         FileExists(JoinPath(sources.service_account, "token"));
}

Result<ClientConfig> InCluster(const ConfigSources& sources) {
  ClientConfig config;
  const std::string host = Variable(sources, "KUBERNETES_SERVICE_HOST");
  config.server = "https://" + (Contains(host, ":") ? "[" + host + "]" : host) + ":" + Variable(sources, "KUBERNETES_SERVICE_PORT");
  config.token_file = JoinPath(sources.service_account, "token");
  KUMA_TRY_ASSIGN(config.tls.ca_pem, ReadFile(JoinPath(sources.service_account, "ca.crt")));
  config.namespace_name = ReadFile(JoinPath(sources.service_account, "namespace")).value_or("");
  return config;
}

}  // namespace

ConfigSources RealConfigSources() {
  ConfigSources sources;
  for (const char* name : {"KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"}) {
    if (const char* value = std::getenv(name)) sources.environment[name] = value;
  }
  sources.home = HomeFolder();
  sources.run_plugin = RunPlugin;
  return sources;
}

Result<ClientConfig> LoadClientConfig(const ConfigSources& sources, const std::string& context) {
  std::vector<std::string> paths;
  for (std::string& path : Split(Variable(sources, "KUBECONFIG"), ':')) {
    if (!path.empty()) paths.push_back(std::move(path));
  }
  if (paths.empty()) paths.push_back(JoinPath(sources.home, ".kube/config"));
  Merged merged;
  for (const std::string& path : paths) KUMA_TRY(AddFile(path, merged));
  if (!merged.empty()) return Choose(merged, sources, context);
  if (IsInCluster(sources)) return InCluster(sources);
  return NotFound(kNoConfig);
}

}  // namespace kuma::k8s
