#include "pkg/dp/dns/metrics.h"

#include "pkg/dp/dns/message.h"

namespace kuma::dp::dns {
namespace {

const std::vector<double> kBounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
const std::vector<double> kWaitBounds = {0.1, 0.5, 1, 2, 5, 10, 30};

double SecondsSince(MonotonicTime start) { return std::chrono::duration<double>(RealClock().Monotonic() - start).count(); }

const char* TypeName(uint16_t type) { return type == kTypeA ? "A" : type == kTypeAaaa ? "AAAA" : "other"; }

const char* CodeName(const std::string& reply) {
  switch (reply.size() < 4 ? -1 : reply[3] & 0x0f) {
    case 0:
      return "noerror";
    case 2:
      return "servfail";
    case 3:
      return "nxdomain";
    default:
      return "other";
  }
}

}  // namespace

DnsMetrics::DnsMetrics(MetricRegistry* registry) : registry_(registry), created_(RealClock().Monotonic()) {}

MetricLabels DnsMetrics::With(MetricLabels labels) const {
  labels.insert(labels.end(), labels_.begin(), labels_.end());
  return labels;
}

void DnsMetrics::SetNames(const Json& extra_labels, size_t names) {
  if (registry_ == nullptr) return;
  if (extra_labels.is_object() && labels_.empty()) {
    for (const auto& [name, value] : extra_labels.items()) labels_.emplace_back(name, value.is_string() ? value.get<std::string>() : "");
  }
  registry_->GetGauge("kuma_dp_dns_entries_total", "Current number of hostnames in the DNS proxy map.", labels_)
      .Set(static_cast<double>(names));
  if (has_names_) return;
  has_names_ = true;
  registry_
      ->GetHistogram("kuma_dp_dns_config_ready_wait_seconds",
                     "Time between DNS proxy creation and first configuration received from Envoy.", labels_, kWaitBounds)
      .Observe(SecondsSince(created_));
}

void DnsMetrics::Answered(uint16_t type, bool from_mesh, MonotonicTime started, const std::string& reply) {
  if (registry_ == nullptr) return;
  registry_
      ->GetCounter("kuma_dp_dns_queries_total", "Total DNS queries handled, by query type and source (local map or upstream).",
                   With({{"qtype", TypeName(type)}, {"source", from_mesh ? "local" : "upstream"}}))
      .Add();
  registry_->GetCounter("kuma_dp_dns_response_codes_total", "Total DNS responses by response code.", With({{"rcode", CodeName(reply)}}))
      .Add();
  const double seconds = SecondsSince(started);
  registry_
      ->GetHistogram("kuma_dp_dns_request_duration_seconds",
                     "The duration of the request (inclusive of request that use internal DNS map).", labels_, kBounds)
      .Observe(seconds);
  if (from_mesh) return;
  registry_->GetHistogram("kuma_dp_dns_upstream_request_duration_seconds", "The duration of the proxied requests.", labels_, kBounds)
      .Observe(seconds);
}

void DnsMetrics::UpstreamFailed() {
  if (registry_ == nullptr) return;
  registry_->GetCounter("kuma_dp_dns_upstream_request_failure_count", "The total number of failed upstream requests.", labels_).Add();
}

}  // namespace kuma::dp::dns
