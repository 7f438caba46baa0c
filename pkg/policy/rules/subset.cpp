#include "pkg/policy/rules/subset.h"

#include <algorithm>
#include <set>

#include "pkg/base/strings.h"
#include "pkg/policy/rules/merge.h"

namespace kuma::policy {
namespace {

using Group = std::vector<size_t>;  // indexes of entries

size_t Positives(const Subset& subset) {
  return static_cast<size_t>(std::count_if(subset.begin(), subset.end(), [](const TagMatch& tag) { return !tag.negated; }));
}

bool IncludesTag(const TagMatch& tag, const TagMatch& other) {
  if (tag.negated == other.negated) return tag.value == other.value;
  return tag.negated && tag.value != other.value;
}

// Rules of one part: as many as the merge makes, none when no entry covers it.
void AddRules(const Subset& part, const std::vector<SubsetEntry>& entries, const PolicyTraits& traits, std::vector<SubsetRule>& out) {
  std::vector<const Json*> confs;
  std::vector<Origin> origins;
  std::map<std::string, Origin> by_matches;
  for (const SubsetEntry& entry : entries) {
    if (!Includes(entry.subset, part)) continue;
    confs.push_back(entry.conf);
    const bool known = std::any_of(origins.begin(), origins.end(), [&](const Origin& other) { return other.policy->meta.key == entry.origin.policy->meta.key; });
    if (!known) origins.push_back(entry.origin);
    if (traits.merge_list.empty()) continue;
    for (const Json& item : Get(*entry.conf, traits.merge_list)) by_matches.insert_or_assign(HashMatches(Get(item, traits.merge_by)), entry.origin);
  }
  for (Json& conf : MergeConfs(confs, traits)) out.push_back({part, std::move(conf), origins, by_matches});
}

// Maximal sets of entries that all overlap in pairs (Bron-Kerbosch with a pivot).
void FindCliques(const std::vector<std::vector<bool>>& edges, Group& clique, std::set<size_t> candidates, std::set<size_t> excluded, std::vector<Group>& out) {
  if (candidates.empty()) {
    if (excluded.empty()) out.push_back(clique);
    return;
  }
  size_t pivot = *candidates.begin();
  size_t best = 0;
  for (const std::set<size_t>* nodes : {&candidates, &excluded}) {
    for (const size_t node : *nodes) {
      const auto degree = static_cast<size_t>(std::count_if(candidates.begin(), candidates.end(), [&](size_t other) { return edges[node][other]; }));
      if (degree > best) {
        best = degree;
        pivot = node;
      }
    }
  }
  const std::set<size_t> all = candidates;
  for (const size_t node : all) {
    if (edges[pivot][node]) continue;
    std::set<size_t> next_candidates;
    std::set<size_t> next_excluded;
    for (const size_t other : candidates) {
      if (edges[node][other]) next_candidates.insert(other);
    }
    for (const size_t other : excluded) {
      if (edges[node][other]) next_excluded.insert(other);
    }
    clique.push_back(node);
    FindCliques(edges, clique, std::move(next_candidates), std::move(next_excluded), out);
    clique.pop_back();
    candidates.erase(node);
    excluded.insert(node);
  }
}

std::string GroupText(const Group& group) {
  std::vector<std::string> parts;
  for (const size_t node : group) parts.push_back(std::to_string(node));
  return Join(parts, ":");
}

// Groups in descending order of their text, as the documented order of rules asks for.
std::vector<Group> OverlappingGroups(const std::vector<SubsetEntry>& entries) {
  std::vector<std::vector<bool>> edges(entries.size(), std::vector<bool>(entries.size(), false));
  std::set<size_t> nodes;
  for (size_t i = 0; i < entries.size(); ++i) {
    nodes.insert(i);
    for (size_t j = 0; j < entries.size(); ++j) {
      // Overlap is asked both ways: it is not symmetric when a subset names a key twice.
      if (i != j && (Intersects(entries[i].subset, entries[j].subset) || Intersects(entries[j].subset, entries[i].subset))) edges[i][j] = true;
    }
  }
  std::vector<Group> groups;
  Group clique;
  FindCliques(edges, clique, nodes, {}, groups);
  for (Group& group : groups) std::sort(group.begin(), group.end());
  std::stable_sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return GroupText(a) > GroupText(b); });
  return groups;
}

// One key and the values it has in a group. Its digit in the counter below: values from the last to the first, then "none of them".
struct Dimension {
  std::string key;
  std::vector<std::string> values;
};

