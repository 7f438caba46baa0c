#include "pkg/dp/metrics/profile.h"

#include <re2/re2.h>

#include <algorithm>
#include <memory>

#include "pkg/base/strings.h"

namespace kuma::dp::metrics {
namespace {

// The golden signals, what the dashboards show, and DNS.
constexpr std::string_view kBasicParts[] = {
    "rq_time",
    "cx_length_ms",
    "cx_count",
    "_rq",
    "bytes",
    "timeout",
    "health_check",
    "lb_healthy_panic",
    "cx_destroy",
    "error",
    "fail",
    "reset",
    "eject",
    "overflow",
    "cancelled",
    "max_duration_reached",
    "no_cluster",
    "no_route",
    "no_filter_chain",
    "reject",
    "denied",
    "days_until_first_cert_expiring",
    "rbac",
    "cx_active",
    "cx_connect",
    "circuit_breakers",
    "cx_total",
    "ssl_handshake",
    "ssl_context_update_by_sds",
};
constexpr std::string_view kBasicPrefixes[] = {"envoy_server", "envoy_control_plane", "envoy_dns_filter", "envoy_dns_cares", "kuma_dp_dns"};
constexpr std::string_view kBasicNames[] = {"envoy_cluster_membership_degraded", "envoy_cluster_membership_healthy",
                                            "envoy_cluster_membership_total", "envoy_cluster_ssl_handshake"};

// Series of Kuma's own clusters and listeners are left out of Basic.
constexpr std::string_view kEntityLabels[] = {"envoy_cluster_name", "envoy_http_conn_manager_prefix", "envoy_listener_address"};
constexpr std::string_view kInternalPrefixes[] = {"system_", "_", "tracing"};
constexpr std::string_view kInternalNames[] = {"ads_cluster", "access_log_sink", "kuma:envoy:admin", "kuma:metrics:hijacker"};

template <typename List, typename Test>
bool Any(const List& list, Test test) {
  return std::any_of(std::begin(list), std::end(list), test);
}

bool IsBasic(std::string_view name) {
  return Any(kBasicParts, [&](std::string_view part) { return Contains(name, part); }) ||
         Any(kBasicPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); }) ||
         Any(kBasicNames, [&](std::string_view known) { return name == known; });
}

bool IsInternal(const Sample& sample) {
  return Any(sample.labels, [](const auto& label) {
    if (!Any(kEntityLabels, [&](std::string_view known) { return label.first == known; })) return false;
    const std::string_view value = label.second;
    return Any(kInternalPrefixes, [&](std::string_view prefix) { return value.starts_with(prefix); }) ||
           Any(kInternalNames, [&](std::string_view name) { return value == name; });
  });
}

}  // namespace

Profile::Selector Profile::MakeSelector(const Json& selector) {
  const std::string type = GetString(selector, "type");
  std::string match = GetString(selector, "match");
  if (type == "Prefix") return [match](std::string_view name) { return name.starts_with(match); };
  if (type == "Contains") return [match](std::string_view name) { return Contains(name, match); };
  if (type == "Exact") return [match](std::string_view name) { return name == match; };
  if (type != "Regex") return [](std::string_view) { return false; };
  re2::RE2::Options quiet;
  quiet.set_log_errors(false);
  auto regex = std::make_shared<const re2::RE2>(match, quiet);
  return
      [regex](std::string_view name) { return regex->ok() && re2::RE2::PartialMatch(re2::StringPiece(name.data(), name.size()), *regex); };
}

Profile::Profile(const Json& sidecar) {
  const Json& profiles = Get(sidecar, "profiles");
  if (const Json& sets = Get(profiles, "appendProfiles"); sets.is_array() && !sets.empty()) {
    // They contain each other: the widest one counts.
    set_ = Set::kNone;
    for (const Json& one : sets) {
      const std::string name = GetString(one, "name");
      if (name == "All") set_ = Set::kAll;
      if (name == "Basic") set_ = std::min(set_, Set::kBasic);
    }
  }
  for (const Json& selector : Get(profiles, "exclude")) exclude_.push_back(MakeSelector(selector));
  for (const Json& selector : Get(profiles, "include")) include_.push_back(MakeSelector(selector));
}

void Profile::Apply(Families& families) const {
  for (auto it = families.begin(); it != families.end();) {
    const std::string& name = it->first;
    const auto selects = [&](const Selector& selector) { return selector(name); };
    bool wanted = set_ == Set::kAll || (set_ == Set::kBasic && IsBasic(name));
    if (Any(exclude_, selects)) wanted = false;
    if (Any(include_, selects)) wanted = true;
    if (wanted && set_ == Set::kBasic) {
      std::erase_if(it->second.samples, IsInternal);
      wanted = !it->second.samples.empty();
    }
    it = wanted ? std::next(it) : families.erase(it);
  }
}

}  // namespace kuma::dp::metrics
