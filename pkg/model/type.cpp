#include "pkg/model/type.h"

#include <cassert>

namespace kuma {
namespace {

template <typename Map>
const TypeDescriptor* FindIn(const Map& map, std::string_view key) {
  if (key.empty()) return nullptr;
  const auto found = map.find(key);
  return found == map.end() ? nullptr : &*found->second;
}

}  // namespace

void TypeRegistry::Add(TypeDescriptor descriptor) {
  auto owned = std::make_unique<TypeDescriptor>(std::move(descriptor));
  const TypeDescriptor* type = owned.get();
  // Names come from our own tables: a clash is a mistake in them, not input.
  assert(by_name_.find(type->name) == by_name_.end());
  by_name_.emplace(type->name, std::move(owned));
  if (!type->path.empty()) by_path_.emplace(type->path, type);
  if (!type->alternative_path.empty()) by_path_.emplace(type->alternative_path, type);
  if (!type->short_name.empty()) by_short_name_.emplace(type->short_name, type);
}

const TypeDescriptor* TypeRegistry::Find(std::string_view name) const { return FindIn(by_name_, name); }
const TypeDescriptor* TypeRegistry::FindByPath(std::string_view path) const { return FindIn(by_path_, path); }
const TypeDescriptor* TypeRegistry::FindByShortName(std::string_view short_name) const { return FindIn(by_short_name_, short_name); }

std::vector<const TypeDescriptor*> TypeRegistry::All() const {
  std::vector<const TypeDescriptor*> all;
  all.reserve(by_name_.size());
  for (const auto& [name, type] : by_name_) all.push_back(type.get());
  return all;
}

}  // namespace kuma
