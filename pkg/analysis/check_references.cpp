// References that lead nowhere and policies that select nothing.
#include "pkg/analysis/world.h"
#include "pkg/base/strings.h"
#include "pkg/policy/rules/match.h"
#include "pkg/policy/rules/resolve.h"

namespace kuma::analysis {

namespace {

using policy::TargetKind;
using policy::TargetRef;

bool IsDestinationKind(TargetKind kind) {
  return kind == TargetKind::kMeshService || kind == TargetKind::kMeshExternalService || kind == TargetKind::kMeshMultiZoneService ||
         kind == TargetKind::kMeshServiceSubset || kind == TargetKind::kMeshHttpRoute;
}

// Empty: it is there.
std::string WhyMissing(const TargetRef& ref, const ResourceMeta& policy, const mesh::Snapshot& snapshot) {
  if (!IsDestinationKind(ref.kind)) return {};
  if (!policy::ResolveTargetRef(ref, policy, snapshot).empty()) return {};
  const bool by_tag = ref.kind == TargetKind::kMeshServiceSubset || (ref.kind == TargetKind::kMeshService && ref.section.empty());
  if (by_tag && !ref.name.empty() && snapshot.FindService(ref.name) != nullptr) return {};
  if (!ref.section.empty()) {
    TargetRef whole = ref;
    whole.section.clear();
    if (!policy::ResolveTargetRef(whole, policy, snapshot).empty()) return Describe(whole) + " has no section " + ref.section;
  }
  return "there is no " + Describe(ref);
}

void CheckEntries(const MeshView& mesh, const Resource& policy, Reporter& report) {
  for (const char* list : {"to", "from"}) {
    for (const Entry& entry : EntriesOf(policy, list)) {
      const std::string why = WhyMissing(entry.target, policy.meta, *mesh.snapshot);
      if (!why.empty()) report.Add("dangling-target", policy, entry.Path() + ".targetRef", why + ", so the entry has no effect");
    }
  }
}

// A near miss, to say what to look at.
std::string WhyNoProxy(const MeshView& mesh, const Resource& policy, const TargetRef& top) {
  if (!top.section.empty()) {
    Resource whole = policy;
    whole.spec["targetRef"].erase("sectionName");
    for (const auto& [name, dataplane] : mesh.snapshot->AllDataplanes()) {
      if (policy::SelectProxy(whole, *dataplane, *mesh.snapshot).matches()) return "; Dataplane " + name + " has no inbound " + top.section;
    }
  }
  if (top.labels && !top.labels->empty()) {
    for (const auto& [key, value] : *top.labels) {
      std::set<std::string> seen;
      bool matches = false;
      for (const auto& [name, dataplane] : mesh.snapshot->AllDataplanes()) {
        const std::string_view own = dataplane->resource->Label(key);
        matches |= own == value;
        if (!own.empty()) seen.insert(std::string(own));
      }
      if (matches) continue;
      if (seen.empty()) return "; no Dataplane has the label " + key;
      return "; label " + key + " is " + Join(std::vector<std::string>(seen.begin(), seen.end()), ", ") + ", never " + value;
    }
  }
  return {};
}

void CheckTop(const MeshView& mesh, const Resource& policy, Reporter& report) {
  const TargetRef top = TopOf(policy);
  if (top.kind == TargetKind::kMeshHttpRoute) {
    if (policy::FindRoute(*mesh.snapshot, mesh.name(), top.name) == nullptr)
      report.Add("dangling-target", policy, "spec.targetRef", "there is no " + Describe(top) + ", so the policy has no effect");
    return;
  }
  if (!mesh.HasProxies() || top.kind == TargetKind::kMesh || top.kind == TargetKind::kMeshGateway) return;
  for (const auto& [name, dataplane] : mesh.snapshot->AllDataplanes()) {
    if (policy::SelectProxy(policy, *dataplane, *mesh.snapshot).matches()) return;
  }
  report.Add("matches-no-proxy", policy, "spec.targetRef", "no proxy is " + Describe(top) + WhyNoProxy(mesh, policy, top));
}

void CheckOtel(const MeshView& mesh, const Json& value, const std::string& path, const Resource& policy, Reporter& report) {
  if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) CheckOtel(mesh, value[i], path + "[" + std::to_string(i) + "]", policy, report);
    return;
  }
  if (!value.is_object()) return;
  if (GetString(value, "kind") == "MeshOpenTelemetryBackend") {
    const TargetRef ref = policy::ParseTargetRef(value);
    for (const ResourcePtr& backend : mesh.Of("MeshOpenTelemetryBackend")) {
      if (ref.labels && !ref.labels->empty()) {
        Labels labels = backend->meta.labels;
        labels.emplace(std::string(kDisplayNameLabel), DisplayName(backend->meta));
        if (policy::TagsMatch(*ref.labels, labels)) return;
      } else if (DisplayName(backend->meta) == ref.name) {
        return;
      }
    }
    report.Add("dangling-backend", policy, path, "there is no " + Describe(ref) + ", so nothing is sent");
    return;
  }
  for (const auto& [key, member] : value.items()) CheckOtel(mesh, member, path + "." + key, policy, report);
}

void CheckMeshServices(const MeshView& mesh, Reporter& report) {
  if (!mesh.HasProxies()) return;
  for (const ResourcePtr& service : mesh.All("MeshService")) {
    const Json& selector = Get(service->spec, "selector");
    const Json& tags = Get(selector, "dataplaneTags");
    const std::string name = GetString(Get(selector, "dataplaneRef"), "name");
    if (!tags.is_object() && name.empty()) continue;
    const std::string_view zone = service->Label(kZoneLabel);
    if (!zone.empty() && zone != mesh.input.zone && !mesh.input.complete) continue;
    bool found = false;
    for (const auto& [dataplane_name, dataplane] : mesh.snapshot->AllDataplanes()) {
      found |= !name.empty() && name == dataplane_name;
      for (const mesh::Inbound& inbound : dataplane->inbounds) {
        bool all = !tags.empty();
        for (const auto& [key, value] : tags.items()) {
          const auto own = inbound.tags.find(key);
          all = all && own != inbound.tags.end() && value == own->second;
        }
        found |= all;
      }
    }
    if (!found) report.Add("service-without-proxy", *service, "spec.selector", "no inbound of a Dataplane has what the selector asks for");
  }
}

}  // namespace

void CheckReferences(const MeshView& mesh, Reporter& report) {
  for (const TypeDescriptor* type : mesh.input.types.All()) {
    if (!type->is_policy || type->policy == nullptr) continue;
    for (const ResourcePtr& policy : mesh.Of(type->name)) {
      if (policy::IsShadow(policy->meta))
        report.Add("shadow-mode", *policy, "labels", "kuma.io/effect: shadow keeps the policy out of the proxies' configuration");
      if (!mesh.complete) continue;
      CheckEntries(mesh, *policy, report);
      CheckTop(mesh, *policy, report);
      CheckOtel(mesh, policy->spec, "spec", *policy, report);
    }
  }
  CheckMeshServices(mesh, report);
}

}  // namespace kuma::analysis
