// Header matchers as MeshHTTPRoute and MeshRetry write them: {type, name, value}, type Exact when absent.
#pragma once

#include "pkg/base/json.h"
#include "pkg/envoy/api.h"

namespace kuma::policy {

// A Prefix without a value means that the header is there.
envoy::HeaderMatcher MakeHeaderMatcher(const Json& match);
envoy::HeaderMatcher MethodMatcher(const std::string& method);

}  // namespace kuma::policy
