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

// As Go's time package quotes: bytes beyond ASCII and control characters as \xNN.
std::string Quoted(std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto code = static_cast<unsigned char>(c);
    if (code >= 0x80 || code < 0x20) {
      out += {'\\', 'x', kHex[code >> 4], kHex[code & 15]};
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

}  // namespace

Result<Nanos> ParseDuration(std::string_view text) {
  const auto invalid = [&] { return Invalid("time: invalid duration " + Quoted(text)); };
  std::string_view rest = text;
  bool negative = false;
  if (!rest.empty() && (rest.front() == '-' || rest.front() == '+')) {
    negative = rest.front() == '-';
    rest.remove_prefix(1);
  }
  if (rest == "0") return Nanos(0);
  if (rest.empty()) return invalid();
  constexpr uint64_t kLimit = uint64_t{1} << 63;  // of the magnitude: the smallest duration has it
  uint64_t total = 0;
  while (!rest.empty()) {
    size_t digits = 0;
    uint64_t whole = 0;
    for (; digits < rest.size() && IsDigit(rest[digits]); ++digits) {
      if (whole > kLimit / 10) return invalid();
      whole = whole * 10 + static_cast<uint64_t>(rest[digits] - '0');
      if (whole > kLimit) return invalid();
    }
    rest.remove_prefix(digits);
    uint64_t fraction = 0;
    double scale = 1;
    bool have_fraction = false;
    if (!rest.empty() && rest.front() == '.') {
      for (rest.remove_prefix(1); !rest.empty() && IsDigit(rest.front()); rest.remove_prefix(1)) {
        have_fraction = true;
        if (fraction > (kLimit - 10) / 10) continue;  // further digits are below what counts
        fraction = fraction * 10 + static_cast<uint64_t>(rest.front() - '0');
        scale *= 10;
      }
    }
    if (digits == 0 && !have_fraction) return invalid();
    size_t unit_size = 0;
    while (unit_size < rest.size() && rest[unit_size] != '.' && !IsDigit(rest[unit_size])) ++unit_size;
    const std::string_view unit = rest.substr(0, unit_size);
    if (unit.empty()) return Invalid("time: missing unit in duration " + Quoted(text));
    uint64_t factor = 0;
    for (const auto& [name, value] : kUnits) {
      if (name == unit) factor = static_cast<uint64_t>(value);
    }
    if (factor == 0) return Invalid("time: unknown unit " + Quoted(unit) + " in duration " + Quoted(text));
    rest.remove_prefix(unit_size);
    if (whole > kLimit / factor) return invalid();
    const uint64_t part = whole * factor + static_cast<uint64_t>(static_cast<double>(fraction) * (static_cast<double>(factor) / scale));
    if (part > kLimit || total > kLimit - part) return invalid();
    total += part;
  }
  if (total == kLimit && !negative) return invalid();
  return Nanos(negative ? static_cast<int64_t>(0 - total) : static_cast<int64_t>(total));
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
