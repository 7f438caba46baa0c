#include "pkg/k8s/exec_credential.h"

#include <algorithm>
#include <array>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/io/loop.h"
#include "pkg/io/process.h"

namespace kuma::k8s {
namespace {

constexpr std::chrono::minutes kTimeout{1};
constexpr size_t kMaxOutput = 1u << 20;
constexpr std::array<std::string_view, 2> kVersions = {"client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"};

// The cluster as the protocol tells it.
Json ClusterInfo(const Json& cluster, const std::string& folder) {
  Json info = {{"server", GetString(cluster, "server")}};
  if (const std::string name = GetString(cluster, "tls-server-name"); !name.empty()) info["tls-server-name"] = name;
  if (GetBool(cluster, "insecure-skip-tls-verify")) info["insecure-skip-tls-verify"] = true;
  std::string data = GetString(cluster, "certificate-authority-data");
  if (const std::string path = GetString(cluster, "certificate-authority"); data.empty() && !path.empty()) {
    data = Base64Encode(ReadFile(path.front() == '/' ? path : JoinPath(folder, path)).value_or(""));
  }
  if (!data.empty()) info["certificate-authority-data"] = data;
  for (const Json& extension : Get(cluster, "extensions")) {
    if (GetString(extension, "name") == "client.authentication.k8s.io/exec") info["config"] = Get(extension, "extension");
  }
  return info;
}

}  // namespace

Result<CredentialPlugin> ReadPlugin(const Json& exec, const std::string& folder, const Json* cluster) {
  CredentialPlugin plugin;
  const std::string command = GetString(exec, "command");
  if (command.empty()) return Invalid("exec names no command");
  const std::string version = GetString(exec, "apiVersion");
  if (std::find(kVersions.begin(), kVersions.end(), version) == kVersions.end()) {
    return Invalid("exec has the apiVersion \"" + version + "\"; known are " + std::string(kVersions[0]) + " and " + std::string(kVersions[1]));
  }
  plugin.argv.push_back(Contains(command, "/") && command.front() != '/' ? JoinPath(folder, command) : command);
  for (const Json& arg : Get(exec, "args")) {
    if (arg.is_string()) plugin.argv.push_back(arg.get<std::string>());
  }
  for (const Json& variable : Get(exec, "env")) plugin.env.emplace_back(GetString(variable, "name"), GetString(variable, "value"));
  Json spec = {{"interactive", false}};
  if (cluster != nullptr) spec["cluster"] = ClusterInfo(*cluster, folder);
  plugin.env.emplace_back("KUBERNETES_EXEC_INFO", ToJsonText({{"apiVersion", version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}}));
  plugin.install_hint = GetString(exec, "installHint");
  return plugin;
}

Result<Credential> ReadCredential(const std::string& output) {
  const Result<Json> answer = ParseJson(output);
  if (!answer || GetString(*answer, "kind") != "ExecCredential") return Invalid("the credential plugin printed no ExecCredential");
  const Json& status = Get(*answer, "status");
  Credential credential{GetString(status, "token"), GetString(status, "clientCertificateData"), GetString(status, "clientKeyData")};
  if (credential.certificate.empty() != credential.key.empty()) return Invalid("the credential plugin gave only one of certificate and key");
  if (credential.token.empty() && credential.certificate.empty()) return Invalid("the credential plugin gave neither a token nor a certificate");
  return credential;
}

Result<std::string> RunPlugin(const CredentialPlugin& plugin) {
  io::EventLoop loop;
  std::string output;
  std::string complaint;
  std::string how = "did not end within a minute";
  int code = -1;
  std::vector<std::string> env;
  for (std::string& entry : io::CurrentEnvironment()) {
    const std::string name = entry.substr(0, entry.find('='));
    if (std::none_of(plugin.env.begin(), plugin.env.end(), [&](const auto& own) { return own.first == name; })) env.push_back(std::move(entry));
  }
  for (const auto& [name, value] : plugin.env) env.push_back(name + "=" + value);
  const auto keep = [](std::string& text) {
    return [&text](std::string_view line) {
      if (text.size() + line.size() < kMaxOutput) text.append(line).append("\n");
    };
  };
  io::ProcessOptions options{.argv = plugin.argv,
                             .env = std::move(env),
                             .cwd = {},
                             .on_stdout = keep(output),
                             .on_stderr = keep(complaint),
                             .on_exit = [&](int exit_code, const std::string& reason) {
                               code = exit_code;
                               how = "ended with " + reason;
                               loop.Stop();
                             }};
  const std::string name = "credential plugin " + plugin.argv.front();
  Result<std::unique_ptr<io::ChildProcess>> child = io::ChildProcess::Spawn(loop, std::move(options));
  if (!child) return Invalid(name + ": " + child.error().ToString());
  loop.PostAfter(kTimeout, [&loop] { loop.Stop(); });
  loop.Run();
  if (code != 0) return Invalid(name + " " + how + (complaint.empty() ? std::string() : ": " + std::string(Trim(complaint))));
  return output;
}

}  // namespace kuma::k8s
