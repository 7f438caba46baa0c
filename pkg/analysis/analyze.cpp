#include "pkg/analysis/analyze.h"

#include <algorithm>
#include <tuple>

#include "pkg/analysis/world.h"
#include "pkg/base/strings.h"
#include "pkg/policy/rules/order.h"

namespace kuma::analysis {

namespace {

using Check = void (*)(const MeshView&, Reporter&);
constexpr Check kChecks[] = {CheckReferences, CheckRoutes,    CheckSecrets,    CheckShadowing,     CheckSecurity,
                             CheckTimeouts,   CheckProtocols, CheckIdentities, CheckConfigurations};

}  // namespace

void Reporter::Add(std::string_view rule, const Resource& resource, std::string path, std::string message) {
  if (!input_.subjects.empty() && !input_.subjects.contains(resource.meta.key)) return;
  const Rule* row = FindRule(rule);
  findings_.push_back(
      {std::string(rule), row == nullptr ? Severity::kWarning : row->severity, resource.meta.key, std::move(path), std::move(message)});
}

std::vector<Finding> Reporter::Finish() {
  const auto key = [](const Finding& f) { return std::tie(f.resource.mesh, f.resource.type, f.resource.name); };
  std::stable_sort(findings_.begin(), findings_.end(), [&](const Finding& a, const Finding& b) {
    if (key(a) != key(b)) return key(a) < key(b);
    if (a.severity != b.severity) return a.severity > b.severity;
    return std::tie(a.path, a.message) < std::tie(b.path, b.message);
  });
  findings_.erase(std::unique(findings_.begin(), findings_.end(),
                              [&](const Finding& a, const Finding& b) {
                                return key(a) == key(b) && a.rule == b.rule && a.path == b.path && a.message == b.message;
                              }),
                  findings_.end());
  return std::move(findings_);
}

std::vector<ResourcePtr> MeshView::All(std::string_view type) const {
  std::vector<ResourcePtr> found;
  for (const ResourcePtr& resource : input.resources) {
    if (resource->meta.type() == type && resource->meta.mesh() == name()) found.push_back(resource);
  }
  return found;
}

policy::TargetRef TopOf(const Resource& policy) { return policy::ParseTargetRef(Get(policy.spec, "targetRef")); }

std::vector<Entry> EntriesOf(const Resource& policy, std::string_view list) {
  std::vector<Entry> entries;
  const Json& documents = Get(policy.spec, list);
  for (size_t i = 0; documents.is_array() && i < documents.size(); ++i) {
    entries.push_back(
        {std::string(list), i, policy::ParseTargetRef(Get(documents[i], "targetRef")), &documents[i], &Get(documents[i], "default")});
  }
  return entries;
}

std::vector<Entry> EntriesOf(const Resource& policy, const TypeDescriptor& type) {
  if (type.policy->single_default) return {{"", 0, {}, &policy.spec, &Get(policy.spec, "default")}};
  std::vector<Entry> entries;
  for (const char* list : {"to", "from", "rules"}) {
    for (Entry& entry : EntriesOf(policy, list)) entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<ResourcePtr> Ordered(const mesh::ResourceList& policies) {
  std::vector<ResourcePtr> ordered = policies;
  std::stable_sort(ordered.begin(), ordered.end(), [](const ResourcePtr& a, const ResourcePtr& b) {
    return policy::ComparePolicies(TopOf(*a), policy::RankOf(a->meta), TopOf(*b), policy::RankOf(b->meta)) < 0;
  });
  return ordered;
}

bool SameTarget(const policy::TargetRef& a, const policy::TargetRef& b) {
  return a.kind == b.kind && a.name == b.name && a.ns == b.ns && a.section == b.section && a.labels == b.labels && a.tags == b.tags &&
         a.proxy_types == b.proxy_types;
}

bool Covers(const policy::TargetRef& wide, const policy::TargetRef& narrow) {
  if (SameTarget(wide, narrow)) return true;
  return wide.kind == policy::TargetKind::kMesh && wide.proxy_types.empty();
}

std::string Describe(const policy::TargetRef& ref) {
  std::string text = ref.kind_text;
  if (!ref.name.empty()) text += " " + ref.name;
  std::vector<std::string> parts;
  if (ref.labels) {
    for (const auto& [key, value] : *ref.labels) parts.push_back(key + "=" + value);
  }
  for (const auto& [key, value] : ref.tags) parts.push_back(key + "=" + value);
  if (!parts.empty()) text += " with " + Join(parts, ", ");
  if (!ref.section.empty()) text += " section " + ref.section;
  return text;
}

std::vector<Finding> Analyze(const AnalysisInput& input) {
  Reporter report(input);
  mesh::SnapshotBuilder builder(input.zone);
  std::set<std::string> meshes;
  for (const ResourcePtr& resource : input.resources) {
    builder.Apply(nullptr, resource);
    if (resource->meta.type() == "Mesh") meshes.insert(resource->meta.name());
  }
  builder.Build();
  for (const ResourcePtr& resource : input.resources) {
    const TypeDescriptor* type = input.types.Find(resource->meta.type());
    if (type == nullptr) continue;
    CheckDeprecations(*resource, *type, report);
    if (input.complete && type->scope == Scope::kMesh && !meshes.contains(resource->meta.mesh())) {
      report.Add("missing-mesh", *resource, "mesh", "there is no mesh " + resource->meta.mesh());
    }
  }
  for (const mesh::SnapshotPtr& snapshot : builder.All()) {
    if (snapshot->mesh == nullptr) continue;
    const bool complete = input.complete || !snapshot->AllDataplanes().empty();
    const MeshView view{input, snapshot, complete};
    for (const Check check : kChecks) check(view, report);
  }
  return report.Finish();
}

}  // namespace kuma::analysis
