// Counters of meshes, services and everything: answered from memory (pkg/insights).
#include <algorithm>

#include "pkg/api/error.h"
#include "pkg/api/paging.h"
#include "pkg/api/routes.h"
#include "pkg/base/strings.h"
#include "pkg/model/document.h"

namespace kuma::api {
namespace {

using insights::MeshStats;
using insights::MeshStatsPtr;
using insights::ProxyStat;
using insights::ServiceKind;
using insights::ServiceStat;

// Zero counters are left out in resources, as protobuf does.
Json SparseStat(const ProxyStat& stat) {
  Json document = Json::object();
  if (stat.total != 0) document["total"] = stat.total;
  if (stat.online != 0) document["online"] = stat.online;
  if (stat.offline != 0) document["offline"] = stat.offline;
  if (stat.partially_degraded != 0) document["partiallyDegraded"] = stat.partially_degraded;
  return document;
}

Json SparseStats(const std::map<std::string, ProxyStat>& stats) {
  Json document = Json::object();
  for (const auto& [key, stat] : stats) document[key] = SparseStat(stat);
  return document;
}

void AddIfAny(Json& document, const char* key, Json value) {
  if (!value.empty()) document[key] = std::move(value);
}

ProxyStat Sum(const ProxyStat& a, const ProxyStat& b) {
  return {a.total + b.total, a.online + b.online, a.offline + b.offline, a.partially_degraded + b.partially_degraded};
}

Json InsightMeta(const char* type, const std::string& mesh, const std::string& name, const MeshStats& stats) {
  Json document = {{"type", type}, {"name", name}, {"creationTime", FormatRfc3339(stats.creation_time)}, {"modificationTime", FormatRfc3339(stats.modification_time)}};
  if (!mesh.empty()) document["mesh"] = mesh;
  return document;
}

Json ServiceDocument(const MeshStats& mesh, const std::string& name, const ServiceStat* stat, const ApiOptions& options) {
  Json document = InsightMeta("ServiceInsight", mesh.mesh, name, mesh);
  ProxyStat proxies;
  if (stat != nullptr) {
    proxies = {stat->online + stat->offline, stat->online, stat->offline, 0};
    document["status"] = stat->Status();
    if (!stat->issued_backends.empty()) document["issuedBackends"] = stat->issued_backends;
    if (stat->kind != ServiceKind::kInternal) document["serviceType"] = insights::ServiceKindName(stat->kind);
    if (!stat->zones.empty()) document["zones"] = stat->zones;
    if (!stat->address.empty()) document["addressPort"] = stat->address;
  }
  document["dataplanes"] = SparseStat(proxies);
  if (stat == nullptr || stat->kind == ServiceKind::kInternal) {
    document["addressPort"] = name + "." + options.service_domain + ":" + std::to_string(options.service_vip_port);
  }
  return document;
}

Json MeshDocument(const MeshStats& stats, const TypeRegistry& types) {
  Json document = InsightMeta("MeshInsight", {}, stats.mesh, stats);
  document["dataplanes"] = SparseStat(stats.dataplanes);
  document["dataplanesByType"] = {{"standard", SparseStat(stats.standard)},
                                  {"gateway", SparseStat(Sum(stats.gateway_builtin, stats.gateway_delegated))},
                                  {"gatewayBuiltin", SparseStat(stats.gateway_builtin)},
                                  {"gatewayDelegated", SparseStat(stats.gateway_delegated)}};
  Json versions = Json::object();
  AddIfAny(versions, "kumaDp", SparseStats(stats.kuma_dp_versions));
  AddIfAny(versions, "envoy", SparseStats(stats.envoy_versions));
  document["dpVersions"] = std::move(versions);
  Json mtls = Json::object();
  AddIfAny(mtls, "issuedBackends", SparseStats(stats.issued_backends));
  AddIfAny(mtls, "supportedBackends", SparseStats(stats.supported_backends));
  document["mTLS"] = std::move(mtls);
  Json policies = Json::object();
  Json resources = Json::object();
  for (const auto& [name, count] : stats.resources) {
    resources[name] = {{"total", count}};
    const TypeDescriptor* type = types.Find(name);
    if (type != nullptr && type->is_policy) policies[name] = {{"total", count}};
  }
  AddIfAny(document, "policies", std::move(policies));
  AddIfAny(document, "resources", std::move(resources));
  if (!stats.exclusive_mesh_services) {
    Json services = Json::object();
    const auto set = [&](const char* key, uint32_t value) {
      if (value != 0) services[key] = value;
    };
    set("total", stats.internal_services + stats.external_services);
    set("internal", stats.internal_services);
    set("external", stats.external_services);
    document["services"] = std::move(services);
  }
  return document;
}

struct NamedService {
  MeshStatsPtr mesh;
  const std::string* name;
  const ServiceStat* stat;
};

std::optional<std::vector<ServiceKind>> ReadKinds(const std::string& text) {
  std::vector<ServiceKind> kinds;
  for (const std::string& part : Split(text, ',')) {
    const std::string name = ToLower(Trim(part));
    const auto all = {ServiceKind::kInternal, ServiceKind::kExternal, ServiceKind::kGatewayDelegated, ServiceKind::kGatewayBuiltin};
    const auto* kind = std::find_if(all.begin(), all.end(), [&](ServiceKind each) { return insights::ServiceKindName(each) == name; });
    if (kind == all.end()) return std::nullopt;
    kinds.push_back(*kind);
  }
  return kinds;
}

Answer ListServices(const ApiDeps& deps, const ApiOptions& options, const ApiRequest& request) {
  if (std::optional<Answer> missing = CheckMesh(deps, request); missing.has_value()) return std::move(*missing);
  const std::optional<std::vector<ServiceKind>> kinds = ReadKinds(request.Query("type"));
  if (!kinds.has_value()) return BadRequest("unsupported service type");
  const std::string part = request.Query("name");
  std::vector<MeshStatsPtr> meshes;
  if (const std::string& mesh = request.Param("mesh"); mesh.empty()) {
    meshes = deps.insights.All();
  } else if (MeshStatsPtr found = deps.insights.Find(mesh); found != nullptr) {
    meshes.push_back(std::move(found));
  }
  std::vector<NamedService> services;
  for (const MeshStatsPtr& mesh : meshes) {
    for (const auto& [name, stat] : mesh->services) {
      const bool wanted = kinds->empty() || std::find(kinds->begin(), kinds->end(), stat.kind) != kinds->end();
      if (wanted && Contains(name, part)) services.push_back({mesh, &name, &stat});
    }
  }
  PageResult page = ReadPage(request, "Could not paginate resources");
  if (page.error.has_value()) return std::move(*page.error);
  return Answer::Document(ListDocument(request, page.page, services.size(), [&](size_t i) {
    return ServiceDocument(*services[i].mesh, *services[i].name, services[i].stat, options);
  }));
}

Answer GetService(const ApiDeps& deps, const ApiOptions& options, const ApiRequest& request) {
  if (std::optional<Answer> missing = CheckMesh(deps, request); missing.has_value()) return std::move(*missing);
  const MeshStatsPtr mesh = deps.insights.Find(request.Param("mesh"));
  // Beside a service that is there, one that is not has an insight of zeros; a mesh without services has no insights.
  if (mesh == nullptr || mesh->services.empty()) return NotFoundAnswer("Could not retrieve a resource");
  const std::string& name = request.Param("service");
  const auto found = mesh->services.find(name);
  return Answer::Document(ServiceDocument(*mesh, name, found == mesh->services.end() ? nullptr : &found->second, options));
}

Answer ListMeshes(const ApiDeps& deps, const ApiOptions&, const ApiRequest& request) {
  PageResult page = ReadPage(request, "Could not retrieve resources");
  if (page.error.has_value()) return std::move(*page.error);
  const Result<ResourceFilter> filter = ReadFilter(request, *deps.types.Find("MeshInsight"));
  if (!filter.ok()) return Fail(filter.error(), "Could not retrieve resources");
  std::vector<MeshStatsPtr> meshes = deps.insights.All();
  const Resource unlabelled;  // insights of meshes have no labels
  if (filter.value() && !filter.value()(unlabelled)) meshes.clear();
  std::erase_if(meshes, [&](const MeshStatsPtr& mesh) { return !Contains(mesh->mesh, request.Query("name")); });
  return Answer::Document(ListDocument(request, page.page, meshes.size(), [&](size_t i) { return MeshDocument(*meshes[i], deps.types); }));
}

Answer GetMesh(const ApiDeps& deps, const ApiOptions&, const ApiRequest& request) {
  const MeshStatsPtr mesh = deps.insights.Find(request.Param("name"));
  if (mesh == nullptr) return NotFoundAnswer("Could not retrieve a resource");
  return Answer::Document(MeshDocument(*mesh, deps.types));
}

Json FullStat(const ProxyStat& stat) {
  return {{"total", stat.total}, {"online", stat.online}, {"offline", stat.offline}, {"partiallyDegraded", stat.partially_degraded}};
}

Json OnlineDocument(const insights::OnlineStat& stat) { return {{"total", stat.total}, {"online", stat.online}}; }

void CountService(const ServiceStat& service, ProxyStat& stat) {
  ++stat.total;
  const std::string_view status = service.Status();
  if (status == "online") ++stat.online;
  if (status == "offline") ++stat.offline;
  if (status == "partially_degraded") ++stat.partially_degraded;
}

Answer GlobalInsight(const ApiDeps& deps, const ApiOptions&, const ApiRequest&) {
  ProxyStat standard, builtin, delegated, internal_services, builtin_services, delegated_services;
  uint32_t external = 0;
  uint32_t policies = 0;
  std::map<std::string, uint32_t> resources;
  const std::vector<MeshStatsPtr> meshes = deps.insights.All();
  for (const MeshStatsPtr& mesh : meshes) {
    standard = Sum(standard, mesh->standard);
    builtin = Sum(builtin, mesh->gateway_builtin);
    delegated = Sum(delegated, mesh->gateway_delegated);
    for (const auto& [name, count] : mesh->resources) {
      resources[name] += count;
      const TypeDescriptor* type = deps.types.Find(name);
      if (type != nullptr && type->is_policy) policies += count;
    }
    for (const auto& [name, service] : mesh->services) {
      switch (service.kind) {
        case ServiceKind::kInternal: CountService(service, internal_services); break;
        case ServiceKind::kExternal: ++external; break;
        case ServiceKind::kGatewayDelegated: CountService(service, delegated_services); break;
        case ServiceKind::kGatewayBuiltin: CountService(service, builtin_services); break;
      }
    }
  }
  const insights::GlobalStats global = deps.insights.Global();
  for (const auto& [name, count] : global.resources) {
    const TypeDescriptor* type = deps.types.Find(name);
    const bool counted_elsewhere = name == "Mesh" || name == "Zone" || name == "ZoneIngress" || name == "ZoneEgress";
    if (type != nullptr && !type->admin_only && !type->path.empty() && !counted_elsewhere) resources[name] = count;
  }
  Json totals = Json::object();
  for (const auto& [name, count] : resources) totals[name] = {{"total", count}};
  return Answer::Document(
      {{"createdAt", FormatRfc3339(deps.clock.Now())},
       {"meshes", {{"total", meshes.size()}}},
       {"dataplanes", {{"standard", FullStat(standard)}, {"gatewayBuiltin", FullStat(builtin)}, {"gatewayDelegated", FullStat(delegated)}}},
       {"policies", {{"total", policies}}},
       {"resources", std::move(totals)},
       {"services",
        {{"internal", FullStat(internal_services)}, {"external", {{"total", external}}}, {"gatewayBuiltin", FullStat(builtin_services)}, {"gatewayDelegated", FullStat(delegated_services)}}},
       {"zones", {{"controlPlanes", OnlineDocument(global.zones)}, {"zoneIngresses", OnlineDocument(global.zone_ingresses)}, {"zoneEgresses", OnlineDocument(global.zone_egresses)}}}});
}

// The older form: how many there are of each global type.
Answer GlobalInsights(const ApiDeps& deps, const ApiOptions&, const ApiRequest&) {
  const insights::GlobalStats global = deps.insights.Global();
  Json resources = Json::object();
  for (const TypeDescriptor* type : deps.types.All()) {
    if (type->scope != Scope::kGlobal || type->path.empty() || type->name.ends_with("Insight") || type->name == "Config") continue;
    const auto found = global.resources.find(type->name);
    resources[type->name] = {{"total", found == global.resources.end() ? 0u : found->second}};
  }
  return Answer::Document({{"type", "GlobalInsights"}, {"creationTime", FormatRfc3339(deps.clock.Now())}, {"resources", std::move(resources)}});
}

}  // namespace

void AddInsightRoutes(const RouteContext& context) {
  using Make = Answer (*)(const ApiDeps&, const ApiOptions&, const ApiRequest&);
  const ApiDeps& deps = context.deps;
  const ApiOptions& options = context.options;
  const auto add = [&](const std::string& path, Make make) {
    context.router.Add({"GET", path, Sync([&deps, &options, make](const ApiRequest& request) { return make(deps, options, request); })});
  };
  add("/global-insight", &GlobalInsight);
  add("/global-insights", &GlobalInsights);
  add("/service-insights", &ListServices);
  add("/meshes/{mesh}/service-insights", &ListServices);
  add("/meshes/{mesh}/service-insights/{service}", &GetService);
  add("/mesh-insights", &ListMeshes);
  add("/mesh-insights/{name}", &GetMesh);
}

}  // namespace kuma::api
