// Looks at resources together and finds what is probably not meant. Pure: the same for files and for what a control plane has.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "pkg/analysis/finding.h"
#include "pkg/model/type.h"

namespace kuma::analysis {

struct AnalysisInput {
  std::vector<ResourcePtr> resources;  // valid ones; MeshServices and addresses that a control plane computes are among them
  const TypeRegistry& types;
  std::string zone = "default";
  std::set<ResourceKey> subjects = {};  // findings on others are left out; empty: all are wanted
  bool secrets_known = true;            // false: the reader may not see secrets
  bool complete = false;                // all that exists is among `resources`, so what is not there is missing
};

// In order of resources, then of severity.
std::vector<Finding> Analyze(const AnalysisInput& input);

}  // namespace kuma::analysis
