// Whether the identity of a valid token fits the proxy that presents it. Pure functions; errors are kUnauthorized.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "pkg/base/result.h"
#include "pkg/tokens/identities.h"

namespace kuma::tokens {

struct DataplaneFacts {
  std::string name;
  std::string mesh;
  TagSet tags;                          // of all inbounds, or of the gateway
  std::optional<std::string> workload;  // label kuma.io/workload
};

// Binds what the token binds: name, mesh, each tag (present, and only values the token allows), workload. `derives_identity` tells
// whether a MeshIdentity takes this proxy's SPIFFE ID from its workload label; it is asked only when that decides.
Status CheckDataplane(const DataplaneIdentity& token, const DataplaneFacts& proxy, const std::function<Result<bool>()>& derives_identity);

// `scope` is kIngressScope or kEgressScope, `zone` the name of this zone.
Status CheckZoneProxy(const ZoneIdentity& token, const std::string& scope, const std::string& zone);

}  // namespace kuma::tokens
