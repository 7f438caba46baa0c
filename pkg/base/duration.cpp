#include "pkg/base/duration.h"

#include <cstdint>
#include <utility>

namespace kuma {
namespace {

constexpr std::pair<std::string_view, int64_t> kUnits[] = {
    {"ns", 1}, {"us", 1000}, {"µs", 1000}, {"μs", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000},
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// `value` in units of 10^-digits, without trailing zeros of the fraction.
std::string Fraction(uint64_t value, int digits) {
  uint64_t scale = 1;
  for (int i = 0; i < digits; ++i) scale *= 10;
  std::string out = std::to_string(value / scale);
  std::string rest = std::to_string(value % scale);
  rest.insert(0, static_cast<size_t>(digits) - rest.size(), '0');
  while (!rest.empty() && rest.back() == '0') rest.pop_back();
  return rest.empty() ? out : out + "." + rest;
}

}  // namespace

Result<Nanos> ParseDuration(std::string_view text) {
  const auto invalid = [&] { return Invalid("time: invalid duration \"" + std::string(text) + "\""); };
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  if (rest == "0") return Nanos(0);
  if (rest.empty()) return invalid();
  double total = 0;
  int64_t exact = 0;
  while (!rest.empty()) {
    size_t digits = 0;
    int64_t whole = 0;
    while (digits < rest.size() && IsDigit(rest[digits])) {
      if (whole > INT64_MAX / 10 - 9) return invalid();
      whole = whole * 10 + (rest[digits] - '0');
      ++digits;
    }
    rest.remove_prefix(digits);
    double fraction = 0;
    bool have_fraction = false;
    if (!rest.empty() && rest.front() == '.') {
      rest.remove_prefix(1);
      double scale = 0.1;
      while (!rest.empty() && IsDigit(rest.front())) {
        fraction += (rest.front() - '0') * scale;
        scale /= 10;
        rest.remove_prefix(1);
        have_fraction = true;
      }
    }
    if (digits == 0 && !have_fraction) return invalid();
    size_t unit_size = 0;
    while (unit_size < rest.size() && rest[unit_size] != '.' && !IsDigit(rest[unit_size])) ++unit_size;
    const std::string_view unit = rest.substr(0, unit_size);
    if (unit.empty()) return Invalid("time: missing unit in duration \"" + std::string(text) + "\"");
    int64_t factor = 0;
    for (const auto& [name, value] : kUnits) {
      if (name == unit) factor = value;
    }
    if (factor == 0) return Invalid("time: unknown unit \"" + std::string(unit) + "\" in duration \"" + std::string(text) + "\"");
    rest.remove_prefix(unit_size);
    total += (static_cast<double>(whole) + fraction) * static_cast<double>(factor);
    if (total > 9.2e18) return invalid();
    exact += whole * factor + static_cast<int64_t>(fraction * static_cast<double>(factor) + 0.5);
  }
  return Nanos(negative ? -exact : exact);
}

std::string FormatDuration(Nanos duration) {
  const int64_t count = duration.count();
  if (count == 0) return "0s";
  const bool negative = count < 0;
  const uint64_t n = negative ? 0 - static_cast<uint64_t>(count) : static_cast<uint64_t>(count);
  std::string out;
  if (n < 1000) {
    out = std::to_string(n) + "ns";
  } else if (n < 1000000) {
    out = Fraction(n, 3) + "µs";
  } else if (n < 1000000000) {
    out = Fraction(n, 6) + "ms";
  } else {
    const uint64_t minute = 60ull * 1000000000;
    const uint64_t hours = n / (60 * minute);
    const uint64_t minutes = n / minute % 60;
    if (hours > 0) out += std::to_string(hours) + "h";
    if (hours > 0 || minutes > 0) out += std::to_string(minutes) + "m";
    out += Fraction(n % minute, 9) + "s";
  }
  return negative ? "-" + out : out;
}

}  // namespace kuma
