// Dependencies and options of the REST API from the configuration.
#pragma once

#include "pkg/api/deps.h"
#include "pkg/base/random.h"
#include "pkg/ca/workload_identity.h"
#include "pkg/config/config.h"
#include "pkg/io/http_types.h"
#include "pkg/io/tls.h"

namespace kuma::cp {

api::ApiOptions ApiOptionsOf(const config::Config& config, store::Store& store, const Clock& clock, const std::string& hostname);
api::TokenIssuers TokenIssuersOf(const config::Config& config, store::Store& store, const Clock& clock, Random& random);
// Time limits of the API's ports; 0 in the configuration means none.
io::HttpLimits ApiLimitsOf(const config::Config& config);
// Whose client certificates the HTTPS port takes, and whether it wants one.
struct ApiClientCerts {
  io::ClientCertMode mode = io::ClientCertMode::kNone;
  std::string ca_pem;
};
Result<ApiClientCerts> ApiClientCertsOf(const config::Config& config);
// The SPIFFE ID of a proxy by the MeshIdentity that is ready for it.
std::function<std::optional<std::string>(const mesh::Snapshot&, const mesh::Dataplane&)> SpiffeIdLookup(ca::SpiffeContext context);

}  // namespace kuma::cp
