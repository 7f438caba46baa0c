// SPIFFE IDs as the SPIFFE standard (SPIFFE-ID.md, 2) limits them. Error texts are those users of the reference know.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/result.h"

namespace kuma::ca {

// "spiffe://<trust_domain>" or "spiffe://<trust_domain>/<segment>/…".
Result<std::string> SpiffeId(std::string_view trust_domain, const std::vector<std::string>& segments = {});
// Checks a complete ID.
Status ValidateSpiffeId(std::string_view id);

using TagSet = std::map<std::string, std::set<std::string>>;
// URIs of a proxy's certificate in a mesh with mTLS: spiffe://<mesh>/<service> of each value of kuma.io/service, then
// kuma://<tag>/<value> of every tag; both in order.
Result<std::vector<std::string>> WorkloadUris(std::string_view mesh, const TagSet& tags);

}  // namespace kuma::ca
