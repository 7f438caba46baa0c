// Where a Kubernetes API server is and as whom to speak to it, as kubectl finds it: the files of $KUBECONFIG, ~/.kube/config, or in a
// pod the service account. Used by kumactl install and by whatever talks to a cluster. Reads files and may run the credential plugin
// that a file names; keeps no state.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "pkg/io/tls.h"

namespace kuma::k8s {

struct ClientConfig {
  std::string server;          // "https://127.0.0.1:6443", no slash at its end
  std::string namespace_name;  // of the context; empty: none is named
  std::string token;           // a bearer token, or
  std::string token_file;      // a file that holds one and may be replaced while we run
  std::string username;        // basic authentication
  std::string password;
  std::vector<std::pair<std::string, std::string>> headers;  // Impersonate-…
  io::TlsClientOptions tls;
};

// A program that prints credentials (the clouds' kubeconfig files name one).
struct CredentialPlugin {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> env;  // added to ours
  std::string install_hint;
};
// What it printed on its standard output.
using PluginRunner = std::function<Result<std::string>(const CredentialPlugin&)>;

struct ConfigSources {
  std::map<std::string, std::string> environment;  // KUBECONFIG and KUBERNETES_SERVICE_HOST/_PORT are looked at
  std::string home;
  PluginRunner run_plugin;  // empty: such files are refused
  std::string service_account = "/var/run/secrets/kubernetes.io/serviceaccount";
};

// The real environment, home and plugins.
ConfigSources RealConfigSources();

// Of several files the first that has a value counts. `context` empty: the files' current-context. kNotFound when there is neither a
// file nor a service account.
Result<ClientConfig> LoadClientConfig(const ConfigSources& sources, const std::string& context = {});

}  // namespace kuma::k8s
