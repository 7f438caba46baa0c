#include "pkg/dp/metrics/otlp.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "pkg/base/strings.h"
#include "pkg/base/version.h"
#include "pkg/dp/metrics/scope.h"
#include "pkg/dp/otel/wire.h"

namespace kuma::dp::metrics {
namespace {

using otel::WireWriter;

constexpr uint64_t kCumulative = 2;

// Numbers of fields in opentelemetry/proto/metrics/v1.
std::string KeyValue(const std::string& key, const std::string& value) {
  WireWriter any;
  any.Bytes(1, value);
  WireWriter pair;
  pair.Bytes(1, key);
  pair.Bytes(2, any.text());
  return std::move(pair).Take();
}

uint64_t NanosOf(const Sample& sample, int64_t fallback_ms) {
  return static_cast<uint64_t>(sample.time_ms.value_or(fallback_ms)) * 1'000'000;
}

Labels Attributes(Labels labels, const Labels& extra) {
  for (const auto& [name, value] : extra) {
    const auto known = std::find_if(labels.begin(), labels.end(), [&](const auto& label) { return label.first == name; });
    if (known != labels.end()) {
      known->second = value;
    } else {
      labels.emplace_back(name, value);
    }
  }
  std::sort(labels.begin(), labels.end());
  return labels;
}

std::string NumberPoint(const Sample& sample, const Labels& attributes, int64_t time_ms) {
  WireWriter point;
  point.Fixed64(3, NanosOf(sample, time_ms));
  point.Double(4, sample.value);
  for (const auto& [name, value] : attributes) point.Bytes(7, KeyValue(name, value));
  return std::move(point).Take();
}

// The samples of one histogram series.
struct HistogramPoint {
  std::vector<std::pair<double, double>> buckets;  // upper bound, cumulative count
  double sum = 0;
  double count = 0;
  uint64_t time = 0;

  std::string Encode(const Labels& attributes) {
    std::sort(buckets.begin(), buckets.end());
    if (buckets.empty() || !std::isinf(buckets.back().first)) buckets.emplace_back(std::numeric_limits<double>::infinity(), count);
    WireWriter point;
    point.Fixed64(3, time);
    point.Fixed64(4, static_cast<uint64_t>(count));
    point.Double(5, sum);
    std::string counts;
    std::string bounds;
    double before = 0;
    for (const auto& [bound, total] : buckets) {
      WireWriter::AppendFixed64(static_cast<uint64_t>(std::max(0.0, total - before)), counts);
      before = std::max(before, total);
      if (std::isfinite(bound)) WireWriter::AppendDouble(bound, bounds);
    }
    point.Bytes(6, counts);
    if (!bounds.empty()) point.Bytes(7, bounds);
    for (const auto& [name, value] : attributes) point.Bytes(9, KeyValue(name, value));
    return std::move(point).Take();
  }
};

class Encoder {
 public:
  explicit Encoder(const Labels& extra) : extra_(extra) {}

  void Add(Part& part) {
    for (auto& [name, family] : part.families) {
      // Points of a metric by scope, in order of arrival.
      std::map<Scope, std::string> points;
      if (family.type == FamilyType::kHistogram) {
        Histograms(family, part, points);
      } else {
        for (Sample& sample : family.samples) {
          if (family.type == FamilyType::kSummary && !sample.suffix.empty()) continue;
          AddNumber(sample, part, points);
        }
      }
      Emit(name, family, family.type, points);
      if (family.type != FamilyType::kSummary) continue;
      for (const char* suffix : {"_count", "_sum"}) {
        points.clear();
        for (Sample& sample : family.samples) {
          if (sample.suffix == suffix) AddNumber(sample, part, points);
        }
        Emit(name + suffix, family, FamilyType::kCounter, points);
      }
    }
  }

  std::string Finish(const Labels& resource) const {
    if (scopes_.empty()) return {};
    WireWriter resource_message;
    for (const auto& [name, value] : resource) resource_message.Bytes(1, KeyValue(name, value));
    WireWriter resource_metrics;
    resource_metrics.Bytes(1, resource_message.text());
    for (const auto& [scope, metrics] : scopes_) {
      WireWriter scope_message;
      scope_message.Bytes(1, scope.name);
      scope_message.Bytes(2, scope.version);
      for (const auto& [name, value] : scope.attributes) scope_message.Bytes(3, KeyValue(name, value));
      WireWriter scope_metrics;
      scope_metrics.Bytes(1, scope_message.text());
      scope_metrics.Append(metrics);
      if (!scope.schema_url.empty()) scope_metrics.Bytes(3, scope.schema_url);
      resource_metrics.Bytes(2, scope_metrics.text());
    }
    WireWriter request;
    request.Bytes(1, resource_metrics.text());
    return std::move(request).Take();
  }

