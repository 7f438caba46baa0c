#include "pkg/dp/metrics/families.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "pkg/base/strings.h"

namespace kuma::dp::metrics {
namespace {

std::string_view TakeWord(std::string_view& line) {
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  const size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

std::string Unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char next = text[++i];
    if (next == 'n') {
      out += '\n';
    } else if (next == '\\' || next == '"') {
      out += next;
    } else {
      out += '\\';
      out += next;
    }
  }
  return out;
}

void Escape(std::string_view text, bool quotes, std::string& out) {
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
}

std::optional<double> ParseValue(std::string_view word) {
  const std::string lower = ToLower(word);
  if (lower == "+inf" || lower == "inf") return std::numeric_limits<double>::infinity();
  if (lower == "-inf") return -std::numeric_limits<double>::infinity();
  if (lower == "nan") return std::numeric_limits<double>::quiet_NaN();
  if (word.starts_with('+')) word.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

// `{a="b",c="d"}` at the beginning of `line`, which is moved behind it.
bool TakeLabels(std::string_view& line, Labels& labels) {
  line.remove_prefix(1);
  while (true) {
    while (!line.empty() && (line.front() == ' ' || line.front() == ',' || line.front() == '\t')) line.remove_prefix(1);
    if (line.empty()) return false;
    if (line.front() == '}') {
      line.remove_prefix(1);
      return true;
    }
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view name = Trim(line.substr(0, equals));
    line.remove_prefix(equals + 1);
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    if (name.empty() || line.empty() || line.front() != '"') return false;
    size_t end = 1;
    while (end < line.size() && line[end] != '"') end += line[end] == '\\' ? 2 : 1;
    if (end >= line.size()) return false;
    labels.emplace_back(std::string(name), Unescape(line.substr(1, end - 1)));
    line.remove_prefix(end + 1);
  }
}

std::string_view WithoutSuffix(std::string_view name, std::string_view suffix) {
  return name.ends_with(suffix) ? name.substr(0, name.size() - suffix.size()) : std::string_view();
}

class Parser {
 public:
  explicit Parser(bool open_metrics) : open_metrics_(open_metrics) {}

  void Line(std::string_view line) {
    if (Trim(line).empty()) return;
    if (line.starts_with('#')) return Comment(line.substr(1));
    Sample sample;
    const size_t end = line.find_first_of("{ \t");
    std::string_view rest = end == std::string_view::npos ? std::string_view() : line.substr(end);
    const std::string_view name = line.substr(0, end);
    if (name.empty() || rest.empty() || (rest.front() == '{' && !TakeLabels(rest, sample.labels))) return Bad(line);
    const std::optional<double> value = ParseValue(TakeWord(rest));
    if (!value) return Bad(line);
    sample.value = *value;
    // OpenMetrics has seconds, and perhaps an exemplar behind.
    if (const std::string_view time = TakeWord(rest); !time.empty() && time != "#") {
      const std::optional<double> number = ParseValue(time);
      if (!number || !std::isfinite(*number)) return Bad(line);
      sample.time_ms = static_cast<int64_t>(open_metrics_ ? *number * 1000 : *number);
    }
    if (Raw* family = FamilyOf(name, sample.suffix)) family->family.samples.push_back(std::move(sample));
  }

  ParsedText Finish() {
    for (auto& [name, raw] : raw_) {
      if (!raw.family.samples.empty()) parsed_.families.emplace(name + raw.ending, std::move(raw.family));
    }
    return std::move(parsed_);
  }

 private:
  struct Raw {
    Family family;
    std::string ending;  // of the name that is given out
    bool typed = false;
  };

  void Bad(std::string_view line) {
    if (parsed_.bad_lines++ == 0) parsed_.first_bad_line = line.substr(0, 200);
  }

  void Comment(std::string_view text) {
    const std::string_view kind = TakeWord(text);
    if (kind != "HELP" && kind != "TYPE") return;
    const std::string_view name = TakeWord(text);
    if (name.empty()) return;
    Raw& raw = raw_[std::string(name)];
    if (kind == "HELP") {
      if (!text.empty()) text.remove_prefix(1);
      raw.family.help = Unescape(text);
      return;
    }
    const std::string_view type = Trim(text);
    raw.typed = true;
    raw.ending.clear();
    if (type == "counter") {
      raw.family.type = FamilyType::kCounter;
      if (open_metrics_) raw.ending = "_total";
    } else if (type == "gauge" || type == "stateset") {
      raw.family.type = FamilyType::kGauge;
    } else if (type == "info") {
      raw.family.type = FamilyType::kGauge;
      raw.ending = "_info";
    } else if (type == "histogram") {
      raw.family.type = FamilyType::kHistogram;
    } else if (type == "summary") {
      raw.family.type = FamilyType::kSummary;
    }
  }

  // Null: not of interest.
  Raw* FamilyOf(std::string_view name, std::string& suffix) {
    if (const auto it = raw_.find(name); it != raw_.end() && it->second.ending.empty()) return &it->second;
    for (const std::string_view part : {"_bucket", "_sum", "_count"}) {
      const std::string_view base = WithoutSuffix(name, part);
      if (base.empty()) continue;
      const auto it = raw_.find(base);
      if (it == raw_.end()) continue;
      const FamilyType type = it->second.family.type;
      if (type != FamilyType::kHistogram && (type != FamilyType::kSummary || part == "_bucket")) continue;
      suffix = part;
      return &it->second;
    }
    if (open_metrics_) {
      for (const std::string_view part : {"_total", "_info", "_created"}) {
        const auto it = raw_.find(WithoutSuffix(name, part));
        if (it == raw_.end() || !it->second.typed) continue;
        if (part == "_created") return nullptr;
        if (it->second.ending == part) return &it->second;
      }
    }
    return &raw_[std::string(name)];
  }

  const bool open_metrics_;
  std::map<std::string, Raw, std::less<>> raw_;
  ParsedText parsed_;
};

std::string_view TypeName(FamilyType type) {
  switch (type) {
    case FamilyType::kCounter:
      return "counter";
    case FamilyType::kGauge:
      return "gauge";
    case FamilyType::kHistogram:
      return "histogram";
    case FamilyType::kSummary:
      return "summary";
    case FamilyType::kUntyped:
      return "untyped";
  }
  return "untyped";
}

}  // namespace

const std::string* Sample::Label(std::string_view name) const {
  for (const auto& [key, text] : labels) {
    if (key == name) return &text;
  }
  return nullptr;
}

ParsedText ParseText(std::string_view text, bool open_metrics) {
  Parser parser(open_metrics);
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    parser.Line(line);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parser.Finish();
}

bool IsOpenMetrics(std::string_view content_type) {
  return ToLower(Trim(content_type.substr(0, content_type.find(';')))) == "application/openmetrics-text";
}

std::string FormatValue(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value);
  return error == std::errc() ? std::string(buffer, end) : "NaN";
}

std::string WriteText(const Families& families) {
  std::string out;
  for (const auto& [name, family] : families) {
    out += "# HELP " + name + " ";
    Escape(family.help, false, out);
    out += "\n# TYPE " + name + " ";
    out += TypeName(family.type);
    out += '\n';
    for (const Sample& sample : family.samples) {
      out += name;
      out += sample.suffix;
      char separator = '{';
      for (const auto& [key, value] : sample.labels) {
        out += separator;
        separator = ',';
        out += key;
        out += "=\"";
        Escape(value, true, out);
        out += '"';
      }
      if (!sample.labels.empty()) out += '}';
      out += ' ';
      out += FormatValue(sample.value);
      if (sample.time_ms) out += ' ' + std::to_string(*sample.time_ms);
      out += '\n';
    }
  }
  return out;
}

}  // namespace kuma::dp::metrics
