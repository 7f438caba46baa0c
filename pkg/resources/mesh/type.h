// The mesh itself: mTLS backends, legacy observability, routing switches, membership constraints.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeMeshType();

// Configuration of a prometheus metrics backend, which a Dataplane may override as well.
void CheckPrometheusConf(std::vector<Violation>& violations, const std::string& path, const Json& conf);

}  // namespace kuma::resources
