#include "pkg/insights/mesh_insights.h"

#include <algorithm>

#include "pkg/base/json.h"

namespace kuma::insights {
namespace {

std::string VersionOf(const Json& insight, std::string_view program) {
  const Json& subscriptions = Get(insight, "subscriptions");
  if (!subscriptions.is_array() || subscriptions.empty()) return "unknown";
  const std::string version = GetString(Get(Get(subscriptions.back(), "version"), program), "version");
  return version.empty() ? "unknown" : version;
}

void Add(uint32_t& counter, int sign) { counter = sign > 0 ? counter + 1 : counter - 1; }

// `partly_in_total`: whether degraded proxies count in the total.
void CountState(ProxyStat& stat, ProxyState state, int sign, bool partly_in_total = true) {
  switch (state) {
    case ProxyState::kOnline: Add(stat.online, sign); break;
    case ProxyState::kOffline: Add(stat.offline, sign); break;
    case ProxyState::kPartiallyDegraded: Add(stat.partially_degraded, sign); break;
  }
  if (partly_in_total || state != ProxyState::kPartiallyDegraded) Add(stat.total, sign);
}

void CountState(std::map<std::string, ProxyStat>& stats, const std::string& key, ProxyState state, int sign, bool partly_in_total = true) {
  ProxyStat& stat = stats[key];
  CountState(stat, state, sign, partly_in_total);
  if (stat.online == 0 && stat.offline == 0 && stat.partially_degraded == 0) stats.erase(key);
}

void CountNumber(std::map<std::string, uint32_t>& numbers, const std::string& key, int sign) {
  uint32_t& number = numbers[key];
  Add(number, sign);
  if (number == 0) numbers.erase(key);
}

bool IsIgnored(const Json& inbound) { return GetString(inbound, "state") == "Ignored"; }

bool IsReady(const Json& inbound) {
  const Json& health = Get(inbound, "health");
  if (health.is_object() && !GetBool(health, "ready")) return false;
  return GetString(inbound, "state") != "NotReady";
}

}  // namespace

struct MeshInsights::Contribution {
  ProxyState state = ProxyState::kOffline;
  ServiceKind kind = ServiceKind::kInternal;
  bool is_gateway = false;
  struct Service {
    std::string name;
    std::string zone;
  };
  std::vector<Service> services;  // one an inbound
  std::string backend;
  bool has_mtls = false;
  std::vector<std::string> supported_backends;
  std::string kuma_dp_version;
  std::string envoy_version;
};

std::string_view ServiceKindName(ServiceKind kind) {
  switch (kind) {
    case ServiceKind::kInternal: return "internal";
    case ServiceKind::kExternal: return "external";
    case ServiceKind::kGatewayDelegated: return "gateway_delegated";
    case ServiceKind::kGatewayBuiltin: return "gateway_builtin";
  }
  return "internal";
}

std::string_view ServiceStat::Status() const {
  if (kind == ServiceKind::kExternal) return "not_available";
  if (online == 0) return "offline";
  return offline == 0 ? "online" : "partially_degraded";
}

bool IsOnline(const Json& insight) {
  const Json& subscriptions = Get(insight, "subscriptions");
  return subscriptions.is_array() && std::any_of(subscriptions.begin(), subscriptions.end(), [](const Json& subscription) {
           return !Get(subscription, "connectTime").is_null() && Get(subscription, "disconnectTime").is_null();
         });
}

ProxyState StateOfProxy(const Json& dataplane, const Json& insight) {
  const bool online = IsOnline(insight);
  const Json& networking = Get(dataplane, "networking");
  if (Get(networking, "gateway").is_object()) return online ? ProxyState::kOnline : ProxyState::kOffline;
  size_t total = 0;
  size_t ready = 0;
  for (const Json& inbound : Get(networking, "inbound")) {
    ++total;
    if (IsReady(inbound)) ++ready;
  }
  for (const Json& listener : Get(networking, "listeners")) {
    ++total;
    const std::string state = GetString(listener, "state");
    if (state.empty() || state == "Ready") ++ready;
  }
  if (!online || ready == 0) return ProxyState::kOffline;
  return ready < total ? ProxyState::kPartiallyDegraded : ProxyState::kOnline;
}

std::shared_ptr<const MeshInsights::Contribution> MeshInsights::Describe(const Proxy& proxy) {
  if (proxy.dataplane == nullptr) return nullptr;
  auto out = std::make_shared<Contribution>();
  const Json& spec = proxy.dataplane->spec;
  static const Json none;
  const Json& insight = proxy.insight != nullptr ? proxy.insight->spec : none;
  const Json& networking = Get(spec, "networking");
  const Json& gateway = Get(networking, "gateway");
  out->state = StateOfProxy(spec, insight);
  if (gateway.is_object()) {
    out->is_gateway = true;
    out->kind = GetString(gateway, "type", "DELEGATED") == "BUILTIN" ? ServiceKind::kGatewayBuiltin : ServiceKind::kGatewayDelegated;
    const Json& tags = Get(gateway, "tags");
    out->services.push_back({GetString(tags, kServiceTag), GetString(tags, kZoneTag)});
  } else {
    for (const Json& inbound : Get(networking, "inbound")) {
      if (IsIgnored(inbound)) continue;
      const Json& tags = Get(inbound, "tags");
      out->services.push_back({GetString(tags, kServiceTag), GetString(tags, kZoneTag)});
    }
  }
  std::erase_if(out->services, [](const Contribution::Service& service) { return service.name.empty(); });
  if (const Json& mtls = Get(insight, "mTLS"); mtls.is_object()) {
    out->has_mtls = true;
    out->backend = GetString(mtls, "issuedBackend");
    for (const Json& backend : Get(mtls, "supportedBackends")) {
      if (backend.is_string()) out->supported_backends.push_back(backend.get<std::string>());
    }
  }
  out->kuma_dp_version = VersionOf(insight, "kumaDp");
  out->envoy_version = VersionOf(insight, "envoy");
  return out;
}

void MeshInsights::Count(Mesh& mesh, const Contribution& proxy, int sign) {
  MeshStats& stats = mesh.counters;
  CountState(stats.dataplanes, proxy.state, sign);
  ProxyStat& by_type = !proxy.is_gateway ? stats.standard : proxy.kind == ServiceKind::kGatewayBuiltin ? stats.gateway_builtin : stats.gateway_delegated;
  CountState(by_type, proxy.state, sign);
  CountState(stats.kuma_dp_versions, proxy.kuma_dp_version, proxy.state, sign, false);
  CountState(stats.envoy_versions, proxy.envoy_version, proxy.state, sign, false);
  if (proxy.has_mtls) {
    CountState(stats.issued_backends, proxy.backend, proxy.state, sign);
    for (const std::string& backend : proxy.supported_backends) CountState(stats.supported_backends, backend, proxy.state, sign);
  }
  for (const Contribution::Service& service : proxy.services) {
    ServiceStat& stat = stats.services[service.name];
    if (sign > 0 && stat.online == 0 && stat.offline == 0) stat.kind = proxy.kind;
    Add(proxy.state == ProxyState::kOnline ? stat.online : stat.offline, sign);
    if (!proxy.backend.empty()) CountNumber(stat.issued_backends, proxy.backend, sign);
    if (stat.online == 0 && stat.offline == 0) stats.services.erase(service.name);
    if (!service.zone.empty()) {
      auto& zones = mesh.service_zones[service.name];
      CountNumber(zones, service.zone, sign);
      if (zones.empty()) mesh.service_zones.erase(service.name);
    }
  }
}

void MeshInsights::Touch(Mesh& mesh) const {
  mesh.published = nullptr;
  mesh.counters.modification_time = clock_.Now();
}

void MeshInsights::ApplyProxy(Mesh& mesh, const std::string& name, bool is_insight, const ResourcePtr& value) {
  Proxy& proxy = mesh.proxies[name];
  (is_insight ? proxy.insight : proxy.dataplane) = value;
  if (proxy.counted != nullptr) Count(mesh, *proxy.counted, -1);
  proxy.counted = Describe(proxy);
  if (proxy.counted != nullptr) Count(mesh, *proxy.counted, +1);
  if (proxy.dataplane == nullptr && proxy.insight == nullptr) mesh.proxies.erase(name);
}

void MeshInsights::Apply(const ResourcePtr& old_value, const ResourcePtr& new_value) {
  const ResourceMeta& meta = (new_value != nullptr ? new_value : old_value)->meta;
  const TypeDescriptor* type = types_.Find(meta.type());
  if (type == nullptr) return;
  const int sign = (new_value != nullptr ? 1 : 0) - (old_value != nullptr ? 1 : 0);
  const std::lock_guard lock(mutex_);

  if (type->scope == Scope::kGlobal) {
    if (type->is_insight || type->name.ends_with("Insight")) {
      if (new_value != nullptr) {
        online_[meta.key] = IsOnline(new_value->spec);
      } else {
        online_.erase(meta.key);
      }
      return;
    }
    if (sign != 0) CountNumber(global_resources_, type->name, sign);
    if (type->name != "Mesh") return;
    if (new_value == nullptr) {
      meshes_.erase(meta.name());
      return;
    }
    Mesh& mesh = meshes_[meta.name()];
    mesh.resource = new_value;
    Touch(mesh);
    return;
  }

  const auto found = meshes_.find(meta.mesh());
  if (found == meshes_.end() && new_value == nullptr) return;  // went with its mesh
  Mesh& mesh = found != meshes_.end() ? found->second : meshes_[meta.mesh()];
  if (type->name == "Dataplane" || type->name == "DataplaneInsight") {
    ApplyProxy(mesh, meta.name(), type->name == "DataplaneInsight", new_value);
    Touch(mesh);
  } else if (type->name == "ExternalService") {
    if (new_value != nullptr) {
      mesh.external_services[meta.name()] = new_value;
    } else {
      mesh.external_services.erase(meta.name());
    }
    Touch(mesh);
  }
  if (sign != 0 && !type->is_insight && !type->name.ends_with("Insight")) {
    CountNumber(mesh.resources, type->name, sign);
    Touch(mesh);
  }
}

MeshStatsPtr MeshInsights::Publish(const std::string& name, const Mesh& mesh) {
  auto stats = std::make_shared<MeshStats>(mesh.counters);
  stats->mesh = name;
  stats->creation_time = mesh.resource->meta.creation_time;
  stats->resources = mesh.resources;
  stats->exclusive_mesh_services = GetString(Get(mesh.resource->spec, "meshServices"), "mode") == "Exclusive";
  stats->internal_services = static_cast<uint32_t>(stats->services.size());
  stats->external_services = static_cast<uint32_t>(mesh.external_services.size());
  for (auto& [service, stat] : stats->services) {
    if (const auto zones = mesh.service_zones.find(service); zones != mesh.service_zones.end()) {
      for (const auto& [zone, count] : zones->second) stat.zones.insert(zone);
    }
  }
  if (stats->exclusive_mesh_services) {
    // Services are MeshServices and MeshExternalServices then; only delegated gateways have none.
    std::erase_if(stats->services, [](const auto& entry) { return entry.second.kind != ServiceKind::kGatewayDelegated; });
    return stats;
  }
  for (const auto& [resource_name, resource] : mesh.external_services) {
    const Json& tags = Get(resource->spec, "tags");
    const std::string service = GetString(tags, kServiceTag);
    if (service.empty()) continue;
    ServiceStat fresh;
    fresh.kind = ServiceKind::kExternal;
    fresh.address = GetString(Get(resource->spec, "networking"), "address");
    ServiceStat& stat = stats->services.emplace(service, std::move(fresh)).first->second;
    if (const std::string zone = GetString(tags, kZoneTag); !zone.empty()) stat.zones.insert(zone);
  }
  return stats;
}

MeshStatsPtr MeshInsights::Find(const std::string& mesh) const {
  const std::lock_guard lock(mutex_);
  const auto found = meshes_.find(mesh);
  if (found == meshes_.end() || found->second.resource == nullptr) return nullptr;
  if (found->second.published == nullptr) found->second.published = Publish(mesh, found->second);
  return found->second.published;
}

std::vector<MeshStatsPtr> MeshInsights::All() const {
  const std::lock_guard lock(mutex_);
  std::vector<MeshStatsPtr> all;
  for (auto& [name, mesh] : meshes_) {
    if (mesh.resource == nullptr) continue;
    if (mesh.published == nullptr) mesh.published = Publish(name, mesh);
    all.push_back(mesh.published);
  }
  return all;
}

GlobalStats MeshInsights::Global() const {
  const std::lock_guard lock(mutex_);
  GlobalStats stats;
  stats.resources = global_resources_;
  for (const auto& [key, online] : online_) {
    OnlineStat* stat = key.type == "ZoneInsight" ? &stats.zones : key.type == "ZoneIngressInsight" ? &stats.zone_ingresses : key.type == "ZoneEgressInsight" ? &stats.zone_egresses : nullptr;
    if (stat == nullptr) continue;
    ++stat->total;
    if (online) ++stat->online;
  }
  return stats;
}

}  // namespace kuma::insights
