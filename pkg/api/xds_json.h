// A view as JSON: what a proxy gets, by type and name. Private keys are left out.
#pragma once

#include "pkg/base/json.h"
#include "pkg/base/result.h"
#include "pkg/xds/cache.h"

namespace kuma::api {

// {"type.googleapis.com/envoy.config.cluster.v3.Cluster": {"name": {…}}, …}; types without resources are absent.
Result<Json> ViewDocument(const xds::View& view);

}  // namespace kuma::api
