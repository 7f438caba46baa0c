// How to reach a cluster: kubeconfig files, credential plugins, service accounts.
#include "pkg/k8s/client_config.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/k8s/exec_credential.h"

namespace kuma::k8s {
namespace {

class Folder {
 public:
  Folder() {
    char pattern[] = "/tmp/kuma-k8s-test-XXXXXX";
    path = ::mkdtemp(pattern);
  }
  ~Folder() { [[maybe_unused]] const int code = std::system(("rm -rf " + path).c_str()); }

  std::string Write(const std::string& name, const std::string& text, int mode = 0644) const {
    const std::string file = JoinPath(path, name);
    REQUIRE(MakeDirs(file.substr(0, file.rfind('/'))).ok());
    REQUIRE(WriteFileAtomic(file, text, mode).ok());
    return file;
  }

  std::string path;
};

// A file of one context; `cluster` and `user` are members in YAML's flow form.
std::string Kubeconfig(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts:\n- name: c\n  context: {cluster: k, user: u, namespace: apps}\nclusters:\n- name: k\n  cluster: {" +
         cluster + "}\nusers:\n- name: u\n  user: {" + user + "}\n";
}

ConfigSources Sources(const std::string& kubeconfig, const std::string& home = "/nonexistent") {
  ConfigSources sources;
  sources.environment["KUBECONFIG"] = kubeconfig;
  sources.home = home;
  sources.service_account = "/nonexistent";
  return sources;
}

}  // namespace

TEST_CASE("data in a kubeconfig and files beside it") {
  const Folder folder;
  folder.Write("ca.pem", "CA");
  folder.Write("client.key", "KEY");
  const std::string file =
      folder.Write("config", Kubeconfig("server: 'https://[::1]:6443/', certificate-authority: ca.pem, tls-server-name: api",
                                        "client-certificate-data: " + Base64Encode("CERT") + ", client-certificate: missing.pem, client-key: client.key, token: t, tokenFile: f"));
  const Result<ClientConfig> config = LoadClientConfig(Sources(file));
  REQUIRE(config.ok());
  CHECK(config->server == "https://[::1]:6443");
  CHECK(config->namespace_name == "apps");
  CHECK(config->tls.ca_pem == "CA");
  CHECK(config->tls.cert_pem == "CERT");
  CHECK(config->tls.key_pem == "KEY");
  CHECK(config->tls.server_name == "api");
  CHECK_FALSE(config->tls.skip_verify);
  CHECK(config->token == "t");
  CHECK(config->token_file.empty());
}

TEST_CASE("ways to log in") {
  const Folder folder;
  const auto load = [&](const std::string& user) { return LoadClientConfig(Sources(folder.Write("config", Kubeconfig("server: 10.0.0.1:8080, insecure-skip-tls-verify: true", user)))); };
  const Result<ClientConfig> file = load("tokenFile: token");
  REQUIRE(file.ok());
  CHECK(file->server == "http://10.0.0.1:8080");
  CHECK(file->tls.skip_verify);
  CHECK(file->token_file == folder.path + "/token");
  const Result<ClientConfig> basic = load("username: a, password: b, as: jane, as-groups: [x, y], as-user-extra: {scopes: [view]}");
  REQUIRE(basic.ok());
  CHECK(basic->username + ":" + basic->password == "a:b");
  CHECK(basic->headers == std::vector<std::pair<std::string, std::string>>{
                              {"Impersonate-User", "jane"}, {"Impersonate-Group", "x"}, {"Impersonate-Group", "y"}, {"Impersonate-Extra-scopes", "view"}});
}

TEST_CASE("of several files the first that has a value counts") {
  const Folder folder;
  const std::string first = folder.Write("a/one", "current-context: second\nclusters:\n- name: k\n  cluster: {server: https://first, certificate-authority: ca}\n");
  folder.Write("a/ca", "CA of a");
  const std::string second = folder.Write(
      "b/two", "current-context: other\nclusters:\n- name: k\n  cluster: {server: https://second}\ncontexts:\n- name: second\n  context: {cluster: k}\n- name: third\n  context: {cluster: k}\n");
  const Result<ClientConfig> config = LoadClientConfig(Sources(first + "::/nonexistent/file:" + second));
  REQUIRE(config.ok());
  CHECK(config->server == "https://first");
  CHECK(config->tls.ca_pem == "CA of a");
  CHECK(LoadClientConfig(Sources(first + ":" + second), "third").ok());

  folder.Write(".kube/config", Kubeconfig("server: https://home", ""));
  const Result<ClientConfig> home = LoadClientConfig(Sources("", folder.path));
  REQUIRE(home.ok());
  CHECK(home->server == "https://home");
}

TEST_CASE("a pod uses its service account unless there is a kubeconfig") {
  const Folder folder;
  ConfigSources sources = Sources("");
  sources.environment["KUBERNETES_SERVICE_HOST"] = "fd00::1";
  sources.environment["KUBERNETES_SERVICE_PORT"] = "443";
  sources.service_account = folder.path;
  CHECK_FALSE(LoadClientConfig(sources).ok());
  folder.Write("token", "t");
  folder.Write("ca.crt", "CA");
  folder.Write("namespace", "kuma-system");
  const Result<ClientConfig> pod = LoadClientConfig(sources);
  REQUIRE(pod.ok());
  CHECK(pod->server == "https://[fd00::1]:443");
  CHECK(pod->token_file == folder.path + "/token");
  CHECK(pod->tls.ca_pem == "CA");
  CHECK(pod->namespace_name == "kuma-system");
  sources.environment["KUBECONFIG"] = folder.Write("config", Kubeconfig("server: https://outside", ""));
  CHECK(LoadClientConfig(sources).value().server == "https://outside");
}

TEST_CASE("errors of a kubeconfig say where and what") {
  struct Case {
    std::string text;
    std::string message;
  };
  const Case cases[] = {
      {"", "make sure you set KUBECONFIG environment variable to a valid Kubernetes config file"},
      {"[]", "is no kubeconfig file: its content is not an object"},
      {"kind: Pod", "is no kubeconfig file: its kind is Pod"},
      {"clusters: [", "line"},
      {"contexts: [{name: prod}]", "the kubeconfig has no current-context; `kubectl config use-context NAME` sets it"},
      {"current-context: pord\ncontexts: [{name: prod}]", "context \"pord\" does not exist in the kubeconfig. Did you mean \"prod\"?"},
      {"current-context: a\ncontexts: [{name: a, context: {cluster: b}}]", "cluster \"b\" does not exist in the kubeconfig (context \"a\" names it)"},
      {"current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\nclusters: [{name: b, cluster: {server: https://x}}]",
       "user \"c\" does not exist in the kubeconfig (context \"a\" names it)"},
      {Kubeconfig("", ""), "cluster \"k\" of the kubeconfig: has no server"},
      {Kubeconfig("server: https://x, proxy-url: http://p", ""), "cluster \"k\" of the kubeconfig: proxy-url is not supported (http://p)"},
      {Kubeconfig("server: https://x, certificate-authority-data: '%'", ""), "cluster \"k\" of the kubeconfig: certificate-authority-data: "},
      {Kubeconfig("server: https://x, certificate-authority-data: Q0E=, insecure-skip-tls-verify: true", ""), "has both a certificate-authority and insecure-skip-tls-verify"},
      {Kubeconfig("server: https://x, certificate-authority: gone.pem", ""), "gone.pem"},
      {Kubeconfig("server: https://x", "client-certificate-data: Q0E="), "user \"u\" of the kubeconfig: has only one of client-certificate and client-key"},
      {Kubeconfig("server: https://x", "exec: {command: x}"), "user \"u\" of the kubeconfig: gets its credentials from a program (exec), which is not run here"},
      {Kubeconfig("server: https://x", "auth-provider: {name: gcp}"), "has an auth-provider, which Kubernetes no longer supports"},
  };
  const Folder folder;
  for (const Case& test : cases) {
    INFO(test.text);
    const Result<ClientConfig> config = LoadClientConfig(Sources(folder.Write("config", test.text)));
    REQUIRE_FALSE(config.ok());
    INFO(config.error().ToString());
    CHECK(Contains(config.error().ToString(), test.message));
  }
}

TEST_CASE("a credential plugin is asked for credentials") {
  const Folder folder;
  folder.Write("bin/plugin",
               "#!/bin/sh\nprintf '{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"%s-%s\"}}' \"$1\" \"$COLOUR\"\n"
               "printf '%s' \"$KUBERNETES_EXEC_INFO\" > " + folder.path + "/info\n",
               0755);
  ConfigSources sources = Sources(folder.Write(
      "config", Kubeconfig("server: https://x, insecure-skip-tls-verify: true",
                           "exec: {apiVersion: client.authentication.k8s.io/v1, command: bin/plugin, args: [red], env: [{name: COLOUR, value: blue}], provideClusterInfo: true}")));
  sources.run_plugin = RunPlugin;
  const Result<ClientConfig> config = LoadClientConfig(sources);
  REQUIRE(config.ok());
  CHECK(config->token == "red-blue");
  const Json info = ParseJson(ReadFile(folder.path + "/info").value()).value();
  CHECK(info["apiVersion"] == "client.authentication.k8s.io/v1");
  CHECK(info["spec"]["cluster"] == Json{{"server", "https://x"}, {"insecure-skip-tls-verify", true}});

  folder.Write("bin/plugin", "#!/bin/sh\necho no login >&2\nexit 3\n", 0755);
  const Result<ClientConfig> failed = LoadClientConfig(sources);
  REQUIRE_FALSE(failed.ok());
  CHECK(Contains(failed.error().ToString(), "ended with exit code 3: no login"));
}

TEST_CASE("what a credential plugin answers") {
  CHECK(ReadCredential(R"({"kind":"ExecCredential","status":{"clientCertificateData":"C","clientKeyData":"K"}})").value().key == "K");
  for (const char* text : {"", "[]", R"({"kind":"Status"})", R"({"kind":"ExecCredential"})", R"({"kind":"ExecCredential","status":{"clientKeyData":"K"}})"}) {
    INFO(text);
    CHECK_FALSE(ReadCredential(text).ok());
  }
  CHECK_FALSE(ReadPlugin({{"command", "x"}, {"apiVersion", "client.authentication.k8s.io/v1alpha1"}}, "/", nullptr).ok());
}

}  // namespace kuma::k8s
