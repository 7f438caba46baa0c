#include "pkg/policy/rules/explain.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "pkg/policy/rules/merge.h"
#include "pkg/policy/rules/subset.h"

namespace kuma::policy {
namespace {

// What was set at each path, the newest last.
using Fields = std::map<std::string, std::vector<Setting>>;

std::string Joined(const std::string& prefix, const std::string& name) { return prefix.empty() ? name : prefix + '.' + name; }

// A later value at a path replaces what was below it, and what stood above it as a leaf.
void Set(Fields& fields, Setting setting) {
  std::vector<Setting> history;
  for (auto it = fields.begin(); it != fields.end();) {
    const bool replaced = it->first.starts_with(setting.path + '.') || setting.path.starts_with(it->first + '.');
    if (!replaced) {
      ++it;
      continue;
    }
    std::move(it->second.begin(), it->second.end(), std::back_inserter(history));
    it = fields.erase(it);
  }
  std::stable_sort(history.begin(), history.end(), [](const Setting& a, const Setting& b) { return a.layer < b.layer; });
  std::vector<Setting>& slot = fields[setting.path];
  slot.insert(slot.begin(), std::make_move_iterator(history.begin()), std::make_move_iterator(history.end()));
  slot.push_back(std::move(setting));
}

void Overlay(Fields& fields, const std::string& prefix, const Json& conf, size_t layer, std::map<std::string, size_t>& lengths) {
  for (const auto& [name, value] : conf.items()) {
    const std::string path = Joined(prefix, name);
    if (value.is_object() && !value.empty()) {
      Overlay(fields, path, value, layer, lengths);
    } else if (value.is_array() && name.starts_with("append")) {
      for (const Json& item : value) {
        const std::string at = path + '[' + std::to_string(lengths[path]++) + ']';
        fields[at] = {{layer, at, item}};
      }
    } else {
      Set(fields, {layer, path, value});
    }
  }
}

// Keyed items: the position is that in the merged conf, the layers are those of equal keys.
void OverlayItems(Fields& fields, const std::vector<Layer>& layers, const PolicyTraits& traits) {
  std::vector<const Json*> confs;
  for (const Layer& layer : layers) confs.push_back(&layer.conf);
  const std::vector<Json> merged = MergeConfs(confs, traits);
  if (merged.empty()) return;
  const Json& items = Get(merged.front(), traits.merge_list);
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string prefix = traits.merge_list + '[' + std::to_string(i) + ']';
    std::map<std::string, size_t> lengths;
    for (size_t layer = 0; layer < layers.size(); ++layer) {
      for (const Json& item : Get(layers[layer].conf, traits.merge_list)) {
        if (Get(item, traits.merge_by) != Get(items[i], traits.merge_by)) continue;
        const std::string key = Joined(prefix, traits.merge_by);
        fields[key] = {{layer, key, Get(item, traits.merge_by)}};
        Overlay(fields, Joined(prefix, "default"), Get(item, "default"), layer, lengths);
      }
    }
  }
}

const Json& EntryAt(const Resource& policy, std::string_view list, int index) {
  const Json& entries = Get(policy.spec, list);
  static const Json kNone;
  return entries.is_array() && index >= 0 && static_cast<size_t>(index) < entries.size() ? entries[static_cast<size_t>(index)] : kNone;
}

}  // namespace

std::vector<FieldHistory> HistoryOf(const std::vector<Layer>& layers, const PolicyTraits& traits) {
  Fields fields;
  std::map<std::string, size_t> lengths;
  for (size_t layer = 0; layer < layers.size(); ++layer) {
    Json rest = layers[layer].conf;
    if (!traits.merge_list.empty() && rest.is_object()) rest.erase(traits.merge_list);
    if (rest.is_object()) Overlay(fields, {}, rest, layer, lengths);
  }
  if (!traits.merge_list.empty()) OverlayItems(fields, layers, traits);
  std::vector<FieldHistory> out;
  for (auto& [path, settings] : fields) {
    FieldHistory history{path, std::move(settings.back()), {}};
    settings.pop_back();
    history.losers.assign(std::make_move_iterator(settings.rbegin()), std::make_move_iterator(settings.rend()));
    out.push_back(std::move(history));
  }
  return out;
}

std::vector<FieldOrigin> ExplainConf(const std::vector<Layer>& layers, const PolicyTraits& traits) {
  std::vector<FieldOrigin> out;
  for (const FieldHistory& field : HistoryOf(layers, traits)) out.push_back({field.path, layers[field.winner.layer].origin});
  return out;
}

std::vector<Layer> LayersOf(const ResourceRule& rule, const PolicyTraits& traits) {
  std::vector<Layer> out;
  for (const Origin& origin : rule.origins) {
    const Json& entry = EntryAt(*origin.policy, "to", origin.rule_index);
    if (!entry.is_null()) out.push_back({ConfOfEntry(entry, traits), origin});
  }
  return out;
}

std::vector<Layer> LayersOf(const ProxyRule& rule, const PolicyTraits& traits) {
  std::vector<Layer> out;
  for (const Origin& origin : rule.origins) out.push_back({ConfOfEntry(origin.policy->spec, traits), origin});
  return out;
}

std::vector<Layer> LayersOf(const SubsetRule& rule, std::string_view list, const PolicyTraits& traits) {
  std::vector<Layer> out;
  for (const Origin& origin : rule.origins) {
    const Json& entries = Get(origin.policy->spec, list);
    for (size_t i = 0; entries.is_array() && i < entries.size(); ++i) {
      const std::optional<Subset> subset = AsSubset(ParseTargetRef(Get(entries[i], "targetRef")));
      if (subset.has_value() && Includes(*subset, rule.subset)) out.push_back({ConfOfEntry(entries[i], traits), {origin.policy, static_cast<int>(i)}});
    }
  }
  return out;
}

}  // namespace kuma::policy
