// How MeshProxyPatch edits what was generated for a proxy. It works on finished clusters and listeners, each for itself, so that a
// proxy with a patch still shares units with its replicas; only what a patch adds is a unit of its own.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/envoy/api.h"

namespace kuma::policy {

struct PatchedResource {
  std::string name;
  std::string origin;  // what made it: inbound, outbound, transparent ...
  std::variant<envoy::Cluster, envoy::Listener> message;
  bool patched = false;  // out: a modification touched it
};

// A modification that was left out for a resource.
struct PatchFailure {
  size_t index = 0;  // in appendModifications
  std::string message;
};

// `conf`: {appendModifications}. Applies the modifications in order to what was generated; those that are removed, or that a
// modification adds anew under the same name, are gone. A modification that cannot be done for a resource leaves it alone.
std::vector<PatchFailure> PatchResources(const Json& conf, std::vector<PatchedResource>& resources);

// What the modifications add, as those after them leave it.
std::vector<PatchedResource> AddedResources(const Json& conf, std::vector<PatchFailure>* failures = nullptr);

}  // namespace kuma::policy
