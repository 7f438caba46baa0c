// Entries of policies that never have an effect, since other entries of a later policy set all that they set.
#include <algorithm>

#include "pkg/analysis/world.h"
#include "pkg/policy/rules/match.h"
#include "pkg/policy/rules/merge.h"

namespace kuma::analysis {

namespace {

// Paths of the leaves of a conf; lists are leaves, but those that concatenate, which nothing overrides.
void CollectLeaves(const Json& conf, const std::string& prefix, std::set<std::string>& leaves, bool& appends) {
  if (!conf.is_object()) return;
  for (const auto& [name, value] : conf.items()) {
    const std::string path = prefix.empty() ? name : prefix + "." + name;
    if (value.is_array() && name.starts_with("append")) {
      appends |= !value.empty();
    } else if (value.is_object() && !value.empty()) {
      CollectLeaves(value, path, leaves, appends);
    } else {
      leaves.insert(path);
    }
  }
}

struct Part {
  const Resource* policy = nullptr;
  size_t position = 0;  // of the policy in order of precedence
  std::string path;
  std::string key;  // what of the merge it takes part in
  std::set<std::string> leaves;
  bool appends = false;
};

std::string KeyOf(const Entry& entry) {
  const policy::TargetRef& t = entry.target;
  std::string key = entry.list + "|" + t.kind_text + "|" + t.name + "|" + t.ns + "|" + t.section;
  for (const auto* map : {t.labels ? &*t.labels : nullptr, &t.tags}) {
    key += "|";
    if (map == nullptr) continue;
    for (const auto& [name, value] : *map) key += name + "=" + value + ",";
  }
  return key;
}

void AddParts(const Resource& policy, size_t position, const TypeDescriptor& type, std::vector<Part>& parts) {
  for (const Entry& entry : EntriesOf(policy, type)) {
    const Json conf = policy::ConfOfEntry(*entry.document, *type.policy);
    if (!type.policy->merge_list.empty()) {
      // Items merge by key: one part each. In the order of the document, which the merge may turn around.
      const Json& items = Get(*entry.document, type.policy->merge_list);
      for (size_t i = 0; items.is_array() && i < items.size(); ++i) {
        Part part{&policy,
                  position,
                  entry.Path() + "." + type.policy->merge_list + "[" + std::to_string(i) + "]",
                  KeyOf(entry) + "|" + ToJsonText(Get(items[i], type.policy->merge_by)),
                  {},
                  false};
        CollectLeaves(Get(items[i], "default"), "", part.leaves, part.appends);
        parts.push_back(std::move(part));
      }
      continue;
    }
    Part part{&policy, position, entry.Path(), KeyOf(entry), {}, false};
    const Json& matches = Get(*entry.document, "matches");
    if (entry.list == "rules") part.key += "|" + ToJsonText(matches);
    CollectLeaves(conf, "", part.leaves, part.appends);
    parts.push_back(std::move(part));
  }
}

void CheckType(const MeshView& mesh, const TypeDescriptor& type, Reporter& report) {
  const std::vector<ResourcePtr> policies = Ordered(mesh.Of(type.name));
  std::vector<Part> parts;
  for (size_t i = 0; i < policies.size(); ++i) {
    if (!policy::IsShadow(policies[i]->meta)) AddParts(*policies[i], i, type, parts);
  }
  for (const Part& part : parts) {
    // Rules of permissions add up.
    if (part.appends || part.leaves.empty() || (type.name == "MeshTrafficPermission" && part.key.starts_with("rules"))) continue;
    std::set<std::string> left = part.leaves;
    const Part* last = nullptr;
    for (const Part& other : parts) {
      if (other.key != part.key || other.position <= part.position) continue;
      if (!SameTarget(TopOf(*other.policy), TopOf(*part.policy))) continue;
      for (const std::string& leaf : other.leaves) {
        std::erase_if(left, [&](const std::string& own) { return own == leaf || own.starts_with(leaf + "."); });
      }
      last = &other;
    }
    if (last != nullptr && left.empty()) {
      report.Add("shadowed-policy", *part.policy, part.path,
                 "never has an effect: " + type.name + " " + last->policy->meta.name() + " (" + last->path +
                     ") is merged after it and sets the same fields");
    }
  }
}

}  // namespace

void CheckShadowing(const MeshView& mesh, Reporter& report) {
  for (const TypeDescriptor* type : mesh.input.types.All()) {
    if (type->is_policy && type->policy != nullptr) CheckType(mesh, *type, report);
  }
}

}  // namespace kuma::analysis
