#include "pkg/xds/cache.h"

#include <algorithm>

namespace kuma::xds {
namespace {

constexpr std::string_view kTypeUrls[kResourceTypeCount] = {
    "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
    "type.googleapis.com/envoy.config.listener.v3.Listener",
    "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
    "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
};

constexpr ResourceType kTypes[kResourceTypeCount] = {ResourceType::kCluster, ResourceType::kEndpoint, ResourceType::kListener,
                                                     ResourceType::kRoute, ResourceType::kSecret};

void AppendVarint(std::string& out, size_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>((value & 0x7f) | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// google.protobuf.Any: type_url = 1, value = 2, both length-delimited.
std::string MakeAny(std::string_view type_url, std::string_view value) {
  std::string any;
  any.reserve(type_url.size() + value.size() + 12);
  any.push_back(0x0a);
  AppendVarint(any, type_url.size());
  any.append(type_url);
  if (!value.empty()) {
    any.push_back(0x12);
    AppendVarint(any, value.size());
    any.append(value);
  }
  return any;
}

bool ByName(const SealedPtr& a, const SealedPtr& b) { return a->name < b->name; }

std::string VersionOf(const SealedList& list) {
  DigestBuilder builder;
  for (const SealedPtr& resource : list) builder.Add(resource->digest);
  return builder.Finish().ToHex();
}

}  // namespace

std::string_view TypeUrl(ResourceType type) { return kTypeUrls[static_cast<size_t>(type)]; }

const ResourceType* FindResourceType(std::string_view type_url) {
  for (size_t i = 0; i < kResourceTypeCount; ++i) {
    if (kTypeUrls[i] == type_url) return &kTypes[i];
  }
  return nullptr;
}

const SealedPtr* View::Find(ResourceType type, std::string_view name) const {
  const SealedList& resources = list(type);
  auto it = std::lower_bound(resources.begin(), resources.end(), name,
                             [](const SealedPtr& resource, std::string_view wanted) { return resource->name < wanted; });
  return it != resources.end() && (*it)->name == name ? &*it : nullptr;
}

SealedPtr ResourceCache::Seal(ResourceType type, std::string name, const std::string& value) {
  const Digest digest = DigestBuilder().Add(static_cast<uint64_t>(type)).Add(name).Add(value).Finish();
  const std::lock_guard lock(mutex_);
  auto& entry = entries_[digest];
  if (SealedPtr known = entry.lock()) return known;
  auto sealed = std::make_shared<SealedResource>();
  sealed->type = type;
  sealed->name = std::move(name);
  sealed->digest = digest;
  sealed->version = digest.ToHex();
  sealed->any = MakeAny(TypeUrl(type), value);
  entry = sealed;
  if (entries_.size() >= collect_at_) CollectLocked();
  return sealed;
}

void ResourceCache::CollectLocked() {
  std::erase_if(entries_, [](const auto& entry) { return entry.second.expired(); });
  // Doubling keeps collection linear in the number of insertions.
  collect_at_ = std::max<size_t>(1024, entries_.size() * 2);
}

size_t ResourceCache::size() const {
  const std::lock_guard lock(mutex_);
  size_t alive = 0;
  for (const auto& [digest, entry] : entries_) alive += entry.expired() ? 0 : 1;
  return alive;
}

const std::vector<Warning>& Warnings(const View& view) {
  static const std::vector<Warning> kNone;
  return view.notes == nullptr ? kNone : view.notes->warnings;
}

ViewPtr MakeView(std::array<SealedList, kResourceTypeCount> lists, const ViewPtr& previous, ViewNotes notes) {
  auto view = std::make_shared<View>();
  view->sequence = previous ? previous->sequence + 1 : 1;
  for (size_t i = 0; i < kResourceTypeCount; ++i) {
    SealedList& list = lists[i];
    std::stable_sort(list.begin(), list.end(), ByName);
    list.erase(std::unique(list.begin(), list.end(), [](const SealedPtr& a, const SealedPtr& b) { return a->name == b->name; }), list.end());
    std::string version = VersionOf(list);
    if (previous && previous->versions[i] == version) {
      view->lists[i] = previous->lists[i];
      view->versions[i] = previous->versions[i];
      continue;
    }
    list.shrink_to_fit();
    view->lists[i] = std::make_shared<const SealedList>(std::move(list));
    view->versions[i] = std::move(version);
  }
  std::sort(notes.warnings.begin(), notes.warnings.end());
  notes.warnings.erase(std::unique(notes.warnings.begin(), notes.warnings.end()), notes.warnings.end());
  if (previous && previous->notes != nullptr && *previous->notes == notes) {
    view->notes = previous->notes;
  } else if (!notes.empty()) {
    view->notes = std::make_shared<const ViewNotes>(std::move(notes));
  }
  return view;
}

}  // namespace kuma::xds
