// What the analysis of resources says: rules, and findings of them. Used by kumactl lint and analyze.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/model/resource.h"

namespace kuma::analysis {

enum class Severity { kInfo, kWarning, kError };
std::string_view SeverityName(Severity severity);
std::optional<Severity> ParseSeverity(std::string_view text);

struct Rule {
  std::string_view id;
  Severity severity;
  std::string_view summary;      // one line
  std::string_view explanation;  // why it matters and what to do
  std::string_view example;      // YAML that has the finding
};

// All rules, by id.
const std::vector<Rule>& Rules();
const Rule* FindRule(std::string_view id);

struct Finding {
  std::string rule;
  Severity severity = Severity::kWarning;
  ResourceKey resource;
  std::string path;  // within the resource's document; empty: the resource as a whole
  std::string message;
};

}  // namespace kuma::analysis
