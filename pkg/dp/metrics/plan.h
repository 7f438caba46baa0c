// What is scraped: Envoy and the applications that a MeshMetric names, and the labels all of it gets. Made from the document at
// "/meshmetric"; immutable and shared between threads.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "pkg/base/duration.h"
#include "pkg/base/result.h"
#include "pkg/dp/bootstrap_config.h"
#include "pkg/dp/metrics/profile.h"

namespace kuma::dp::metrics {

struct Target {
  std::string name;
  std::string url;
  std::string source_address;  // redirected traffic must not be caught again; empty: any
  bool is_envoy = false;
};

struct ExportTarget {
  std::string name;
  std::string socket_path;
  Nanos interval{};

  bool operator==(const ExportTarget&) const = default;
};

struct Plan {
  std::vector<Target> targets;  // Envoy is the last one
  Labels extra_labels;          // by name
  Profile profile;
  std::vector<ExportTarget> exports;
};

struct PlanContext {
  AdminAddress admin;
  std::string address;  // of applications that name none
  bool redirected = false;
};

Result<std::shared_ptr<const Plan>> MakePlan(const std::string& document, const PlanContext& context);

}  // namespace kuma::dp::metrics
