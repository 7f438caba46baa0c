// Findings of lint and analyze as users see them: a table, JSON, YAML, annotations for GitHub, SARIF.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "pkg/analysis/finding.h"

namespace kuma::kumactl {

struct PlacedFinding {
  analysis::Finding finding;
  std::string file;  // empty: it is of a control plane
  int line = 0;
};

// `format`: table, json, yaml, github or sarif.
void PrintFindings(std::ostream& out, const std::string& format, const std::vector<PlacedFinding>& findings);
// Rules as a table, or one rule in full.
void PrintRules(std::ostream& out);
void PrintRule(std::ostream& out, const analysis::Rule& rule);

// 1 when a finding is at least as bad as `threshold`.
int ExitCodeOf(const std::vector<PlacedFinding>& findings, analysis::Severity threshold);

}  // namespace kuma::kumactl
