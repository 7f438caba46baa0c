// Brings MeshIdentities into use: makes the authority of a bundled one, publishes its root as a MeshTrust of the same name and says in
// status.conditions how far it is; only a Ready identity is given to proxies. Keys are made here, so it runs where waiting is allowed.
// Not thread-safe.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "pkg/store/admission.h"

namespace kuma::reconcile {

// The issuer behind a provider type.
class IdentityAuthority {
 public:
  virtual ~IdentityAuthority() = default;
  // Makes what the identity needs unless it exists. May be slow.
  virtual Status Initialize(const Resource& identity) = 0;
  virtual Status Validate(const Resource& identity) = 0;
  // Certificates that peers must trust, as PEM; nullopt: trust is none of our business.
  virtual Result<std::optional<std::string>> TrustedCa(const Resource& identity) = 0;
  virtual Result<std::string> TrustDomain(const Resource& identity) = 0;
};

class Identities {
 public:
  // `bundled` is the one provider of this control plane.
  Identities(store::Admission& admission, IdentityAuthority& bundled) : admission_(admission), bundled_(bundled) {}

  void Apply(const ResourcePtr& old_value, const ResourcePtr& new_value);
  bool dirty() const { return !dirty_.empty(); }
  void Run();

 private:
  using Key = std::pair<std::string, std::string>;  // mesh, name
  void Reconcile(const Key& key);
  Json Initialize(const Resource& identity);
  Status PublishTrust(const Resource& identity, const std::string& ca_pem);

  store::Admission& admission_;
  IdentityAuthority& bundled_;
  std::map<std::string, ResourcePtr> meshes_;
  std::map<Key, ResourcePtr> identities_;
  std::map<Key, ResourcePtr> trusts_;
  std::set<Key> dirty_;
};

}  // namespace kuma::reconcile
