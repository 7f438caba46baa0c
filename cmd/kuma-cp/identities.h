// Certificates of the control plane's making: workload identities of meshes with mTLS, and the certificates of Envoy admin listeners.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "cmd/kuma-cp/secrets.h"
#include "pkg/base/log.h"
#include "pkg/ca/control_plane_certs.h"
#include "pkg/ca/leaf_issuer.h"
#include "pkg/ca/workload_identity.h"
#include "pkg/model/type.h"
#include "pkg/reconcile/identities.h"
#include "pkg/xds/identity.h"

namespace kuma::cp {

// The root of a bundled MeshIdentity: made by us and kept in secrets of the mesh, or given by the user.
class BundledAuthority final : public reconcile::IdentityAuthority {
 public:
  BundledAuthority(Secrets& secrets, ca::KeySource keys, const Clock& clock, ca::SpiffeContext context)
      : secrets_(secrets), keys_(std::move(keys)), clock_(clock), context_(std::move(context)) {}

  Status Initialize(const Resource& identity) override;
  Status Validate(const Resource& identity) override;
  Result<std::optional<std::string>> TrustedCa(const Resource& identity) override;
  Result<std::string> TrustDomain(const Resource& identity) override;
  // Thread-safe.
  Result<ca::KeyPair> Load(const Resource& identity) const;
  const ca::SpiffeContext& context() const { return context_; }

 private:
  Result<std::string> Certificate(const Resource& identity) const;
  Result<std::string> ReadSource(const std::string& mesh, const Json& source) const;

  Secrets& secrets_;
  const ca::KeySource keys_;
  const Clock& clock_;
  const ca::SpiffeContext context_;
};

// Authorities live in secrets of their mesh; a builtin one that is missing is made on first use.
class MeshIdentities final : public xds::IdentityProvider {
 public:
  MeshIdentities(Secrets& secrets, ca::KeySource keys, const Clock& clock, const BundledAuthority& bundled, const TypeRegistry& types);

  Digest RequestKey(const xds::IdentityRequest& request) const override;
  Result<xds::IdentityPtr> Issue(const xds::IdentityRequest& request) override;
  // Whether provided authorities of a Mesh can be loaded and are ones.
  void CheckProvided(const Resource& mesh, std::vector<Violation>& violations) const;
  // Makes the authority of the enabled backend unless it exists. Slow (RSA).
  Status EnsureAuthority(const std::string& mesh, const Json& backend);

 private:
  Result<xds::IdentityPtr> FromAgent(const xds::IdentityRequest& request) const;
  Result<ca::LeafRequest> MakeLeafRequest(const xds::IdentityRequest& request) const;
  Result<ca::KeyPair> LoadAuthority(const std::string& mesh, const std::string& backend_name);
  Result<std::string> ReadDataSource(const std::string& mesh, const Json& source) const;

  Secrets& secrets_;
  const ca::KeySource keys_;
  const Clock& clock_;
  const BundledAuthority& bundled_;
  const TypeRegistry& types_;
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Json> backends_;            // conf of the backend last asked for; guarded by mutex_
  std::map<std::pair<std::string, std::string>, ResourcePtr> identities_;  // MeshIdentity last asked for; guarded by mutex_
  ca::AuthorityIssuer issuer_;
};

// One certificate per proxy address under the envoy-admin-ca. The private key is shared by all admin listeners of this control plane:
// it protects only what the control plane reads there, and a key per proxy would cost 70 ms of a core each.
class AdminCerts {
 public:
  AdminCerts(Secrets& secrets, ca::KeySource keys, const Clock& clock) : secrets_(secrets), keys_(std::move(keys)), clock_(clock) {}

  // Loads or makes the authority and the shared key (slow); until it has run, For() waits for it.
  void Prepare();
  // Fast after Prepare(). Null when the authority cannot be had; the reason is logged.
  xds::AdminMaterialPtr For(const std::string& address);
  // With which this control plane calls these listeners. As For().
  xds::AdminMaterialPtr ForControlPlane();
  // The control plane ends: a key that is not there is no error any more.
  void Stop() { stopping_ = true; }

 private:
  xds::AdminMaterialPtr IssueLocked(ca::CertPurpose purpose, const std::string& host);

  Secrets& secrets_;
  const ca::KeySource keys_;
  const Clock& clock_;
  Logger log_{"admin-certs"};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::condition_variable prepared_cv_;
  // Guarded by mutex_.
  bool prepared_ = false;
  std::unique_ptr<ca::Authority> authority_;
  std::unique_ptr<ca::PrivateKey> key_;
  std::map<std::string, std::weak_ptr<const xds::AdminMaterial>> issued_;
  xds::AdminMaterialPtr own_;
};

}  // namespace kuma::cp
