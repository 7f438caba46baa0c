// Where the settings of one proxy come from, and what had to be left out of its configuration. Pure; any thread. Used by the API and,
// over files alone, by `kuma xds explain`.
#pragma once

#include "pkg/policy/explain/explain.h"
#include "pkg/xds/render.h"

namespace kuma::xds {

struct PreviewRequest;  // preview.h, which needs all of Envoy's types

// policy::ExplainBody with "warnings": [{"resource", "path", "message"}].
Result<Json> ExplainProxy(const PreviewRequest& request, const policy::ExplainFilter& filter);

// The same for a Dataplane among resources.
Result<Json> ExplainResources(const RenderRequest& request, const policy::ExplainFilter& filter, const TypeRegistry& types);

}  // namespace kuma::xds
