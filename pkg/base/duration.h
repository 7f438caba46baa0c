// Durations in Go's text form ("1h0m0s", "250ms"), which Kuma's resources and configuration use.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "pkg/base/result.h"

namespace kuma {

using Nanos = std::chrono::nanoseconds;

// Accepts what Go's time.ParseDuration accepts: an optional sign, numbers with fractions and the units ns us µs ms s m h; "0".
// The error text is Go's: time: invalid duration "x".
Result<Nanos> ParseDuration(std::string_view text);

// Go's time.Duration.String(): 90m -> "1h30m0s", 1500us -> "1.5ms", 0 -> "0s".
std::string FormatDuration(Nanos duration);

}  // namespace kuma
