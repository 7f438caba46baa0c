// What a proxy proves itself with. Certificates are issued beside the pure line (they need time and randomness); the result is one more
// value that generators read.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/base/digest.h"
#include "pkg/base/duration.h"
#include "pkg/base/result.h"
#include "pkg/mesh/facts.h"

namespace kuma::xds {

struct Identity {
  std::string backend;      // mesh CA backend or MeshIdentity that issued it
  std::string workload_secret;  // name of the secret when a MeshIdentity issued it, "" otherwise
  std::string cert_pem;     // leaf first
  std::string key_pem;
  std::vector<std::string> ca_pems;
  SystemTime issued_at{};
  SystemTime not_before{};
  SystemTime not_after{};
  SystemTime rotate_at{};   // 4/5 of the lifetime
  std::vector<std::string> supported_backends;
  std::string agent_socket = {};  // SPIRE's agent serves certificates to the proxy there; then there are none here
  Nanos agent_timeout{};          // for connecting to it
  Digest digest;            // of everything above
};
using IdentityPtr = std::shared_ptr<const Identity>;

struct IdentityRequest {
  mesh::MeshConfigPtr mesh;
  mesh::DataplanePtr dataplane;   // null for a zone proxy
  std::string service = {};       // of a zone proxy, instead of the tags of `dataplane`
  ResourcePtr workload_identity = nullptr;  // the MeshIdentity that issues; null: the mesh's own backend
  std::vector<std::string> trusts = {};     // KRIs of the mesh's MeshTrusts; for supported_backends, no part of the key
};

// Implemented over pkg/ca in cmd/; tests use a fixed one.
class IdentityProvider {
 public:
  virtual ~IdentityProvider() = default;
  // Equal keys mean that an issued identity is still right (same CA, same services and tags).
  virtual Digest RequestKey(const IdentityRequest& request) const = 0;
  // May take long (RSA); called on a worker thread. REQUIRES: request.mesh->mtls_enabled or request.workload_identity is set.
  virtual Result<IdentityPtr> Issue(const IdentityRequest& request) = 0;
};

// Material of the mTLS listener through which the control plane reaches Envoy's admin interface.
struct AdminMaterial {
  std::string ca_pem;
  std::string cert_pem;
  std::string key_pem;
};
using AdminMaterialPtr = std::shared_ptr<const AdminMaterial>;

}  // namespace kuma::xds
