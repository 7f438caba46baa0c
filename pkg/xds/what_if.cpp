#include "pkg/xds/what_if.h"

#include <algorithm>
#include <map>
#include <set>

#include "pkg/policy/rules/match.h"
#include "pkg/xds/seal.h"

namespace kuma::xds {
namespace {

using ResourcesByName = std::map<std::pair<ResourceType, std::string>, SealedPtr>;

mesh::DataplanePtr FindIn(const mesh::SnapshotPtr& snapshot, const std::string& name) {
  if (snapshot == nullptr || snapshot->mesh == nullptr) return nullptr;
  const mesh::DataplanePtr* found = snapshot->FindDataplane(name);
  return found == nullptr ? nullptr : *found;
}

// Of the units that the other side does not have.
ResourcesByName OutputOf(const std::vector<Unit>& units, const std::vector<Unit>& other, ResourceCache& cache) {
  std::set<Digest> shared;
  for (const Unit& unit : other) shared.insert(unit.digest);
  ResourcesByName out;
  for (const Unit& unit : units) {
    if (shared.contains(unit.digest)) continue;
    for (SealedPtr& sealed : SealOutput(unit.generate(), cache)) {
      auto key = std::make_pair(sealed->type, sealed->name);
      out.insert_or_assign(std::move(key), std::move(sealed));
    }
  }
  return out;
}

}  // namespace

bool MayChange(const mesh::Changes& changes, const mesh::Snapshot& snapshot, const mesh::Dataplane& dataplane, const mesh::ReadSet& reads, const TypeRegistry& types) {
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
  ResourceCache cache;
  const ResourcesByName old_output = OutputOf(old_units, new_units, cache);
  const ResourcesByName new_output = OutputOf(new_units, old_units, cache);
  std::set<std::pair<ResourceType, std::string>> keys;
  for (const auto& [key, sealed] : old_output) keys.insert(key);
  for (const auto& [key, sealed] : new_output) keys.insert(key);
  for (const auto& key : keys) {
    const auto old_one = old_output.find(key);
    const auto new_one = new_output.find(key);
    EnvoyDifference difference;
    difference.type = key.first;
    difference.name = key.second;
    if (old_one != old_output.end() && new_one != new_output.end() && old_one->second->digest == new_one->second->digest) continue;
    if (old_one != old_output.end()) {
      KUMA_TRY_ASSIGN(difference.before, ToDocument(*old_one->second));
    }
    if (new_one != new_output.end()) {
      KUMA_TRY_ASSIGN(difference.after, ToDocument(*new_one->second));
    }
    if (old_one == old_output.end()) {
      difference.kind = ChangeKind::kAdded;
    } else if (new_one == new_output.end()) {
      difference.kind = ChangeKind::kRemoved;
    } else {
      difference.fields = Differences(difference.before, difference.after);
      if (difference.fields.empty()) continue;
    }
    out.resources.push_back(std::move(difference));
  }
  if (out.resources.empty() && out.kind == ChangeKind::kChanged) return std::optional<ProxyDifference>();
  return std::optional<ProxyDifference>(std::move(out));
}

}  // namespace kuma::xds
