// MeshRetry's list of conditions in Envoy's terms.
#pragma once

#include <string>
#include <vector>

#include "pkg/base/json.h"

namespace kuma::policy {

struct RetryOn {
  std::string conditions;  // comma separated, defaults when none were given
  std::vector<uint32_t> status_codes;
  std::vector<std::string> methods;
};

RetryOn ParseHttpRetryOn(const Json& list);
RetryOn ParseGrpcRetryOn(const Json& list);

}  // namespace kuma::policy
