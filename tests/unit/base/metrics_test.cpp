#include "pkg/base/metrics.h"

#include <catch2/catch.hpp>
#include <thread>

using namespace kuma;

TEST_CASE("metrics are exposed as Prometheus reads them") {
  MetricRegistry registry;
  registry.SetConstLabels({{"zone", "z"}});
  registry.GetCounter("b_total", "Bees.", {{"kind", "a \"quoted\"\nline\\"}}).Add(2);
  registry.GetGauge("a", "Apples.").Set(1.5);
  Histogram& histogram = registry.GetHistogram("h", "Heights.", {}, {1, 2.5});
  for (const double value : {0.5, 1.0, 2.0, 9.0}) histogram.Observe(value);
  registry.AddCallback("c", "Computed.", "gauge", [] { return 7.0; });
  CHECK(registry.Expose() ==
        "# HELP a Apples.\n# TYPE a gauge\na{zone=\"z\"} 1.5\n"
        "# HELP b_total Bees.\n# TYPE b_total counter\nb_total{zone=\"z\",kind=\"a \\\"quoted\\\"\\nline\\\\\"} 2\n"
        "# HELP c Computed.\n# TYPE c gauge\nc{zone=\"z\"} 7\n"
        "# HELP h Heights.\n# TYPE h histogram\nh_bucket{zone=\"z\",le=\"1\"} 2\nh_bucket{zone=\"z\",le=\"2.5\"} 3\nh_bucket{zone=\"z\",le=\"+Inf\"} 4\n"
        "h_sum{zone=\"z\"} 12.5\nh_count{zone=\"z\"} 4\n");
}

TEST_CASE("the same name and labels are the same series, from every thread") {
  MetricRegistry registry;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) registry.GetCounter("n_total", "N.", {{"a", "b"}}).Add();
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(registry.GetCounter("n_total", "N.", {{"a", "b"}}).value() == 4000);
  CHECK(registry.GetCounter("n_total", "N.").value() == 0);
  AddProcessMetrics(registry);
  CHECK(registry.Expose().find("process_resident_memory_bytes ") != std::string::npos);
}
