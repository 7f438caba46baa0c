// A complete static configuration of Envoy with the resources that a proxy would be given, so that `envoy --mode validate` reads them all
// without a control plane. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pkg/base/json.h"

namespace kuma::xds {

// One resource of a ViewDocument as it stands in a static bootstrap.
struct StaticResource {
  std::string section;  // listeners, clusters, routes, endpoints
  std::string name;
  bool is_listener = false;  // where it goes: static_resources.listeners or .clusters
  Json value;
};

// Of a ViewDocument. Routes get a listener and endpoints a cluster of their own, since static configuration has no place for them alone.
// Secrets are left out: offline ones are placeholders.
std::vector<StaticResource> StaticResources(const Json& view);

Json MakeStaticBootstrap(const std::vector<StaticResource>& resources);

}  // namespace kuma::xds
