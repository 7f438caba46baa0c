#include "pkg/policy/rules/ruleset.h"

#include "pkg/policy/rules/subset.h"

namespace kuma::policy {

Kri MeshKri(const std::string& mesh) { return Kri{.type = "Mesh", .mesh = {}, .zone = {}, .ns = {}, .name = mesh, .section = {}}; }

const Json* FindToConf(const std::vector<SubsetRule>& rules, const LabelMap& tags) {
  for (const SubsetRule& rule : rules) {
    if (ContainsElement(rule.subset, tags)) return &rule.conf;
  }
  return nullptr;
}

const ResourceRule* FindResourceRule(const std::map<Kri, ResourceRule>& rules, const std::vector<Kri>& ids_most_specific_first, const std::string& mesh) {
  for (const Kri& id : ids_most_specific_first) {
    if (const auto it = rules.find(id); it != rules.end()) return &it->second;
  }
  const auto it = rules.find(MeshKri(mesh));
  return it == rules.end() ? nullptr : &it->second;
}

const ResourceRule* FindResourceRule(const std::map<Kri, ResourceRule>& rules, const Kri& resource_with_section, const std::string& mesh) {
  return FindResourceRule(rules, {resource_with_section, resource_with_section.WithoutSection()}, mesh);
}

}  // namespace kuma::policy
