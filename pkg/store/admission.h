// The one path by which resources are written, used by REST, by synchronisation and by controllers. It validates, computes
// labels, lets the type prepare the resource, checks it against others and writes with optimistic retry.
// Thread-safe as far as the store is; hooks are set while starting.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pkg/model/labels.h"
#include "pkg/model/type.h"
#include "pkg/store/store.h"

namespace kuma::store {

struct AdmissionOptions {
  bool is_global = false;
  bool is_federated_zone = false;
  bool is_k8s = false;
  bool check_origin = true;    // false: do not validate kuma.io/origin
  bool unsafe_delete = false;  // true: no checks before deleting
  std::string zone;            // name of this zone; empty on global
  std::string system_namespace = "kuma-system";
};

struct PutResult {
  bool created = false;
  ResourcePtr resource;                // null when `error` is set
  std::vector<std::string> warnings;   // deprecations, for the answer
  std::optional<Error> error;
  std::string title;                   // of the error answer: "Could not process a resource", "Failed to create a resource", ...

  bool ok() const { return !error.has_value(); }
};

// Checks and effects that belong to folders above (certificate authorities, defaults of a mesh).
struct AdmissionHooks {
  // Further checks of one type, after the type's own `admit`.
  std::function<void(const Resource&, const WriteContext&, std::vector<Violation>&)> check;
  // After a successful create or update, before Put returns; `old` is null on create.
  std::function<Status(const ResourcePtr& stored, const ResourcePtr& old)> after;
};

class Admission {
 public:
  Admission(const TypeRegistry& types, Store& store, AdmissionOptions options) : types_(types), store_(store), options_(std::move(options)) {}

  // `type` names the type; several hooks of a type run in the order they were added.
  void AddHooks(const std::string& type, AdmissionHooks hooks) { hooks_[type].push_back(std::move(hooks)); }

  // A decoded document (FromDocument) that a user writes under `key` (from the URL).
  PutResult Put(const ResourceKey& key, Resource incoming);

  // What the control plane itself writes: no checks of labels and names; labels are computed only when `compute_labels`.
  // Creates when `incoming.meta.version` is 0, else updates.
  Result<ResourcePtr> Write(Resource incoming, bool compute_labels = true);

  // Checks `admit_delete` unless deletes are unsafe; also the origin label.
  Status Delete(const ResourceKey& key);

  Store& store() { return store_; }
  const TypeRegistry& types() const { return types_; }
  const AdmissionOptions& options() const { return options_; }
  LabelOptions label_options() const;

 private:
  WriteContext MakeContext(const Resource* old, const Resource* mesh) const;
  std::vector<Violation> CheckRequest(const TypeDescriptor& type, const ResourceKey& key, const Resource& incoming) const;
  Status RunAfter(const std::string& type, const ResourcePtr& stored, const ResourcePtr& old);

  const TypeRegistry& types_;
  Store& store_;
  const AdmissionOptions options_;
  std::map<std::string, std::vector<AdmissionHooks>, std::less<>> hooks_;
};

// What deletes it along with itself: the mesh for mesh-scoped resources, the proxy or zone for insights; none for global ones.
std::optional<ResourceKey> OwnerOf(const TypeDescriptor& type, const ResourceKey& key);

}  // namespace kuma::store
