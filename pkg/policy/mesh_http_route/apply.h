// MeshHTTPRoute: which routes an outbound has, and what each becomes in Envoy. Unlike other policies it does not edit a draft: the
// routes are the draft. Planning (which clusters) and building (messages) are apart because clusters are units of their own.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pkg/model/type.h"
#include "pkg/policy/route_destination.h"
#include "pkg/policy/rules/ruleset.h"

namespace kuma::policy {

struct HttpRoutePlan {
  std::string name;
  Json match;
  Json filters = Json::array();
  std::vector<envoy::WeightedTarget> targets;  // at least one in what PlanHttpRoutes gives
  std::vector<std::string> mirror_clusters;  // of RequestMirror filters in order; "" when there is none
};

// The merged conf for the outbound; null: no policy. `origins` (may be null) gets who gave each rule.
const Json* FindHttpRouteConf(const RuleSet* rules, const RouteDestination& to, const std::map<std::string, Origin>** origins);

// In the order in which Envoy must try them, a catch-all always included. Empty when the outbound is not HTTP and no policy says so.
// A rule whose backends are all missing is left out, as what Envoy would reject is; both are told in `report`.
std::vector<HttpRoutePlan> PlanHttpRoutes(const RuleSet* rules, const RouteDestination& to, const DefaultTarget& default_target,
                                          const BackendResolver& resolve, const TypeRegistry& types, const RouteReport& report = {});

// Which of two matches is tried first: negative when `a`. Exact path, longer prefix, longer regular expression, then method, number
// of headers, number of query parameters.
int CompareHttpMatches(const Json& a, const Json& b);

// A prefix other than "/" becomes two Envoy routes: the path itself and what is below it.
void AddHttpRoutes(envoy::VirtualHost& host, const HttpRoutePlan& route);

}  // namespace kuma::policy
