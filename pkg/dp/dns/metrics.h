// What the DNS server counts, with the labels that the control plane sends along with the names. Loop thread.
#pragma once

#include <string>
#include <string_view>

#include "pkg/base/clock.h"
#include "pkg/base/json.h"
#include "pkg/base/metrics.h"

namespace kuma::dp::dns {

class DnsMetrics {
 public:
  // Null: nothing is counted.
  explicit DnsMetrics(MetricRegistry* registry);

  // The labels of everything counted from now on, and the number of names.
  void SetNames(const Json& extra_labels, size_t names);
  // `reply` is empty when the query was dropped.
  void Answered(uint16_t type, bool from_mesh, MonotonicTime started, const std::string& reply);
  void UpstreamFailed();

 private:
  MetricLabels With(MetricLabels labels) const;

  MetricRegistry* const registry_;
  const MonotonicTime created_;
  MetricLabels labels_;
  bool has_names_ = false;
};

}  // namespace kuma::dp::dns
