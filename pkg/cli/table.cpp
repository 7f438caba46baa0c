#include "pkg/cli/table.h"

#include <algorithm>
#include <sstream>

namespace kuma::cli {
namespace {

constexpr size_t kGap = 3;
constexpr size_t kLeastColumn = 6;  // with the gap, as Kubernetes' printers do

// Code points, not bytes: names may be any UTF-8.
size_t Width(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; }));
}

}  // namespace

void Table::Print(std::ostream& out) const {
  std::vector<const std::vector<std::string>*> lines = {&headers_};
  for (const auto& row : rows_) lines.push_back(&row);
  std::vector<size_t> widths;
  for (const auto* line : lines) {
    if (line->size() > widths.size()) widths.resize(line->size(), kLeastColumn);
    for (size_t i = 0; i < line->size(); ++i) widths[i] = std::max(widths[i], Width((*line)[i]) + kGap);
  }
  for (const auto* line : lines) {
    std::string text;
    for (size_t i = 0; i < line->size(); ++i) {
      text += (*line)[i];
      if (i + 1 < line->size()) text.append(widths[i] - Width((*line)[i]), ' ');
    }
    while (!text.empty() && text.back() == ' ') text.pop_back();
    out << text << "\n";
  }
}

std::string Table::ToString() const {
  std::ostringstream out;
  Print(out);
  return out.str();
}

std::string ShortAge(std::chrono::nanoseconds age) {
  using namespace std::chrono;
  const auto seconds = duration_cast<std::chrono::seconds>(age).count();
  if (seconds < -1) return "never";
  if (seconds < 0) return "0s";
  if (seconds < 60) return std::to_string(seconds) + "s";
  const auto minutes = seconds / 60;
  if (minutes < 60) return std::to_string(minutes) + "m";
  const auto hours = minutes / 60;
  if (hours < 24) return std::to_string(hours) + "h";
  if (hours < 24 * 365) return std::to_string(hours / 24) + "d";
  return std::to_string(hours / 24 / 365) + "y";
}

}  // namespace kuma::cli
