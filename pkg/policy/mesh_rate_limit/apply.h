// How MeshRateLimit edits drafts; see the policy's page in the docs for what its fields mean.
#pragma once

#include "pkg/policy/drafts.h"

namespace kuma::policy {

PolicyHooks MeshRateLimitHooks();

}  // namespace kuma::policy
