#include "pkg/model/labels.h"

#include "pkg/model/names.h"

namespace kuma {
namespace {

constexpr std::string_view kServiceAccountLabel = "k8s.kuma.io/service-account";
constexpr std::string_view kListenerIngressLabel = "kuma.io/listener-zoneingress";
constexpr std::string_view kListenerEgressLabel = "kuma.io/listener-zoneegress";

std::string Find(const Labels& labels, std::string_view key) {
  const auto found = labels.find(key);
  return found == labels.end() ? std::string{} : found->second;
}

void SetIfMissing(Labels& labels, std::string_view key, std::string value) { labels.emplace(std::string(key), std::move(value)); }
void Set(Labels& labels, std::string_view key, std::string value) { labels.insert_or_assign(key, std::move(value)); }

bool LocallyOriginated(bool is_global, const Labels& labels) {
  const std::string origin = Find(labels, kOriginLabel);
  if (origin.empty()) return true;
  return origin == (is_global ? "global" : "zone");
}

void SetListenerMark(Labels& labels, std::string_view key, bool present) {
  if (present) {
    Set(labels, key, "enabled");
  } else if (const auto found = labels.find(key); found != labels.end()) {
    labels.erase(found);
  }
}

std::string LabelPath(std::string_view key) { return "labels[" + QuoteGo(key) + "]"; }

// Plugin-originated types carry a spec member of their own.
bool IsPluginOriginated(const TypeDescriptor& type) { return !type.inlined_spec; }

}  // namespace

Result<std::string> ComputePolicyRole(const Json& spec, const std::string& ns, bool ns_is_system) {
  if (ns.empty() || ns_is_system) return std::string("system");
  const Json& to = Get(spec, "to");
  const bool has_to = to.is_array() && !to.empty();
  const Json& from = Get(spec, "from");
  const bool has_from = from.is_array() && !from.empty();
  if (has_from && has_to) return Invalid("it's not allowed to mix 'to' and 'from' arrays in the same policy");
  if (!has_to) return std::string("workload-owner");
  size_t producers = 0;
  for (const Json& item : to) {
    const Json& target = Get(item, "targetRef");
    const std::string kind = GetString(target, "kind");
    const std::string target_ns = GetString(target, "namespace");
    if ((kind == "MeshService" || kind == "MeshHTTPRoute") && !GetString(target, "name").empty() && (target_ns.empty() || target_ns == ns)) ++producers;
  }
  if (producers == to.size()) return std::string("producer");
  if (producers == 0) return std::string("consumer");
  return Invalid("it's not allowed to mix producer and consumer items in the same policy");
}

Result<Labels> ComputeLabels(const TypeDescriptor& type, const Json& spec, const Labels& given, const std::string& mesh, const LabelOptions& options) {
  Labels labels = given;
  if (type.scope == Scope::kMesh) SetIfMissing(labels, kMeshLabel, mesh.empty() ? "default" : mesh);

  // Types that a zone cannot provide (Mesh) say nothing by zone labels.
  if (!options.is_global && type.kds.ProvidedByZone()) {
    SetIfMissing(labels, kOriginLabel, "zone");
    if (Find(labels, kOriginLabel) != "global") {
      SetIfMissing(labels, kZoneLabel, options.zone);
      SetIfMissing(labels, kEnvLabel, options.is_k8s ? "kubernetes" : "universal");
    }
  }

  if (!options.ns.empty() && LocallyOriginated(options.is_global, labels)) {
    if (options.is_k8s) SetIfMissing(labels, kNamespaceLabel, options.ns);
    if (type.is_policy && IsPluginOriginated(type)) {
      KUMA_TRY_ASSIGN(std::string role, ComputePolicyRole(spec, options.ns, options.ns_is_system));
      Set(labels, kPolicyRoleLabel, std::move(role));
    }
  }

  if (type.is_proxy && type.proxy_type) {
    Set(labels, kProxyTypeLabel, type.proxy_type(spec));
    if (type.scope == Scope::kMesh) {
      bool ingress = false;
      bool egress = false;
      for (const Json& listener : GetPath(spec, {"networking", "listeners"})) {
        const std::string kind = GetString(listener, "type");
        ingress = ingress || kind == "ZoneIngress";
        egress = egress || kind == "ZoneEgress";
      }
      SetListenerMark(labels, kListenerIngressLabel, ingress);
      SetListenerMark(labels, kListenerEgressLabel, egress);
    }
  }

  if (options.is_k8s && !options.service_account.empty()) Set(labels, kServiceAccountLabel, options.service_account);
  if (!options.workload.empty()) Set(labels, kWorkloadLabel, options.workload);
  return labels;
}

void ValidateOrigin(const ResourceMeta& meta, const TypeDescriptor& type, const LabelRules& rules, std::vector<Violation>& violations) {
  if (!rules.check_origin) return;
  const auto origin = meta.labels.find(kOriginLabel);
  const bool given = origin != meta.labels.end();
  if (rules.is_global && given && origin->second != "global") {
    violations.push_back({LabelPath(kOriginLabel), "the origin label must be set to 'global'"});
  }
  if (rules.is_federated_zone && IsPluginOriginated(type) && (!given || origin->second != "zone")) {
    violations.push_back({LabelPath(kOriginLabel), "the origin label must be set to 'zone'"});
  }
}

void ValidateLabels(const ResourceMeta& meta, const TypeDescriptor& type, const LabelRules& rules, std::vector<Violation>& violations) {
  const auto origin = meta.labels.find(kOriginLabel);
  if (origin != meta.labels.end() && origin->second != "global" && origin->second != "zone") {
    violations.push_back({LabelPath(kOriginLabel), "unknown resource origin " + QuoteGo(origin->second)});
  }
  ValidateOrigin(meta, type, rules, violations);
  if (!rules.is_global && (origin == meta.labels.end() || origin->second != "global")) {
    const auto zone = meta.labels.find(kZoneLabel);
    if (zone != meta.labels.end() && zone->second != rules.zone) {
      violations.push_back({LabelPath(kZoneLabel), "kuma.io/zone label should have " + rules.zone + " value"});
    }
    const auto mesh = meta.labels.find(kMeshLabel);
    if (mesh != meta.labels.end() && mesh->second != meta.mesh()) {
      violations.push_back({LabelPath(kMeshLabel), "kuma.io/mesh label must not differ from mesh set on resource"});
    }
  }
  for (const auto& [key, value] : meta.labels) {
    for (std::string& text : CheckQualifiedName(key)) violations.push_back({LabelPath(key), std::move(text)});
    for (std::string& text : CheckLabelValue(value)) violations.push_back({LabelPath(key), std::move(text)});
  }
}

void ValidateImmutableLabels(const Labels& before, const Labels& after, std::vector<Violation>& violations) {
  for (const std::string_view key : {kOriginLabel, kZoneLabel, kDisplayNameLabel}) {
    const auto old_value = before.find(key);
    if (old_value == before.end()) continue;
    const auto new_value = after.find(key);
    if (new_value == after.end()) {
      violations.push_back({LabelPath(key), "is immutable, cannot be removed (was " + QuoteGo(old_value->second) + ")"});
    } else if (new_value->second != old_value->second) {
      violations.push_back({LabelPath(key), "is immutable, cannot be changed from " + QuoteGo(old_value->second) + " to " + QuoteGo(new_value->second)});
    }
  }
}

}  // namespace kuma
