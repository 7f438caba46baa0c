// Counters, gauges and histograms with a Prometheus text exposition (format 0.0.4). One Registry per process role,
// passed by reference. Increments are lock-free; registration and exposition take a lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace kuma {

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void Add(uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void Set(double v) { value_.store(v, std::memory_order_relaxed); }
  void Add(double v);
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void Observe(double v);
  const std::vector<double>& bounds() const { return bounds_; }
  uint64_t bucket(size_t i) const { return buckets_[i].load(std::memory_order_relaxed); }
  double sum() const { return sum_.load(std::memory_order_relaxed); }

 private:
  std::vector<double> bounds_;
  std::unique_ptr<std::atomic<uint64_t>[]> buckets_;  // bounds_.size() + 1
  std::atomic<double> sum_{0};
};

class MetricRegistry {
 public:
  // Labels added to every series (the reference adds `zone`).
  void SetConstLabels(MetricLabels labels);
  // The same name and labels give the same object; it lives as long as the registry.
  Counter& GetCounter(std::string_view name, std::string_view help, MetricLabels labels = {});
  Gauge& GetGauge(std::string_view name, std::string_view help, MetricLabels labels = {});
  Histogram& GetHistogram(std::string_view name, std::string_view help, MetricLabels labels = {}, std::vector<double> bounds = {});
  // A value computed at exposition time.
  void AddCallback(std::string_view name, std::string_view help, std::string_view type, std::function<double()> read, MetricLabels labels = {});
  std::string Expose() const;

 private:
  struct Series;
  struct Family;
  Family& FamilyOf(std::string_view name, std::string_view help, std::string_view type);
  mutable std::mutex mutex_;
  MetricLabels const_labels_;
  std::map<std::string, std::shared_ptr<Family>, std::less<>> families_;
};

// process_* series (RSS, CPU, file descriptors, start time) as the Prometheus client libraries name them.
void AddProcessMetrics(MetricRegistry& registry);

}  // namespace kuma
