// Envoy's own view of a proxy (configuration dump, statistics, clusters), fetched from its admin interface.
#include "pkg/api/error.h"
#include "pkg/api/routes.h"

namespace kuma::api {
namespace {

constexpr const char* kAction = "envoy proxy info";

bool IsTrue(const std::string& text) { return text == "1" || text == "t" || text == "T" || text == "true" || text == "TRUE" || text == "True"; }
bool IsFalse(const std::string& text) { return text == "0" || text == "f" || text == "F" || text == "false" || text == "FALSE" || text == "False"; }

struct ProxyKind {
  const char* type;
  const char* prefix;
  const char* missing;
};

Handler AdminHandler(const ApiDeps& deps, const ApiOptions& options, const ProxyKind& kind, const std::string& what) {
  return [&deps, &options, kind, what](const RequestPtr& request, const Reply& reply) {
    constexpr const char* kTitle = "Could not execute admin operation";
    const Result<ResourcePtr> found = deps.store.Get({kind.type, request->Param("mesh"), request->Param("name")});
    if (!found.ok()) return reply(Fail(found.error(), kind.missing));
    const Json& zone = Get(found.value()->spec, "zone");
    if (!options.is_global && zone.is_string() && !zone.get_ref<const std::string&>().empty() && zone != options.zone) {
      return reply(Fail({400, "Could not connect to zone ingress that resides in another zone", "Resource is not valid"}));
    }
    if (!deps.proxy_admin) return reply(Fail(Unavailable("this control plane does not reach Envoy's admin interface"), kTitle));
    ProxyAdminQuery query{found.value(), what};
    query.json = what == "xds" || request->Query("format") == "json";
    query.include_endpoints = IsTrue(request->Query("include_eds"));
    query.used_only = !IsFalse(request->Query("usedonly"));
    const std::string content_type = query.json ? "application/json" : "text/plain";
    deps.proxy_admin(std::move(query), [reply, content_type](Result<std::string> text) {
      reply(text.ok() ? Answer::Text(std::move(text).value(), content_type) : Fail(text.error(), kTitle));
    });
  };
}

}  // namespace

void AddProxyAdminRoutes(const RouteContext& context) {
  const AccessRules& access = context.options.access;
  const std::pair<const char*, const AccessRule*> kinds_of_data[] = {{"xds", &access.view_config_dump}, {"stats", &access.view_stats}, {"clusters", &access.view_clusters}};
  const ProxyKind kinds_of_proxies[] = {{"Dataplane", "/meshes/{mesh}/dataplanes", "Could not get dataplane resource"},
                                        {"ZoneIngress", "/zoneingresses", "Could not get zone ingress resource"},
                                        {"ZoneEgress", "/zoneegresses", "Could not get zone ingress resource"}};
  for (const ProxyKind& proxy : kinds_of_proxies) {
    // Whatever else one may ask about a proxy there is none of.
    const auto unknown = [](const RequestPtr&, const Reply& reply) { reply(Fail(NotFound(""), "Could not execute admin operation")); };
    context.router.Add({"GET", std::string(proxy.prefix) + "/{name}/{what}", unknown});
    for (const auto& [what, rule] : kinds_of_data) {
      context.router.Add({"GET", std::string(proxy.prefix) + "/{name}/" + what, AdminHandler(context.deps, context.options, proxy, what), false, rule, kAction, true});
    }
  }
}

}  // namespace kuma::api
