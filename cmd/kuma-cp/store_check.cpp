#include "cmd/kuma-cp/store_check.h"

#include <set>
#include <algorithm>
#include <map>

#include "pkg/model/document.h"
#include "pkg/store/admission.h"

namespace kuma::cp {
namespace {

std::optional<ResourceKey> ImpliedOwner(const ResourceKey& key, const TypeRegistry& types) {
  const TypeDescriptor* type = types.Find(key.type);
  return type == nullptr ? std::nullopt : store::OwnerOf(*type, key);
}

std::string Problems(const Resource& resource, const TypeRegistry& types, const ValidationContext& context) {
  const TypeDescriptor* type = types.Find(resource.meta.type());
  if (type == nullptr) return "this version of kuma knows no such type";
  if ((type->scope == Scope::kMesh) != !resource.meta.mesh().empty()) return type->scope == Scope::kMesh ? "it is in no mesh" : "it is in a mesh, and its type is global";
  const Result<Resource> decoded = FromDocument(ToDocument(resource, types), *type);
  if (!decoded.ok()) {
    std::string text = decoded.error().ToString();
    for (const Violation& violation : decoded.error().violations) text += (text.empty() ? "" : "; ") + violation.field + ": " + violation.message;
    return text;
  }
  std::string text;
  for (const Violation& violation : Validate(*decoded, *type, context)) text += (text.empty() ? "" : "; ") + violation.field + ": " + violation.message;
  return text;
}

}  // namespace

std::string DescribeKey(const ResourceKey& key) { return key.type + " " + (key.mesh.empty() ? "" : key.mesh + "/") + key.name; }

std::vector<std::string> FindProblems(const std::vector<store::ImportedResource>& resources, const TypeRegistry& types, const ValidationContext& context) {
  std::set<ResourceKey> known;
  for (const store::ImportedResource& item : resources) known.insert(item.resource->meta.key);
  std::vector<std::string> problems;
  for (const store::ImportedResource& item : resources) {
    const ResourceKey& key = item.resource->meta.key;
    if (const std::string text = Problems(*item.resource, types, context); !text.empty()) problems.push_back(DescribeKey(key) + ": " + text);
    const std::optional<ResourceKey> implied = ImpliedOwner(key, types);
    if (item.owner && !known.contains(*item.owner)) {
      problems.push_back(DescribeKey(key) + ": its owner " + DescribeKey(*item.owner) + " is not there");
    } else if (implied && !item.owner) {
      problems.push_back(DescribeKey(key) + ": it should be owned by " + DescribeKey(*implied) + " and is owned by nothing");
    }
  }
  return problems;
}

std::vector<store::ImportedResource> InOrderOfOwners(const std::vector<store::ImportedResource>& resources) {
  std::map<ResourceKey, const store::ImportedResource*> known;
  for (const store::ImportedResource& item : resources) known[item.resource->meta.key] = &item;
  std::vector<std::pair<int, store::ImportedResource>> ordered;
  for (const store::ImportedResource& item : resources) {
    int depth = 0;
    bool complete = true;
    for (std::optional<ResourceKey> above = item.owner; above && depth < 10; ++depth) {
      const auto owner = known.find(*above);
      complete = complete && owner != known.end();
      above = owner == known.end() ? std::nullopt : owner->second->owner;
    }
    if (complete) {
      ordered.emplace_back(depth, item);
    } else {
      const bool orphan = !known.contains(*item.owner);
      ordered.emplace_back(100 + depth, store::ImportedResource{item.resource, orphan ? std::nullopt : item.owner});
    }
  }
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<store::ImportedResource> items;
  items.reserve(ordered.size());
  for (auto& [depth, item] : ordered) items.push_back(std::move(item));
  return items;
}

}  // namespace kuma::cp
