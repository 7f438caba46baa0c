// Time is passed in. System time is for stamps that people and certificates see, monotonic time for waiting.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "pkg/base/result.h"

namespace kuma {

using SystemTime = std::chrono::system_clock::time_point;
using MonotonicTime = std::chrono::steady_clock::time_point;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual SystemTime Now() const = 0;
  virtual MonotonicTime Monotonic() const = 0;
};

// The real one; stateless, shared by reference.
const Clock& RealClock();

// RFC 3339 in UTC with nanoseconds only when they are not zero: "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456789Z".
std::string FormatRfc3339(SystemTime time);
Result<SystemTime> ParseRfc3339(std::string_view text);

}  // namespace kuma
