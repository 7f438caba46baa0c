#include "pkg/reconcile/otel_status.h"

#include "pkg/base/log.h"
#include "pkg/base/strings.h"

namespace kuma::reconcile {
namespace {

const Logger& Log() {
  static const Logger kLog{"otel-status"};
  return kLog;
}

Json Condition(const char* type, bool holds, const char* reason, std::string message) {
  return {{"type", type}, {"status", holds ? "True" : "False"}, {"reason", reason}, {"message", std::move(message)}};
}

bool Selects(const Json& wanted, const Labels& labels) {
  if (!wanted.is_object() || wanted.empty()) return false;
  for (const auto& [key, value] : wanted.items()) {
    const auto it = labels.find(key);
    if (it == labels.end() || value != it->second) return false;
  }
  return true;
}

std::string TextOfRef(const Json& ref) {
  std::vector<std::string> parts;
  if (const Json& labels = Get(ref, "labels"); labels.is_object()) {
    for (const auto& [key, value] : labels.items())
      parts.push_back(key + "=" + (value.is_string() ? value.get<std::string>() : ToJsonText(value)));
  }
  return "labels:" + Join(parts, ",");
}

void AddRefs(const Json& conf, std::vector<Json>& refs) {
  const Json& backends = Get(conf, "backends");
  if (!backends.is_array()) return;
  for (const Json& backend : backends) {
    const Json& ref = Get(Get(backend, "openTelemetry"), "backendRef");
    if (!ref.is_null()) refs.push_back(ref);
  }
}

}  // namespace

std::vector<Json> OtelBackendRefs(const Resource& policy) {
  std::vector<Json> refs;
  AddRefs(Get(policy.spec, "default"), refs);
  for (const char* list : {"to", "from", "rules"}) {
    const Json& entries = Get(policy.spec, list);
    if (!entries.is_array()) continue;
    for (const Json& entry : entries) AddRefs(Get(entry, "default"), refs);
  }
  return refs;
}

void OtelStatus::Apply(const ResourcePtr& old_value, const ResourcePtr& new_value) {
  const ResourceMeta& meta = (new_value != nullptr ? new_value : old_value)->meta;
  const std::string& type = meta.type();
  const bool backend = type == "MeshOpenTelemetryBackend";
  if (!backend && type != "MeshAccessLog" && type != "MeshTrace" && type != "MeshMetric") return;
  MeshState& state = meshes_[meta.mesh()];
  ByKey& in = backend ? state.backends : state.policies;
  dirty_.insert(meta.mesh());
  if (new_value == nullptr) {
    in.erase(meta.key);
    return;
  }
  ResourcePtr& slot = in[meta.key];
  // Our own writes are known before their events come.
  if (slot != nullptr && slot->meta.creation_time == new_value->meta.creation_time && slot->meta.version > new_value->meta.version) return;
  slot = new_value;
}

void OtelStatus::Run() {
  for (const std::string& mesh : std::exchange(dirty_, {})) {
    MeshState& state = meshes_[mesh];
    std::map<ResourceKey, int> uses;
    for (auto& [key, policy] : state.policies) {
      std::set<std::string> unresolved;
      const std::vector<Json> refs = OtelBackendRefs(*policy);
      for (const Json& ref : refs) {
        const Resource* found = nullptr;  // of several, the oldest
        for (const auto& [name, backend] : state.backends) {
          if (!Selects(Get(ref, "labels"), backend->meta.labels)) continue;
          if (found == nullptr || backend->meta.creation_time < found->meta.creation_time) found = backend.get();
        }
        if (found != nullptr) {
          ++uses[found->meta.key];
        } else {
          unresolved.insert(TextOfRef(ref));
        }
      }
      std::string message =
          refs.empty() ? "No MeshOpenTelemetryBackend references configured" : "All MeshOpenTelemetryBackend references are resolved";
      if (!unresolved.empty()) {
        message =
            "Unresolved MeshOpenTelemetryBackend references: " + Join(std::vector<std::string>(unresolved.begin(), unresolved.end()), ", ");
      }
      const char* reason = unresolved.empty() ? "AllBackendRefsResolved" : "UnresolvedBackendRefs";
      SetCondition(policy, Condition("BackendRefsResolved", unresolved.empty(), reason, std::move(message)));
    }
    for (auto& [key, backend] : state.backends) {
      const int count = uses[key];
      SetCondition(backend, count == 0
                                ? Condition("ReferencedByPolicies", false, "NotReferenced", "Not referenced by any observability policy")
                                : Condition("ReferencedByPolicies", true, "Referenced",
                                            "Referenced by " + std::to_string(count) + " policy backend(s)"));
    }
  }
}

void OtelStatus::SetCondition(ResourcePtr& resource, const Json& condition) {
  Json conditions = Json::array();
  if (const Json& known = Get(resource->status, "conditions"); known.is_array()) conditions = known;
  bool placed = false;
  for (Json& one : conditions) {
    if (Get(one, "type") != condition["type"]) continue;
    if (one == condition) return;
    one = condition;
    placed = true;
  }
  if (!placed) conditions.push_back(condition);
  Resource next = *resource;
  if (!next.status.is_object()) next.status = Json::object();
  next.status["conditions"] = std::move(conditions);
  const ResourceKey key = next.meta.key;
  const Result<ResourcePtr> stored = admission_.Write(std::move(next), false);
  if (stored.ok()) {
    resource = stored.value();
  } else {
    // Another writer was faster: its event makes this mesh dirty again.
    Log().Debug("status not written", {{"type", key.type}, {"mesh", key.mesh}, {"name", key.name}, {"cause", stored.error().ToString()}});
  }
}

}  // namespace kuma::reconcile
