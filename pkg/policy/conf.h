// Reading confs of policies: values that may be absent. Confs were validated when written; what is malformed counts as absent.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "pkg/base/duration.h"
#include "pkg/base/json.h"

namespace kuma::policy {

std::optional<Nanos> FindDuration(const Json& conf, std::string_view key);
std::optional<uint32_t> FindUint(const Json& conf, std::string_view key);
// A number or its text ("12.5").
std::optional<double> FindDecimal(const Json& conf, std::string_view key);
std::optional<double> ParseDecimal(const Json& value);

}  // namespace kuma::policy
