// MeshTCPRoute: where the connections of an outbound go.
#pragma once

#include <vector>

#include "pkg/model/type.h"
#include "pkg/policy/route_destination.h"
#include "pkg/policy/rules/ruleset.h"

namespace kuma::policy {

// Nothing: the outbound is HTTP (routes rule it then) or no backend exists. `has_http_route`: a MeshHTTPRoute speaks for it.
std::vector<envoy::WeightedTarget> PlanTcpTargets(const RuleSet* rules, bool has_http_route, const RouteDestination& to,
                                                  const DefaultTarget& default_target, const BackendResolver& resolve, const TypeRegistry& types,
                                                  const RouteReport& report = {});

}  // namespace kuma::policy
