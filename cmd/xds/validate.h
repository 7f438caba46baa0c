// Real Envoy's word on a rendered configuration: which resource it refuses, why, and whose doing that is.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/xds/cache.h"

namespace kuma::xds {

struct EnvoyRefusal {
  std::string section;   // listeners, clusters, routes, endpoints; empty: only all together are refused
  std::string resource;  // its name
  std::string message;   // Envoy's
  std::string policy;    // without which Envoy takes the resource; empty: not known
};

struct ValidationRequest {
  std::string envoy;  // the program
  ViewPtr view;
  // For blame: views without one of the policies, by what the policy is called. Made only when something is refused.
  std::vector<std::string> policies;
  std::function<Result<ViewPtr>(size_t without_policy)> render_without;
};

// Empty: Envoy takes it all. An error: Envoy cannot be run.
Result<std::vector<EnvoyRefusal>> ValidateWithEnvoy(const ValidationRequest& request);

// Whether the text says that Envoy lacks an extension, as plain builds do with those of the contrib build.
bool LacksExtension(const std::string& message, const std::string& extension);

}  // namespace kuma::xds
