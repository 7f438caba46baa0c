// Looks whether what a store has can be used by a control plane. Used by `kuma cp store check` and `copy`.
#pragma once

#include <string>
#include <vector>

#include "pkg/model/type.h"
#include "pkg/store/store.h"

namespace kuma::cp {

// One line a problem: unknown types, documents that do not fit their type, owners that are not there. Empty: all is well.
std::vector<std::string> FindProblems(const std::vector<store::ImportedResource>& resources, const TypeRegistry& types, const ValidationContext& context);

// "MeshTimeout demo/slow"
std::string DescribeKey(const ResourceKey& key);

// Owners before what they own. Those whose owner is missing come last, without one.
std::vector<store::ImportedResource> InOrderOfOwners(const std::vector<store::ImportedResource>& resources);

}  // namespace kuma::cp
