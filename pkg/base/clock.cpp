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
  std::string_view rest = text;
  std::string out_of_range;
  // Faults in the words of Go's time.Parse, as clients of the API know them.
  const auto fault = [&](std::string_view element) {
    return Invalid("parsing time \"" + std::string(text) + R"(" as "2006-01-02T15:04:05Z07:00": cannot parse ")" + std::string(rest) + "\" as \"" +
                   std::string(element) + "\"");
  };
  const auto number = [&](size_t digits, int low, int high, const char* what, int& value) {
    if (rest.size() < digits) return false;
    value = 0;
    for (const char c : rest.substr(0, digits)) {
      if (c < '0' || c > '9') return false;
      value = value * 10 + (c - '0');
    }
    rest.remove_prefix(digits);
    if ((value < low || value > high) && out_of_range.empty()) out_of_range = what;
    return true;
  };
  const auto mark = [&](char wanted) {
    if (rest.empty() || rest.front() != wanted) return false;
    rest.remove_prefix(1);
    return true;
  };
  struct Part {
    const char* element;
    size_t digits;
    int low;
    int high;
    const char* what;
    char mark;  // in front of it
  };
  static constexpr Part kParts[] = {{"2006", 4, 0, 9999, "year", 0},    {"01", 2, 1, 12, "month", '-'},  {"02", 2, 1, 31, "day", '-'},
                                    {"15", 2, 0, 23, "hour", 'T'}, {"04", 2, 0, 59, "minute", ':'}, {"05", 2, 0, 59, "second", ':'}};
  int values[6] = {};
  for (size_t i = 0; i < std::size(kParts); ++i) {
    const Part& part = kParts[i];
    if (part.mark != 0 && !mark(part.mark)) return fault(std::string_view(&part.mark, 1));
    if (!number(part.digits, part.low, part.high, part.what, values[i])) return fault(part.element);
  }
  std::chrono::nanoseconds fraction{0};
  if (rest.size() > 1 && (rest[0] == '.' || rest[0] == ',') && rest[1] >= '0' && rest[1] <= '9') {
    rest.remove_prefix(1);
    for (int64_t scale = 100000000; !rest.empty() && rest.front() >= '0' && rest.front() <= '9'; scale /= 10) {
      fraction += std::chrono::nanoseconds((rest.front() - '0') * scale);
      rest.remove_prefix(1);
    }
  }
  int offset_s = 0;
  if (!mark('Z')) {
    const std::string_view zone = rest;
    const bool west = !zone.empty() && zone.front() == '-';
    int hours = 0;
    int minutes = 0;
    if (!(mark('+') || mark('-')) || !number(2, 0, 24, "time zone offset hour", hours) || !mark(':') ||
        !number(2, 0, 60, "time zone offset minute", minutes)) {
      rest = zone;
      return fault("Z07:00");
    }
    offset_s = (hours * 60 + minutes) * 60 * (west ? -1 : 1);
  }
  const std::chrono::year_month_day date(std::chrono::year(values[0]), std::chrono::month(static_cast<unsigned>(values[1])),
                                         std::chrono::day(static_cast<unsigned>(values[2])));
  if (out_of_range.empty() && rest.empty() && !date.ok()) out_of_range = "day";
  const std::string start = "parsing time \"" + std::string(text) + "\": ";
  if (!out_of_range.empty()) return Invalid(start + out_of_range + " out of range");
  if (!rest.empty()) return Invalid(start + "extra text: \"" + std::string(rest) + "\"");
  // Go's zero time is year 1, and people write year 9999 for "never"; nanoseconds in 64 bits reach from 1677 to 2262.
  constexpr int64_t kReach = 9'223'372'035;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const int64_t seconds = ((days * 24 + values[3]) * 60 + values[4]) * 60 + values[5] - offset_s;
  if (seconds > kReach || seconds < -kReach) return SystemTime(std::chrono::seconds(seconds > 0 ? kReach : -kReach));
  return SystemTime(std::chrono::seconds(seconds)) + std::chrono::duration_cast<SystemTime::duration>(fraction);
}

}  // namespace kuma
