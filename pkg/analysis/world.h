// What checks look at and where they put what they find. Internal to pkg/analysis.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pkg/analysis/analyze.h"
#include "pkg/mesh/snapshot.h"
#include "pkg/policy/rules/target_ref.h"

namespace kuma::analysis {

struct MeshView {
  const AnalysisInput& input;
  mesh::SnapshotPtr snapshot;  // mesh is set
  // What is not there can be called missing: all is known, or at least there are proxies and services.
  bool complete = false;

  const std::string& name() const { return snapshot->mesh_name; }
  const mesh::ResourceList& Of(std::string_view type) const { return snapshot->Resources(type); }
  // Destinations, which a snapshot keeps in another form, included.
  std::vector<ResourcePtr> All(std::string_view type) const;
  bool HasProxies() const { return !snapshot->AllDataplanes().empty(); }
};

class Reporter {
 public:
  explicit Reporter(const AnalysisInput& input) : input_(input) {}
  void Add(std::string_view rule, const Resource& resource, std::string path, std::string message);
  std::vector<Finding> Finish();

 private:
  const AnalysisInput& input_;
  std::vector<Finding> findings_;
};

// One entry of to, from or rules of a policy; single-default policies have one without a list.
struct Entry {
  std::string list;  // "to", "from", "rules", ""
  size_t index = 0;
  policy::TargetRef target;
  const Json* document = nullptr;
  const Json* conf = nullptr;

  std::string Path() const { return list.empty() ? "spec" : "spec." + list + "[" + std::to_string(index) + "]"; }
};
std::vector<Entry> EntriesOf(const Resource& policy, const TypeDescriptor& type);
std::vector<Entry> EntriesOf(const Resource& policy, std::string_view list);

// Policies of a type, least specific first.
std::vector<ResourcePtr> Ordered(const mesh::ResourceList& policies);
policy::TargetRef TopOf(const Resource& policy);
bool SameTarget(const policy::TargetRef& a, const policy::TargetRef& b);
// Every proxy or destination that `narrow` means is one that `wide` means, as far as the refs tell.
bool Covers(const policy::TargetRef& wide, const policy::TargetRef& narrow);
std::string Describe(const policy::TargetRef& ref);

// Checks of one mesh; each may find several rules.
void CheckReferences(const MeshView& mesh, Reporter& report);
void CheckRoutes(const MeshView& mesh, Reporter& report);
void CheckSecrets(const MeshView& mesh, Reporter& report);
void CheckShadowing(const MeshView& mesh, Reporter& report);
void CheckSecurity(const MeshView& mesh, Reporter& report);
void CheckTimeouts(const MeshView& mesh, Reporter& report);
void CheckProtocols(const MeshView& mesh, Reporter& report);
void CheckIdentities(const MeshView& mesh, Reporter& report);
void CheckConfigurations(const MeshView& mesh, Reporter& report);
// Checks of single resources.
void CheckDeprecations(const Resource& resource, const TypeDescriptor& type, Reporter& report);

}  // namespace kuma::analysis
