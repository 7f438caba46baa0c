// Finding the Envoy program and judging its version.
#pragma once

#include <string>
#include <string_view>

#include "pkg/base/result.h"

namespace kuma::dp {

// `configured` is --binary-path. A path is taken as it is; a bare name is looked for next to `own_program`, in the folders where the
// installer puts Envoy (../lib/kuma/envoy), then in the PATH list. Errors say where was looked and what to do.
Result<std::string> FindEnvoy(const std::string& configured, const std::string& own_program, const std::string& path_variable);

struct EnvoyVersion {
  std::string version;  // "1.40.0"
  std::string build;    // "0d5b.../1.40.0/Clean/RELEASE/BoringSSL"
  bool compatible = false;
  int64_t minor = 0;  // of Envoy 1; 0 when the version has another form
};

// From what `envoy --version` prints.
Result<EnvoyVersion> ParseEnvoyVersion(std::string_view output);

// "1.36 to 1.40"
std::string SupportedEnvoyRange();

}  // namespace kuma::dp
