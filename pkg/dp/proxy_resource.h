// The resource that kuma-dp brings along (--dataplane-file, --dataplane): read, rendered, and asked for its name and mesh. The control
// plane validates the rest.
#pragma once

#include <istream>
#include <optional>
#include <string>

#include "pkg/base/json.h"
#include "pkg/dp/settings.h"

namespace kuma::dp {

struct ProxyResource {
  Json document;
  std::string name;
  std::string mesh;  // empty for zone proxies
  std::vector<std::string> missing_variables;
};

// Nothing when no resource is configured.
Result<std::optional<ProxyResource>> LoadProxyResource(const Settings& settings, std::istream& standard_input);

// Name and mesh come either from the resource or from the settings, not from both.
Status TakeIdentity(const ProxyResource& resource, Settings& settings);

}  // namespace kuma::dp
