// The groups of routes that make the REST API; each adds its rows to the router. Internal to pkg/api.
#pragma once

#include "pkg/api/deps.h"
#include "pkg/api/page_marks.h"
#include "pkg/api/router.h"

namespace kuma::api {

// References outlive the router.
struct RouteContext {
  const ApiDeps& deps;
  const ApiOptions& options;
  Router& router;
  PageMarks& page_marks;
};

void AddControlPlaneRoutes(const RouteContext& context);  // /, /config, /who-am-i, /policies, /_resources, /_kri
void AddTokenRoutes(const RouteContext& context);         // /tokens
void AddInsightRoutes(const RouteContext& context);       // /global-insight, service and mesh insights
void AddInspectRoutes(const RouteContext& context);       // _rules, _policies, _layout, _resources/dataplanes
void AddConfigRoutes(const RouteContext& context);        // _config
void AddExplainRoutes(const RouteContext& context);       // _explain
void AddDryRunRoutes(const RouteContext& context);        // _dry-run
void AddProxyAdminRoutes(const RouteContext& context);    // xds, stats, clusters of a proxy
void AddHostnameRoutes(const RouteContext& context);      // _hostnames
void AddOpenApiRoutes(const RouteContext& context);       // /openapi.yaml
void AddResourceRoutes(const RouteContext& context);      // CRUD and overviews of every type

// Pieces that groups share.

// Whether this control plane may not write the type.
bool IsReadOnly(const TypeDescriptor& type, const ApiOptions& options);
// Fills in the access of a route to resources of the type.
Route WithAccess(Route route, const TypeDescriptor& type, const ApiOptions& options);
// 404 when the route names a mesh that does not exist.
std::optional<Answer> CheckMesh(const ApiDeps& deps, const ApiRequest& request, const char* title = "Failed to retrieve Mesh");

}  // namespace kuma::api
