#include "pkg/xds/what_if.h"

#include <algorithm>
#include <set>

#include "pkg/policy/rules/match.h"
#include "pkg/xds/seal.h"

namespace kuma::xds {
namespace {

constexpr size_t kMemoLimit = 1024;

mesh::DataplanePtr FindIn(const mesh::SnapshotPtr& snapshot, const std::string& name) {
  if (snapshot == nullptr || snapshot->mesh == nullptr) return nullptr;
  const mesh::DataplanePtr* found = snapshot->FindDataplane(name);
  return found == nullptr ? nullptr : *found;
}

}  // namespace

bool MayChange(const mesh::Changes& changes, const mesh::Snapshot& snapshot, const mesh::Dataplane& dataplane, const mesh::ReadSet& reads,
               const TypeRegistry& types) {
  if (changes.dataplanes.contains(dataplane.name) || reads.IsTouchedBy(changes)) return true;
  for (const auto& [old_value, new_value] : changes.resources) {
    const std::string& type = (new_value != nullptr ? new_value : old_value)->meta.type();
    // Its list was read as a whole, which is more than rules do: some settings depend on whether a mesh has any policy of a type.
    if (reads.types.contains(type)) return true;
    const TypeDescriptor* descriptor = types.Find(type);
    if (descriptor == nullptr || !descriptor->is_policy) continue;
    // The first and the last one turn the header with the clients' tags on and off, whomever they select.
    if (type == "MeshFaultInjection" && (old_value == nullptr || new_value == nullptr)) return true;
    if (policy::MayAffect(old_value, dataplane, snapshot) || policy::MayAffect(new_value, dataplane, snapshot)) return true;
  }
  return false;
}

std::string_view ChangeKindName(ChangeKind kind) {
  return kind == ChangeKind::kAdded ? "added" : kind == ChangeKind::kRemoved ? "removed" : "changed";
}

std::vector<std::string> WhatIf::Dataplanes() const {
  std::set<std::string> names;
  for (const mesh::SnapshotPtr& snapshot : {request_.before, request_.after}) {
    if (snapshot == nullptr || snapshot->mesh == nullptr) continue;
    for (const auto& [name, dataplane] : snapshot->AllDataplanes()) names.insert(name);
  }
  return {names.begin(), names.end()};
}

WhatIf::Generated WhatIf::Generate(const Unit& unit) {
  if (generated_.size() >= kMemoLimit) generated_.clear();
  Generated& slot = generated_[unit.digest];
  if (slot == nullptr) slot = std::make_shared<const std::vector<SealedPtr>>(SealOutput(unit.generate(), cache_));
  return slot;
}

// Of the units that the other side does not have.
WhatIf::ResourcesByName WhatIf::OutputOf(const std::vector<Unit>& units, const std::vector<Unit>& other) {
  std::set<Digest> shared;
  for (const Unit& unit : other) shared.insert(unit.digest);
  ResourcesByName out;
  for (const Unit& unit : units) {
    if (shared.contains(unit.digest)) continue;
    for (const SealedPtr& sealed : *Generate(unit)) out.insert_or_assign({sealed->type, sealed->name}, sealed);
  }
  return out;
}

// Null: they read the same. One of the two may be null.
Result<std::shared_ptr<const EnvoyDifference>> WhatIf::CompareResource(ResourceType type, const std::string& name, const SealedPtr& before,
                                                                       const SealedPtr& after) {
  const std::pair<Digest, Digest> key{before == nullptr ? Digest() : before->digest, after == nullptr ? Digest() : after->digest};
  if (const auto known = compared_.find(key); known != compared_.end()) return known->second;
  auto difference = std::make_shared<EnvoyDifference>();
  difference->type = type;
  difference->name = name;
  if (before != nullptr) {
    KUMA_TRY_ASSIGN(difference->before, ToDocument(*before));
  }
  if (after != nullptr) {
    KUMA_TRY_ASSIGN(difference->after, ToDocument(*after));
  }
  difference->kind = before == nullptr ? ChangeKind::kAdded : after == nullptr ? ChangeKind::kRemoved : ChangeKind::kChanged;
  if (difference->kind == ChangeKind::kChanged) {
    difference->fields = Differences(difference->before, difference->after);
    if (difference->fields.empty()) difference = nullptr;
  }
  if (compared_.size() >= kMemoLimit) compared_.clear();
  compared_[key] = difference;
  return std::shared_ptr<const EnvoyDifference>(std::move(difference));
}

Result<std::optional<ProxyDifference>> WhatIf::Compare(const ProxyNode& node) {
  const mesh::DataplanePtr before = FindIn(request_.before, node.name);
  const mesh::DataplanePtr after = FindIn(request_.after, node.name);
  if (before == nullptr && after == nullptr) return std::optional<ProxyDifference>();
  ProxyDifference out;
  std::vector<Unit> old_units, new_units;
  if (before != nullptr) {
    mesh::ReadSet reads;
    old_units = PlanPreview({node, before, request_.before, request_.types, request_.zone, false, &indexes_before_}, &reads).units;
    const bool may_change = after == nullptr || MayChange(request_.changes, *request_.after, *after, reads, request_.types);
    if (!may_change) return std::optional<ProxyDifference>();
  } else {
    out.kind = ChangeKind::kAdded;
  }
  if (after != nullptr) {
    new_units = PlanPreview({node, after, request_.after, request_.types, request_.zone, false, &indexes_after_}).units;
  } else {
    out.kind = ChangeKind::kRemoved;
  }
  const ResourcesByName old_output = OutputOf(old_units, new_units);
  const ResourcesByName new_output = OutputOf(new_units, old_units);
  ResourcesByName keys = old_output;
  keys.insert(new_output.begin(), new_output.end());
  for (const auto& [key, unused] : keys) {
    const auto old_one = old_output.find(key);
    const auto new_one = new_output.find(key);
    const SealedPtr before_one = old_one == old_output.end() ? nullptr : old_one->second;
    const SealedPtr after_one = new_one == new_output.end() ? nullptr : new_one->second;
    if (before_one != nullptr && after_one != nullptr && before_one->digest == after_one->digest) continue;
    KUMA_TRY_ASSIGN(std::shared_ptr<const EnvoyDifference> difference, CompareResource(key.first, key.second, before_one, after_one));
    if (difference != nullptr) out.resources.push_back(std::move(difference));
  }
  if (out.resources.empty() && out.kind == ChangeKind::kChanged) return std::optional<ProxyDifference>();
  return std::optional<ProxyDifference>(std::move(out));
}

}  // namespace kuma::xds
