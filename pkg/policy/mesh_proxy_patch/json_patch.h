// JSON Patch (RFC 6902) as MeshProxyPatch means it: `add` makes what its path lacks, `remove` of what is not there does nothing,
// and negative indices count from the end. Pure.
#pragma once

#include "pkg/base/json.h"

namespace kuma::policy {

// `patches`: a list of {op, path, value, from}. After an error the document is as before.
Status ApplyJsonPatches(Json& document, const Json& patches);

}  // namespace kuma::policy
