#include "pkg/config/yaml_lines.h"

#include <yaml-cpp/yaml.h>

namespace kuma::config {
namespace {

constexpr int kMaxDepth = 50;  // keys of options are not deeper than ten

void Collect(const YAML::Node& node, const std::string& path, int depth, std::map<std::string, int>& lines) {
  if (depth > kMaxDepth) return;
  if (node.IsSequence()) {
    for (size_t i = 0; i < node.size(); ++i) {
      const std::string key = path + "[" + std::to_string(i) + "]";
      lines.emplace(key, node[i].Mark().line + 1);
      Collect(node[i], key, depth + 1, lines);
    }
  }
  if (!node.IsMap()) return;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) continue;
    const std::string key = path.empty() ? entry.first.Scalar() : path + "." + entry.first.Scalar();
    lines.emplace(key, entry.first.Mark().line + 1);
    Collect(entry.second, key, depth + 1, lines);
  }
}

}  // namespace

std::map<std::string, int> YamlKeyLines(std::string_view text) {
  std::map<std::string, int> lines;
  try {
    Collect(YAML::Load(std::string(text)), "", 0, lines);
  } catch (const std::exception&) {
    // The loader parses the same text itself and reports the mistake.
  }
  return lines;
}

}  // namespace kuma::config
