// Sealed xDS resources and the views made of them. A resource with equal content exists once in the process: it is serialized once
// and shared by all streams. A view is everything one proxy should have; views are immutable and replaced as a whole.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "pkg/base/digest.h"
#include "pkg/base/json.h"
#include "pkg/model/warning.h"

namespace kuma::xds {

enum class ResourceType { kCluster = 0, kEndpoint = 1, kListener = 2, kRoute = 3, kSecret = 4 };
inline constexpr size_t kResourceTypeCount = 5;

std::string_view TypeUrl(ResourceType type);  // "type.googleapis.com/envoy.config.cluster.v3.Cluster" ...
// Null when the control plane does not serve the type.
const ResourceType* FindResourceType(std::string_view type_url);

struct SealedResource {
  ResourceType type = ResourceType::kCluster;
  std::string name;
  Digest digest;       // of the content
  std::string version;  // digest as hex; delta xDS resource version
  std::string any;      // serialized google.protobuf.Any
};
using SealedPtr = std::shared_ptr<const SealedResource>;

// Resources of one type, sorted by name.
using SealedList = std::vector<SealedPtr>;

// What is to say about a view beside its resources.
struct ViewNotes {
  std::vector<Warning> warnings;                  // sorted, each once; resources are filled in
  std::map<std::string, std::string> patched_by;  // name of a resource -> KRIs of the MeshProxyPatches that touched it
  Json telemetry;                                 // DataplaneInsight.openTelemetry; null: none

  bool empty() const { return warnings.empty() && patched_by.empty() && telemetry.is_null(); }
  friend bool operator==(const ViewNotes&, const ViewNotes&) = default;
};
using ViewNotesPtr = std::shared_ptr<const ViewNotes>;

struct View {
  std::array<std::shared_ptr<const SealedList>, kResourceTypeCount> lists;
  // Version of each list: digest over its resources' digests, as text. Equal lists have equal versions.
  std::array<std::string, kResourceTypeCount> versions;
  uint64_t sequence = 0;  // grows with each view of a proxy
  ViewNotesPtr notes;     // null: nothing to say

  const SealedList& list(ResourceType type) const { return *lists[static_cast<size_t>(type)]; }
  const std::string& version(ResourceType type) const { return versions[static_cast<size_t>(type)]; }
  // Null when absent. Binary search.
  const SealedPtr* Find(ResourceType type, std::string_view name) const;
};
using ViewPtr = std::shared_ptr<const View>;

// Pieces that were left out of a view, and why: for explain and insights.
const std::vector<Warning>& Warnings(const View& view);

// Interns sealed resources by type, name and content. Thread-safe. Entries die with their last view.
class ResourceCache {
 public:
  // `value` is the serialized message (not the Any); the Any is built here, once.
  SealedPtr Seal(ResourceType type, std::string name, const std::string& value);
  size_t size() const;

 private:
  void CollectLocked();
  mutable std::mutex mutex_;
  std::unordered_map<Digest, std::weak_ptr<const SealedResource>> entries_;  // guarded by mutex_
  size_t collect_at_ = 1024;                                                 // guarded by mutex_
};

// Sorts, shares lists and notes that equal those of `previous`, computes versions. `previous` may be null.
ViewPtr MakeView(std::array<SealedList, kResourceTypeCount> lists, const ViewPtr& previous, ViewNotes notes = {});

}  // namespace kuma::xds
