// A complete static configuration of Envoy with the resources that a proxy would be given, so that `envoy --mode validate` reads them all
// without a control plane. In binary form: text would lose fields that are younger than our definitions of the messages. Pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/envoy/api.h"
#include "pkg/xds/cache.h"

namespace kuma::xds {

// One resource of a view as it stands in a static bootstrap.
struct StaticResource {
  std::string section;  // clusters, endpoints, listeners, routes
  std::string name;
  std::variant<envoy::Listener, envoy::Cluster> value;
};

// Routes get a listener and endpoints a cluster of their own, since static configuration has no place for them alone. Secrets are left
// out: offline ones are placeholders.
Result<std::vector<StaticResource>> StaticResources(const View& view);

// A serialized Bootstrap.
std::string MakeStaticBootstrap(const std::vector<StaticResource>& resources);

}  // namespace kuma::xds
