#include "pkg/policy/rules/explain.h"

#include <algorithm>
#include <map>

#include "pkg/policy/rules/merge.h"
#include "pkg/policy/rules/subset.h"

namespace kuma::policy {
namespace {

using Fields = std::map<std::string, Origin>;

std::string Joined(const std::string& prefix, const std::string& name) { return prefix.empty() ? name : prefix + '.' + name; }

// A later value at a path replaces what was below it, and what stood above it as a leaf.
void Set(Fields& fields, const std::string& path, const Origin& origin) {
  std::erase_if(fields, [&](const auto& field) { return field.first.starts_with(path + '.') || path.starts_with(field.first + '.'); });
  fields.insert_or_assign(path, origin);
}

void Overlay(Fields& fields, const std::string& prefix, const Json& conf, const Origin& origin, std::map<std::string, size_t>& lengths) {
  for (const auto& [name, value] : conf.items()) {
    const std::string path = Joined(prefix, name);
    if (value.is_object() && !value.empty()) {
      Overlay(fields, path, value, origin, lengths);
    } else if (value.is_array() && name.starts_with("append")) {
      for (size_t i = 0; i < value.size(); ++i) fields.insert_or_assign(path + '[' + std::to_string(lengths[path]++) + ']', origin);
    } else {
      Set(fields, path, origin);
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
    for (const Layer& layer : layers) {
      for (const Json& item : Get(layer.conf, traits.merge_list)) {
        if (Get(item, traits.merge_by) != Get(items[i], traits.merge_by)) continue;
        fields.insert_or_assign(Joined(prefix, traits.merge_by), layer.origin);
        Overlay(fields, Joined(prefix, "default"), Get(item, "default"), layer.origin, lengths);
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

std::vector<FieldOrigin> ExplainConf(const std::vector<Layer>& layers, const PolicyTraits& traits) {
  Fields fields;
  std::map<std::string, size_t> lengths;
  for (const Layer& layer : layers) {
    Json rest = layer.conf;
    if (!traits.merge_list.empty() && rest.is_object()) rest.erase(traits.merge_list);
    if (rest.is_object()) Overlay(fields, {}, rest, layer.origin, lengths);
  }
  if (!traits.merge_list.empty()) OverlayItems(fields, layers, traits);
  std::vector<FieldOrigin> out;
  for (auto& [path, origin] : fields) out.push_back({path, std::move(origin)});
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