std::vector<Dimension> DimensionsOf(const std::vector<SubsetEntry>& entries, const Group& group) {
  std::set<std::pair<std::string, std::string>> tags;
  for (const size_t node : group) {
    for (const TagMatch& tag : entries[node].subset) tags.emplace(tag.key, tag.value);
  }
  std::vector<Dimension> out;
  for (const auto& [key, value] : tags) {
    if (out.empty() || out.back().key != key) out.push_back({key, {}});
    out.back().values.push_back(value);
  }
  return out;
}

Subset PartAt(const std::vector<Dimension>& dimensions, const std::vector<size_t>& digits) {
  Subset part;
  for (size_t i = 0; i < dimensions.size(); ++i) {
    const Dimension& dimension = dimensions[i];
    if (digits[i] == dimension.values.size()) {
      for (const std::string& value : dimension.values) part.push_back({dimension.key, value, true});
    } else {
      part.push_back({dimension.key, dimension.values[dimension.values.size() - digits[i] - 1], false});
    }
  }
  return part;
}

// The first key counts fastest; counting starts after zero, so the part with the last value of every key comes last.
void AddPartition(const std::vector<Dimension>& dimensions, const std::vector<SubsetEntry>& entries, const PolicyTraits& traits, std::vector<SubsetRule>& out) {
  std::vector<size_t> digits(dimensions.size(), 0);
  while (true) {
    size_t i = 0;
    while (i < digits.size() && ++digits[i] > dimensions[i].values.size()) digits[i++] = 0;
    AddRules(PartAt(dimensions, digits), entries, traits, out);
    if (i == digits.size()) return;
  }
}

}  // namespace

std::optional<Subset> AsSubset(const TargetRef& target) {
  Subset out;
  switch (target.kind) {
    case TargetKind::kMesh:
      return out;
    case TargetKind::kMeshService:
      return Subset{{std::string(kServiceTag), target.name, false}};
    case TargetKind::kMeshServiceSubset:
      out.push_back({std::string(kServiceTag), target.name, false});
      [[fallthrough]];
    case TargetKind::kMeshSubset:
      for (const auto& [key, value] : target.tags) out.push_back({key, value, false});
      return out;
    default:
      return std::nullopt;
  }
}

bool Includes(const Subset& subset, const Subset& other) {
  return std::all_of(subset.begin(), subset.end(), [&](const TagMatch& tag) {
    bool has_key = false;
    for (const TagMatch& theirs : other) {
      if (theirs.key != tag.key) continue;
      has_key = true;
      if (!IncludesTag(tag, theirs)) return false;
    }
    return has_key;
  });
}

bool Intersects(const Subset& a, const Subset& b) {
  for (const TagMatch& tag : a) {
    if (tag.negated) continue;
    for (const TagMatch& other : b) {
      if (!other.negated && other.key == tag.key && other != tag) return false;
    }
  }
  return true;
}

bool ContainsElement(const Subset& subset, const LabelMap& element) {
  if (subset.empty()) return true;
  if (element.empty()) return false;
  bool shares_key = false;
  for (const TagMatch& tag : subset) {
    const auto it = element.find(tag.key);
    if (it == element.end()) {
      if (!tag.negated) return false;
      continue;
    }
    shares_key = true;
    if ((it->second == tag.value) == tag.negated) return false;
  }
  return shares_key || Positives(subset) == 0;
}

std::vector<SubsetRule> BuildSubsetRules(const std::vector<SubsetEntry>& entries, bool with_negations, const PolicyTraits& traits) {
  std::vector<SubsetRule> rules;
  if (entries.empty()) return rules;
  std::set<std::string_view> keys;
  for (const SubsetEntry& entry : entries) {
    for (const TagMatch& tag : entry.subset) keys.insert(tag.key);
  }
  if (!with_negations && keys.size() <= 1) {
    std::set<Subset> seen;
    for (const SubsetEntry& entry : entries) {
      if (seen.insert(entry.subset).second) AddRules(entry.subset, entries, traits, rules);
    }
  } else {
    for (const Group& group : OverlappingGroups(entries)) AddPartition(DimensionsOf(entries, group), entries, traits, rules);
  }
  std::stable_sort(rules.begin(), rules.end(), [](const SubsetRule& a, const SubsetRule& b) { return Positives(a.subset) > Positives(b.subset); });
  return rules;
}

}  // namespace kuma::policy