 private:
  const Labels& ExtraOf(const Part& part) const {
    static const Labels kNone;
    return part.own ? kNone : extra_;
  }

  void AddNumber(Sample& sample, const Part& part, std::map<Scope, std::string>& points) {
    const Scope scope = TakeScope(sample.labels);
    WireWriter out;
    out.Bytes(1, NumberPoint(sample, Attributes(sample.labels, ExtraOf(part)), part.time_ms));
    points[scope] += out.text();
  }

  void Histograms(Family& family, const Part& part, std::map<Scope, std::string>& points) {
    std::map<std::pair<Scope, Labels>, HistogramPoint> series;
    for (Sample& sample : family.samples) {
      double bound = 0;
      std::erase_if(sample.labels, [&](const auto& label) {
        if (label.first != "le") return false;
        bound = label.second == "+Inf" ? std::numeric_limits<double>::infinity() : ParseDouble(label.second).value_or(0);
        return true;
      });
      const Scope scope = TakeScope(sample.labels);
      HistogramPoint& point = series[{scope, Attributes(std::move(sample.labels), ExtraOf(part))}];
      point.time = NanosOf(sample, part.time_ms);
      if (sample.suffix == "_bucket") point.buckets.emplace_back(bound, sample.value);
      if (sample.suffix == "_sum") point.sum = sample.value;
      if (sample.suffix == "_count") point.count = sample.value;
    }
    for (auto& [key, point] : series) {
      WireWriter out;
      out.Bytes(1, point.Encode(key.second));
      points[key.first] += out.text();
    }
  }

  void Emit(const std::string& name, const Family& family, FamilyType type, const std::map<Scope, std::string>& points) {
    for (const auto& [scope, encoded] : points) {
      WireWriter data;
      data.Append(encoded);
      int field = 5;  // gauge
      if (type == FamilyType::kCounter) {
        field = 7;  // sum
        data.Varint(2, kCumulative);
        data.Varint(3, 1);
      } else if (type == FamilyType::kHistogram) {
        field = 9;
        data.Varint(2, kCumulative);
      }
      WireWriter metric;
      metric.Bytes(1, name);
      if (!family.help.empty()) metric.Bytes(2, family.help);
      metric.Bytes(field, data.text());
      WireWriter out;
      out.Bytes(2, metric.text());
      scopes_[scope] += out.text();
    }
  }

  const Labels& extra_;
  std::map<Scope, std::string> scopes_;  // their encoded metrics
};

}  // namespace

std::string EncodeOtlp(Parts parts, const Plan& plan, const Labels& resource) {
  Encoder encoder(plan.extra_labels);
  for (Part& part : parts) encoder.Add(part);
  return encoder.Finish(resource);
}

Labels OtlpResource(const std::map<std::string, std::string>& environment) {
  std::map<std::string, std::string> attributes = {
      {"service.name", "unknown_service:kuma-dp"},
      {"telemetry.sdk.language", "cpp"},
      {"telemetry.sdk.name", "kuma"},
      {"telemetry.sdk.version", GetBuildInfo().version},
  };
  if (const auto it = environment.find("OTEL_RESOURCE_ATTRIBUTES"); it != environment.end()) {
    for (const std::string& pair : Split(it->second, ',')) {
      const size_t equals = pair.find('=');
      if (equals == std::string::npos) continue;
      const std::string key(Trim(std::string_view(pair).substr(0, equals)));
      if (!key.empty()) attributes[key] = UrlDecode(Trim(std::string_view(pair).substr(equals + 1)));
    }
  }
  if (const auto it = environment.find("OTEL_SERVICE_NAME"); it != environment.end() && !it->second.empty()) {
    attributes["service.name"] = it->second;
  }
  return {attributes.begin(), attributes.end()};
}

}  // namespace kuma::dp::metrics
