#include "pkg/policy/rules/merge.h"

#include <algorithm>
#include <map>

namespace kuma::policy {
namespace {

constexpr std::string_view kDefault = "default";

bool IsAppended(const std::string& name, bool top_level, const PolicyTraits& traits) {
  return name.starts_with("append") || (top_level && !traits.merge_list.empty() && name == traits.merge_list);
}

// The patch left the last conf's list; concatenation starts from none.
void ClearAppended(Json& value, bool top_level, const PolicyTraits& traits) {
  if (!value.is_object()) return;
  for (auto& [name, field] : value.items()) {
    if (field.is_array() && IsAppended(name, top_level, traits)) {
      field = Json::array();
    } else {
      ClearAppended(field, false, traits);
    }
  }
}

void Concatenate(Json& target, const Json& conf, bool top_level, const PolicyTraits& traits) {
  if (!target.is_object() || !conf.is_object()) return;
  for (auto& [name, field] : target.items()) {
    const Json& source = Get(conf, name);
    if (field.is_array() && IsAppended(name, top_level, traits)) {
      if (source.is_array()) field.insert(field.end(), source.begin(), source.end());
    } else {
      Concatenate(field, source, false, traits);
    }
  }
}

bool HasAppended(const Json& value, bool top_level, const PolicyTraits& traits) {
  if (!value.is_object()) return false;
  for (const auto& [name, field] : value.items()) {
    if (field.is_array() ? IsAppended(name, top_level, traits) : HasAppended(field, false, traits)) return true;
  }
  return false;
}

// What is concatenated from nothing but empty lists is no list.
void DropEmptyAppended(Json& value) {
  if (!value.is_object()) return;
  for (auto& [name, field] : value.items()) {
    if (field.is_array() && field.empty() && name.starts_with("append")) {
      field = nullptr;
    } else {
      DropEmptyAppended(field);
    }
  }
}

struct KeyedItem {
  const Json* key = nullptr;
  std::vector<const Json*> defaults;
};

// Items with equal keys become one that stands where the last of them stood.
void MergeItems(Json& conf, const PolicyTraits& traits) {
  const auto found = conf.find(traits.merge_list);
  if (found == conf.end() || !found->is_array()) return;
  if (found->empty()) {
    conf.erase(found);
    return;
  }
  static const Json kNothing = Json::object();
  std::vector<KeyedItem> items;
  for (const Json& item : *found) {
    KeyedItem next{&Get(item, traits.merge_by), {}};
    const auto earlier = std::find_if(items.begin(), items.end(), [&](const KeyedItem& other) { return *other.key == *next.key; });
    if (earlier != items.end()) {
      next.defaults = std::move(earlier->defaults);
      items.erase(earlier);
    }
    const Json& own = Get(item, kDefault);
    next.defaults.push_back(own.is_null() ? &kNothing : &own);
    items.push_back(std::move(next));
  }
  static const PolicyTraits kPlain;
  Json merged = Json::array();
  for (const KeyedItem& item : items) {
    for (Json& value : MergeConfs(item.defaults, kPlain)) merged.push_back({{traits.merge_by, *item.key}, {std::string(kDefault), std::move(value)}});
  }
  *found = std::move(merged);
}

Json MergeGroup(const std::vector<const Json*>& confs, const PolicyTraits& traits) {
  Json merged = *confs.front();
  for (size_t i = 1; i < confs.size(); ++i) MergePatch(merged, *confs[i]);
  if (confs.size() > 1 && HasAppended(merged, true, traits)) {
    ClearAppended(merged, true, traits);
    for (const Json* conf : confs) Concatenate(merged, *conf, true, traits);
  }
  DropEmptyAppended(merged);
  if (!traits.merge_list.empty()) MergeItems(merged, traits);
  if (traits.after_merge) traits.after_merge(merged);
  return merged;
}

}  // namespace

std::vector<Json> MergeConfs(const std::vector<const Json*>& confs, const PolicyTraits& traits) {
  if (confs.empty()) return {};
  std::vector<Json> out;
  if (traits.split_by.empty()) {
    out.push_back(MergeGroup(confs, traits));
    return out;
  }
  std::vector<std::pair<std::string, std::vector<Json>>> groups;  // by value, in order of appearance
  const auto add = [&](const std::string& value, const Json& conf) {
    auto it = std::find_if(groups.begin(), groups.end(), [&](const auto& group) { return group.first == value; });
    if (it == groups.end()) it = groups.insert(groups.end(), {value, {}});
    it->second.push_back(conf);
    if (!value.empty()) it->second.back()[traits.split_by] = Json::array({value});
  };
  for (const Json* conf : confs) {
    const Json& values = Get(*conf, traits.split_by);
    if (!values.is_array() || values.empty()) {
      add("", *conf);
      continue;
    }
    for (const Json& value : values) add(value.is_string() ? value.get<std::string>() : std::string{}, *conf);
  }
  for (const auto& [value, members] : groups) {
    std::vector<const Json*> pointers;
    for (const Json& member : members) pointers.push_back(&member);
    out.push_back(MergeGroup(pointers, traits));
  }
  return out;
}

Json ConfOfEntry(const Json& entry, const PolicyTraits& traits) {
  if (traits.conf_of_entry) return traits.conf_of_entry(entry);
  const Json& conf = Get(entry, kDefault);
  return conf.is_null() ? Json::object() : conf;
}

}  // namespace kuma::policy
