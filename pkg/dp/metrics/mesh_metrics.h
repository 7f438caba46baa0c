// The older way to metrics: a Mesh's own `metrics`. Envoy's and the applications' as they are, but Envoy's clusters of one destination
// (which differ in a hash) summed up, and the mesh's traffic marked.
#pragma once

#include <string>

#include "pkg/dp/metrics/collector.h"

namespace kuma::dp::metrics {

// `aggregate` is the list of applications in the bootstrap reply; `query` goes to Envoy ("filter=…&usedonly").
std::shared_ptr<const Plan> MakeMeshPlan(const Json& aggregate, const std::string& query, const PlanContext& context);

void SumClusters(Families& families);

// What was collected for such a plan, as text.
std::string WriteMeshMetrics(Parts parts, const Plan& plan);

}  // namespace kuma::dp::metrics
