// Credential plugins of kubeconfig files (client.authentication.k8s.io): what is run, and what its answer means.
#pragma once

#include <string>

#include "pkg/base/json.h"
#include "pkg/k8s/client_config.h"

namespace kuma::k8s {

struct Credential {
  std::string token;
  std::string certificate;  // PEM, with `key`
  std::string key;
};

// `exec` of a user. Relative commands with a slash start at `folder`. `cluster`: told to the plugin, or null.
Result<CredentialPlugin> ReadPlugin(const Json& exec, const std::string& folder, const Json* cluster);
Result<Credential> ReadCredential(const std::string& output);
// Runs it and waits, for a minute at most. Its standard error is passed on in the error only.
Result<std::string> RunPlugin(const CredentialPlugin& plugin);

}  // namespace kuma::k8s
