// Which hostnames generators give a service, and in which zones.
#include <algorithm>
#include <map>
#include <set>

#include "pkg/api/error.h"
#include "pkg/api/routes.h"
#include "pkg/base/strings.h"
#include "pkg/resources/text_template.h"

namespace kuma::api {
namespace {

struct ServiceKindRow {
  std::string_view path;
  std::string_view type;
  std::string_view selector;  // of a HostnameGenerator
};
constexpr ServiceKindRow kKinds[] = {{"meshservices", "MeshService", "meshService"},
                                     {"meshexternalservices", "MeshExternalService", "meshExternalService"},
                                     {"meshmultizoneservices", "MeshMultiZoneService", "meshMultiZoneService"}};

std::string ZoneOf(const ResourceMeta& meta) {
  const auto label = meta.labels.find(kZoneLabel);
  if (label != meta.labels.end() && !label->second.empty()) return label->second;
  return meta.name().substr(0, meta.name().find('.'));
}

bool Selects(const Json& selector, const Labels& labels) {
  if (!selector.is_object()) return false;
  for (const auto& [key, value] : Get(selector, "matchLabels").items()) {
    const auto found = labels.find(key);
    if (found == labels.end() || value != found->second) return false;
  }
  return true;
}

Result<std::string> Hostname(const std::string& text, const ResourceMeta& meta, const Labels& labels, const std::string& zone) {
  KUMA_TRY_ASSIGN(const resources::TextTemplate parsed, resources::TextTemplate::Parse(text));
  const auto label = [&](std::string_view key) {
    const auto found = labels.find(key);
    return found == labels.end() ? std::string{} : found->second;
  };
  const std::string own_zone = label(kZoneLabel);
  return parsed.Render({{"Name", meta.name()},
                        {"DisplayName", DisplayName(meta)},
                        {"Namespace", label(kNamespaceLabel)},
                        {"Mesh", meta.mesh()},
                        {"Zone", own_zone.empty() ? zone : own_zone}},
                       [&](const std::string& key) -> Result<std::string> {
                         const auto found = labels.find(key);
                         if (found == labels.end()) return Invalid("label " + key + " not found");
                         return found->second;
                       });
}

Answer GetHostnames(const ApiDeps& deps, const ApiOptions& options, const ApiRequest& request) {
  const auto* kind = std::find_if(std::begin(kKinds), std::end(kKinds), [&](const ServiceKindRow& row) { return row.path == request.Param("serviceType"); });
  if (kind == std::end(kKinds)) {
    return Fail({400, R"(only "meshservices,meshexternalservices,meshmultizoneservices" are available for inspection)", "Resource is not valid"});
  }
  const Result<ResourcePtr> service = deps.store.Get({std::string(kind->type), request.Param("mesh"), request.Param("name")});
  if (!service.ok()) return Fail(service.error(), "could not retrieve service");
  const Result<std::vector<ResourcePtr>> generators = deps.store.List("HostnameGenerator");
  if (!generators.ok()) return Fail(generators.error(), "could not retrieve hostname generators");

  const ResourceMeta& meta = service.value()->meta;
  const std::string zone = ZoneOf(meta);
  // The global control plane sees services of zones, whose generators see them as their own or as global ones.
  std::vector<std::string> origins = {std::string(service.value()->Label(kOriginLabel))};
  if (options.is_global) origins = {"zone", "global"};
  std::map<std::string, std::set<std::string>> zones_by_hostname;
  for (const ResourcePtr& generator : generators.value()) {
    for (const std::string& origin : origins) {
      Labels labels = meta.labels;
      labels[std::string(kOriginLabel)] = origin;
      if (!Selects(Get(Get(generator->spec, "selector"), kind->selector), labels)) continue;
      const Result<std::string> hostname = Hostname(GetString(generator->spec, "template"), meta, labels, zone);
      if (!hostname.ok()) return Fail(Internal(hostname.error().ToString()), "could not generate hostname");
      if (!hostname.value().empty()) zones_by_hostname[hostname.value()].insert(zone);
    }
  }
  Json items = Json::array();
  for (const auto& [hostname, zones] : zones_by_hostname) {
    Json names = Json::array();
    for (const std::string& name : zones) names.push_back({{"name", name}});
    items.push_back({{"hostname", hostname}, {"zones", std::move(names)}});
  }
  if (items.empty()) return Answer::Document({{"total", 0}, {"items", nullptr}});  // as Go clients have always seen it
  return Answer::Document({{"total", items.size()}, {"items", items}});
}

}  // namespace

void AddHostnameRoutes(const RouteContext& context) {
  const ApiDeps& deps = context.deps;
  const ApiOptions& options = context.options;
  // Proxies have none; their literal path would hide the pattern from them.
  for (const char* path : {"/meshes/{mesh}/{serviceType}/{name}/_hostnames", "/meshes/{mesh}/dataplanes/{name}/_hostnames"}) {
    context.router.Add({"GET", path, Sync([&deps, &options](const ApiRequest& request) { return GetHostnames(deps, options, request); })});
  }
}

}  // namespace kuma::api
