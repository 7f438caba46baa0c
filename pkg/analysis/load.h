// From documents of files to what a control plane would have after they were applied: decoded, checked, with default policies, computed
// MeshServices and addresses. What cannot be applied is a finding and stops nothing. Pure: no server, nothing is kept.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "pkg/analysis/finding.h"
#include "pkg/base/result.h"
#include "pkg/model/type.h"

namespace kuma::analysis {

struct LoadOptions {
  std::string zone = "default";
  std::string mesh = "default";  // of documents that name none
  bool strict = false;           // unknown fields are errors
};

struct LoadFinding {
  Finding finding;
  size_t document = 0;  // index of the document
};

struct Loaded {
  std::vector<ResourcePtr> resources;
  std::map<ResourceKey, size_t> documents;  // what was written -> index of its document
  std::vector<LoadFinding> findings;

  std::set<ResourceKey> Subjects() const;
};

// kInternal only.
Result<Loaded> Load(const std::vector<Json>& documents, const TypeRegistry& types, const LoadOptions& options);

}  // namespace kuma::analysis
