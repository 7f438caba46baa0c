#include "pkg/base/clock.h"

#include <cstdio>
#include <ctime>

namespace kuma {
namespace {

class OsClock final : public Clock {
 public:
  SystemTime Now() const override { return std::chrono::system_clock::now(); }
  MonotonicTime Monotonic() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace

const Clock& RealClock() {
  static const OsClock clock;
  return clock;
}

std::string FormatRfc3339(SystemTime time) {
  using namespace std::chrono;
  const auto whole = floor<seconds>(time);
  const auto nanos = duration_cast<nanoseconds>(time - whole).count();
  const std::time_t stamp = system_clock::to_time_t(whole);
  std::tm parts{};
  gmtime_r(&stamp, &parts);
  char text[40];
  size_t size = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string out(text, size);
  if (nanos != 0) {
    char fraction[16];
    std::snprintf(fraction, sizeof(fraction), ".%09lld", static_cast<long long>(nanos));
    out += fraction;
    while (out.back() == '0') out.pop_back();
  }
  return out + "Z";
}

Result<SystemTime> ParseRfc3339(std::string_view text) {
  const std::string copy(text);
  std::tm parts{};
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return Invalid("\"" + copy + "\" is not an RFC 3339 time such as 2026-01-02T03:04:05Z");
  std::chrono::nanoseconds fraction{0};
  if (*rest == '.') {
    ++rest;
    int64_t scale = 100000000;
    int64_t value = 0;
    while (*rest >= '0' && *rest <= '9') {
      value += (*rest - '0') * scale;
      scale /= 10;
      ++rest;
    }
    fraction = std::chrono::nanoseconds(value);
  }
  int offset_s = 0;
  if (*rest == '+' || *rest == '-') {
    int hours = 0;
    int minutes = 0;
    if (std::sscanf(rest + 1, "%2d:%2d", &hours, &minutes) != 2) return Invalid("\"" + copy + "\" has a broken time zone");
    offset_s = (hours * 60 + minutes) * 60 * (*rest == '-' ? -1 : 1);
  } else if ((*rest != 'Z' && *rest != 'z') || rest[1] != '\0') {
    return Invalid("\"" + copy + "\" has no time zone (end it with Z)");
  }
  // Go's zero time is year 1, and people write year 9999 for "never"; nanoseconds in 64 bits reach from 1677 to 2262.
  constexpr int64_t kReach = 9'223'372'035;
  const int64_t seconds = static_cast<int64_t>(timegm(&parts)) - offset_s;
  if (seconds > kReach || seconds < -kReach) return SystemTime(std::chrono::seconds(seconds > 0 ? kReach : -kReach));
  return SystemTime(std::chrono::seconds(seconds)) + std::chrono::duration_cast<SystemTime::duration>(fraction);
}

}  // namespace kuma
