// What a control plane creates by itself: its Zone, the default mesh, default policies of every new mesh, host name generators
// and signing keys. Used by the wiring of the control plane; Install() must come before the first mesh is written.
#pragma once

#include <functional>
#include <string>

#include "pkg/store/admission.h"

namespace kuma::reconcile {

struct DefaultsOptions {
  bool skip_mesh_creation = false;
  bool skip_hostname_generators = false;
  bool log = true;  // false: in a sandbox, where nothing really happens
};

class Defaults {
 public:
  Defaults(store::Admission& admission, DefaultsOptions options) : admission_(admission), options_(options) {}

  // Makes default policies part of creating a mesh: they exist when the write returns.
  void Install();

  // Zone, default mesh and generators; safe to repeat. Cheap: makes no keys.
  Status EnsureAtStart();

  // Policies of one mesh, unless it says not to; existing ones stay.
  Status EnsurePolicies(const Resource& mesh);

  // Signing keys of zone and user tokens and of every mesh's dataplane tokens that are missing. `make_key` gives a new RSA
  // key in PEM; it is slow, so call this in the background or before a first use.
  Status EnsureSigningKeys(const std::function<Result<std::string>()>& make_key);
  Status EnsureMeshSigningKey(const std::string& mesh, const std::function<Result<std::string>()>& make_key);

 private:
  Status EnsureZone();
  Status EnsureDefaultMesh();
  Status EnsureHostnameGenerators();
  Status CreateIfMissing(Resource resource, bool compute_labels);
  Status EnsureKey(ResourceKey key, const std::function<Result<std::string>()>& make_key);

  store::Admission& admission_;
  const DefaultsOptions options_;
};

}  // namespace kuma::reconcile
