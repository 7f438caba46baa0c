// What a control plane keeps its resources in. Made for watch streams, optimistic versions and transactions of one resource.
// Backends live in folders below and pass one conformance suite. All methods are thread-safe; reads give immutable pointers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/model/resource.h"
#include "pkg/store/watch.h"

namespace kuma::store {

struct ListOptions {
  std::string mesh = {};           // empty: all meshes
  std::string name_contains = {};  // empty: all
  Labels labels = {};              // all must be equal
};

// A resource as another store has it, version and times included.
struct ImportedResource {
  ResourcePtr resource;
  std::optional<ResourceKey> owner;
};

class Store {
 public:
  virtual ~Store() = default;

  virtual Result<ResourcePtr> Get(const ResourceKey& key) = 0;  // kNotFound
  // Ordered by mesh, then name.
  virtual Result<std::vector<ResourcePtr>> List(const std::string& type, const ListOptions& options = {}) = 0;

  // Sets version, creation and modification time. kConflict when the key exists. `owner`: deleted with it (cascade).
  virtual Result<ResourcePtr> Create(Resource resource, std::optional<ResourceKey> owner = std::nullopt) = 0;
  // REQUIRES: resource.meta.version is the version read before. kConflict when another write came between, kNotFound when gone.
  // Creation time is kept. A write that changes nothing is accepted and still makes a new version.
  virtual Result<ResourcePtr> Update(Resource resource) = 0;
  // Also deletes what is owned by it. kNotFound. Mesh-scoped resources are owned by their Mesh, insights by their proxy.
  virtual Status Delete(const ResourceKey& key) = 0;

  // Every change after this call, in order, without gaps or duplicates; `initial` in the watch has the state it starts from.
  // `wake` is called from any thread, at most once until the next Take(), and must not block; it typically posts to a loop.
  virtual std::unique_ptr<Watch> StartWatch(std::function<void()> wake) = 0;

  // Takes resources as they are; for moving everything between stores. All or none of a call; kConflict when a key exists. An owner
  // comes before what it owns, in this call or an earlier one.
  virtual Status Import(const std::vector<ImportedResource>& /*resources*/) { return Invalid("this kind of store cannot be copied into"); }

  // For readiness and 503 answers.
  virtual Status Health() { return Ok(); }
};

}  // namespace kuma::store
