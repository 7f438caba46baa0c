// Where endpoints are, as MeshLoadBalancingStrategy sees it: groups of the local zone by affinity tags, other zones by priority. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/envoy/api.h"
#include "pkg/model/resource.h"

namespace kuma::policy {

// The client: the proxy whose endpoints are arranged.
struct LocalityViewer {
  std::string zone;
  const std::map<std::string, std::vector<std::string>, std::less<>>& tags;
  const Labels& labels;         // stand in for tags that the proxy does not have
  bool through_egress = false;  // endpoints of other zones are behind the zone egress
};

// Applies `localityAwareness` (may be null) of a conf.
void ArrangeLocalities(envoy::LoadAssignment& assignment, const Json& awareness, const LocalityViewer& viewer);

// Whether localities of equal priority share traffic by weight.
bool HasAffinity(const Json& awareness);

}  // namespace kuma::policy
