#include "pkg/base/metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <fstream>

namespace kuma {
namespace {

std::string Number(double v) {
  if (std::isinf(v)) return v > 0 ? "+Inf" : "-Inf";
  char text[40];
  if (v == std::floor(v) && std::fabs(v) < 1e15) {
    std::snprintf(text, sizeof(text), "%.0f", v);
  } else {
    std::snprintf(text, sizeof(text), "%.17g", v);
    char shorter[40];
    std::snprintf(shorter, sizeof(shorter), "%.9g", v);
    if (std::atof(shorter) == v) return shorter;
  }
  return text;
}

std::string EscapeLabel(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out.push_back('\\');
    if (c == '\n') {
      out += "\\n";
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string LabelText(const MetricLabels& constant, const MetricLabels& labels, const std::string& bound = {}) {
  MetricLabels all = constant;
  all.insert(all.end(), labels.begin(), labels.end());
  if (!bound.empty()) all.emplace_back("le", bound);
  if (all.empty()) return {};
  std::string out = "{";
  for (size_t i = 0; i < all.size(); ++i) {
    if (i > 0) out += ",";
    out += all[i].first + "=\"" + EscapeLabel(all[i].second) + "\"";
  }
  return out + "}";
}

void AddAtomic(std::atomic<double>& target, double v) {
  double seen = target.load(std::memory_order_relaxed);
  while (!target.compare_exchange_weak(seen, seen + v, std::memory_order_relaxed)) {
  }
}

double ProcStatus(std::string_view key) {
  std::ifstream file("/proc/self/status");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind(key, 0) == 0) return std::atof(line.c_str() + key.size() + 1) * 1024;
  }
  return 0;
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double OpenFiles() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  double count = -3;  // ".", ".." and the folder itself
  while (readdir(folder) != nullptr) count += 1;
  closedir(folder);
  return count;
}

}  // namespace

struct MetricRegistry::Series {
  MetricLabels labels;
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;
  std::function<double()> read;
};

struct MetricRegistry::Family {
  std::string name;
  std::string help;
  std::string type;
  std::vector<std::unique_ptr<Series>> series;

  Series& Of(const MetricLabels& labels) {
    for (const auto& one : series) {
      if (one->labels == labels) return *one;
    }
    series.push_back(std::make_unique<Series>());
    series.back()->labels = labels;
    return *series.back();
  }
};

void Gauge::Add(double v) { AddAtomic(value_, v); }

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), buckets_(new std::atomic<uint64_t>[bounds_.size() + 1]) {
  for (size_t i = 0; i <= bounds_.size(); ++i) buckets_[i] = 0;
}

void Histogram::Observe(double v) {
  const size_t at = static_cast<size_t>(std::lower_bound(bounds_.begin(), bounds_.end(), v) - bounds_.begin());
  buckets_[at].fetch_add(1, std::memory_order_relaxed);
  AddAtomic(sum_, v);
}

void MetricRegistry::SetConstLabels(MetricLabels labels) {
  const std::lock_guard lock(mutex_);
  const_labels_ = std::move(labels);
}

MetricRegistry::Family& MetricRegistry::FamilyOf(std::string_view name, std::string_view help, std::string_view type) {
  auto it = families_.find(name);
  if (it == families_.end()) {
    auto family = std::make_shared<Family>();
    family->name = name;
    family->help = help;
    family->type = type;
    it = families_.emplace(std::string(name), std::move(family)).first;
  }
  return *it->second;
}

Counter& MetricRegistry::GetCounter(std::string_view name, std::string_view help, MetricLabels labels) {
  const std::lock_guard lock(mutex_);
  Series& series = FamilyOf(name, help, "counter").Of(labels);
  if (series.counter == nullptr) series.counter = std::make_unique<Counter>();
  return *series.counter;
}

Gauge& MetricRegistry::GetGauge(std::string_view name, std::string_view help, MetricLabels labels) {
  const std::lock_guard lock(mutex_);
  Series& series = FamilyOf(name, help, "gauge").Of(labels);
  if (series.gauge == nullptr) series.gauge = std::make_unique<Gauge>();
  return *series.gauge;
}

Histogram& MetricRegistry::GetHistogram(std::string_view name, std::string_view help, MetricLabels labels, std::vector<double> bounds) {
  const std::lock_guard lock(mutex_);
  Series& series = FamilyOf(name, help, "histogram").Of(labels);
  if (bounds.empty()) bounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
  if (series.histogram == nullptr) series.histogram = std::make_unique<Histogram>(std::move(bounds));
  return *series.histogram;
}

void MetricRegistry::AddCallback(std::string_view name, std::string_view help, std::string_view type, std::function<double()> read, MetricLabels labels) {
  const std::lock_guard lock(mutex_);
  FamilyOf(name, help, type).Of(labels).read = std::move(read);
}

std::string MetricRegistry::Expose() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    out += "# HELP " + name + " " + family->help + "\n# TYPE " + name + " " + family->type + "\n";
    for (const auto& series : family->series) {
      const std::string labels = LabelText(const_labels_, series->labels);
      if (series->counter != nullptr) {
        out += name + labels + " " + std::to_string(series->counter->value()) + "\n";
      } else if (series->gauge != nullptr) {
        out += name + labels + " " + Number(series->gauge->value()) + "\n";
      } else if (series->read) {
        out += name + labels + " " + Number(series->read()) + "\n";
      } else if (series->histogram != nullptr) {
        uint64_t total = 0;
        const Histogram& histogram = *series->histogram;
        for (size_t i = 0; i <= histogram.bounds().size(); ++i) {
          total += histogram.bucket(i);
          const std::string bound = i < histogram.bounds().size() ? Number(histogram.bounds()[i]) : "+Inf";
          out += name + "_bucket" + LabelText(const_labels_, series->labels, bound) + " " + std::to_string(total) + "\n";
        }
        out += name + "_sum" + labels + " " + Number(histogram.sum()) + "\n" + name + "_count" + labels + " " + std::to_string(total) + "\n";
      }
    }
  }
  return out;
}

void AddProcessMetrics(MetricRegistry& registry) {
  const double start = static_cast<double>(std::time(nullptr));
  registry.AddCallback("process_resident_memory_bytes", "Resident memory size in bytes.", "gauge", [] { return ProcStatus("VmRSS:"); });
  registry.AddCallback("process_virtual_memory_bytes", "Virtual memory size in bytes.", "gauge", [] { return ProcStatus("VmSize:"); });
  registry.AddCallback("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", "counter", CpuSeconds);
  registry.AddCallback("process_open_fds", "Number of open file descriptors.", "gauge", OpenFiles);
  registry.AddCallback("process_start_time_seconds", "Start time of the process since unix epoch in seconds.", "gauge", [start] { return start; });
}

}  // namespace kuma
