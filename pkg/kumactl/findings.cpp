#include "pkg/kumactl/findings.h"

#include <algorithm>
#include <array>

#include "pkg/base/json.h"
#include "pkg/base/strings.h"
#include "pkg/base/version.h"
#include "pkg/cli/table.h"

namespace kuma::kumactl {

namespace {

using analysis::Finding;
using analysis::Severity;

std::string NameOf(const ResourceKey& key) {
  std::string name = key.type.empty() ? "document" : key.type;
  if (!key.name.empty()) name += "/" + key.name;
  return name;
}

std::string PlaceOf(const PlacedFinding& one) {
  if (one.file.empty()) return one.finding.resource.mesh.empty() ? "-" : one.finding.resource.mesh;
  return one.file + ":" + std::to_string(one.line);
}

Json ToJson(const PlacedFinding& one) {
  const Finding& finding = one.finding;
  Json json = {{"rule", finding.rule}, {"severity", SeverityName(finding.severity)}, {"message", finding.message}};
  json["resource"] = {{"type", finding.resource.type}, {"name", finding.resource.name}};
  if (!finding.resource.mesh.empty()) json["resource"]["mesh"] = finding.resource.mesh;
  if (!finding.path.empty()) json["path"] = finding.path;
  if (!one.file.empty()) json["location"] = {{"file", one.file}, {"line", one.line}};
  return json;
}

Json ToJson(const std::vector<PlacedFinding>& findings) {
  Json list = Json::array();
  for (const PlacedFinding& one : findings) list.push_back(ToJson(one));
  return {{"findings", std::move(list)}};
}

void PrintTable(std::ostream& out, const std::vector<PlacedFinding>& findings) {
  if (findings.empty()) {
    out << "No findings\n";
    return;
  }
  const bool files = std::any_of(findings.begin(), findings.end(), [](const PlacedFinding& one) { return !one.file.empty(); });
  cli::Table table({"SEVERITY", "RULE", files ? "LOCATION" : "MESH", "RESOURCE", "MESSAGE"});
  std::array<size_t, 3> counts{};
  for (const PlacedFinding& one : findings) {
    const Finding& finding = one.finding;
    ++counts[static_cast<size_t>(finding.severity)];
    table.AddRow({std::string(SeverityName(finding.severity)), finding.rule, PlaceOf(one), NameOf(finding.resource),
                  (finding.path.empty() ? "" : finding.path + ": ") + finding.message});
  }
  table.Print(out);
  out << "\n"
      << counts[2] << " errors, " << counts[1] << " warnings, " << counts[0] << " infos. `kumactl lint --explain RULE` tells more.\n";
}

// Data of workflow commands is escaped; properties also where they end.
std::string Escaped(const std::string& text, bool property) {
  std::string out = ReplaceAll(ReplaceAll(ReplaceAll(text, "%", "%25"), "\r", "%0D"), "\n", "%0A");
  return property ? ReplaceAll(ReplaceAll(out, ":", "%3A"), ",", "%2C") : out;
}

void PrintGithub(std::ostream& out, const std::vector<PlacedFinding>& findings) {
  for (const PlacedFinding& one : findings) {
    const Finding& finding = one.finding;
    const char* kind = finding.severity == Severity::kError ? "error" : finding.severity == Severity::kWarning ? "warning" : "notice";
    out << "::" << kind << " ";
    if (!one.file.empty()) out << "file=" << Escaped(one.file, true) << ",line=" << one.line << ",";
    out << "title=" << Escaped(finding.rule, true)
        << "::" << Escaped(NameOf(finding.resource) + ": " + (finding.path.empty() ? "" : finding.path + ": ") + finding.message, false)
        << "\n";
  }
}

// SARIF 2.1.0, as code scanners exchange results.
void PrintSarif(std::ostream& out, const std::vector<PlacedFinding>& findings) {
  const auto level = [](Severity severity) { return severity == Severity::kInfo ? "note" : std::string(SeverityName(severity)); };
  Json rules = Json::array();
  for (const analysis::Rule& rule : analysis::Rules()) {
    rules.push_back({{"id", rule.id},
                     {"shortDescription", {{"text", rule.summary}}},
                     {"fullDescription", {{"text", rule.explanation}}},
                     {"defaultConfiguration", {{"level", level(rule.severity)}}}});
  }
  Json results = Json::array();
  for (const PlacedFinding& one : findings) {
    const Finding& finding = one.finding;
    Json result = {{"ruleId", finding.rule}, {"level", level(finding.severity)}};
    result["message"]["text"] = NameOf(finding.resource) + ": " + (finding.path.empty() ? "" : finding.path + ": ") + finding.message;
    Json location = {{"logicalLocations", Json::array({{{"fullyQualifiedName", NameOf(finding.resource)}}})}};
    if (!one.file.empty())
      location["physicalLocation"] = {{"artifactLocation", {{"uri", one.file}}}, {"region", {{"startLine", std::max(one.line, 1)}}}};
    result["locations"] = Json::array({std::move(location)});
    results.push_back(std::move(result));
  }
  Json driver = {{"name", "kumactl lint"}, {"rules", std::move(rules)}};
  Json run = {{"tool", {{"driver", std::move(driver)}}}, {"results", std::move(results)}};
  const Json document = {
      {"$schema", "https://json.schemastore.org/sarif-2.1.0.json"}, {"version", "2.1.0"}, {"runs", Json::array({std::move(run)})}};
  out << ToPrettyJson(document, 2) << "\n";
}

}  // namespace

void PrintFindings(std::ostream& out, const std::string& format, const std::vector<PlacedFinding>& findings) {
  if (format == "json") {
    out << ToPrettyJson(ToJson(findings), 2) << "\n";
  } else if (format == "yaml") {
    out << ToYaml(ToJson(findings));
  } else if (format == "github") {
    PrintGithub(out, findings);
  } else if (format == "sarif") {
    PrintSarif(out, findings);
  } else {
    PrintTable(out, findings);
  }
}

void PrintRules(std::ostream& out) {
  cli::Table table({"RULE", "SEVERITY", "FINDS"});
  for (const analysis::Rule& rule : analysis::Rules())
    table.AddRow({std::string(rule.id), std::string(SeverityName(rule.severity)), std::string(rule.summary)});
  table.Print(out);
}

void PrintRule(std::ostream& out, const analysis::Rule& rule) {
  out << rule.id << " (" << SeverityName(rule.severity) << ")\n"
      << rule.summary << ".\n\n"
      << rule.explanation << "\n\nExample of what it finds:\n\n";
  for (const std::string& line : Split(rule.example, '\n')) out << "    " << line << "\n";
}

int ExitCodeOf(const std::vector<PlacedFinding>& findings, Severity threshold) {
  return std::any_of(findings.begin(), findings.end(), [&](const PlacedFinding& one) { return one.finding.severity >= threshold; }) ? 1 : 0;
}

}  // namespace kuma::kumactl
