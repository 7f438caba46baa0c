// Metrics as families of samples, and the two text formats that applications and Envoy write them in. Used by the metrics server and the
// OpenTelemetry export. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kuma::dp::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

enum class FamilyType { kCounter, kGauge, kHistogram, kSummary, kUntyped };

struct Sample {
  std::string suffix;  // after the family's name: "", "_bucket", "_sum", "_count"
  Labels labels;       // with "le" and "quantile"
  double value = 0;
  std::optional<int64_t> time_ms;

  const std::string* Label(std::string_view name) const;
};

struct Family {
  std::string help;
  FamilyType type = FamilyType::kUntyped;
  std::vector<Sample> samples;
};

using Families = std::map<std::string, Family, std::less<>>;

struct ParsedText {
  Families families;     // those with samples
  size_t bad_lines = 0;  // left out
  std::string first_bad_line;
};

// Prometheus' text format 0.0.4, or OpenMetrics: its counters get their _total, _created samples and exemplars are left out.
ParsedText ParseText(std::string_view text, bool open_metrics);
// Whether a Content-Type says OpenMetrics.
bool IsOpenMetrics(std::string_view content_type);

// Text format 0.0.4. Labels are written in the order they have.
std::string WriteText(const Families& families);

// A number as the text format writes it.
std::string FormatValue(double value);

}  // namespace kuma::dp::metrics
