// Where each field of a merged conf came from. Computed on demand from a rule's origins; nothing of it is stored. Used by explain.
#pragma once

#include <string>
#include <vector>

#include "pkg/model/type.h"
#include "pkg/policy/rules/ruleset.h"

namespace kuma::policy {

// A conf as it entered the merge.
struct Layer {
  Json conf;
  Origin origin;
};

struct FieldOrigin {
  std::string path;  // of a leaf: "http.requestTimeout", "appendMatch[1]", "rules[0].default.filters"
  Origin origin;     // the policy that set it last
};

// One value that a layer gave to a field, or to a part of it (a whole list, a member): `path` says which.
struct Setting {
  size_t layer = 0;  // index into the layers
  std::string path;
  Json value;
};

struct FieldHistory {
  std::string path;
  Setting winner;
  std::vector<Setting> losers;  // strongest first
};

// REQUIRES: layers are least specific first, as they were merged. In order of paths.
std::vector<FieldHistory> HistoryOf(const std::vector<Layer>& layers, const PolicyTraits& traits);
// Winners alone.
std::vector<FieldOrigin> ExplainConf(const std::vector<Layer>& layers, const PolicyTraits& traits);

// Layers of rules that an engine made, in the order of the merge. Empty when a policy's document changed since.
std::vector<Layer> LayersOf(const ResourceRule& rule, const PolicyTraits& traits);
std::vector<Layer> LayersOf(const ProxyRule& rule, const PolicyTraits& traits);
// `list`: "from" or "to". Entries of a policy's list that cover the rule's part.
std::vector<Layer> LayersOf(const SubsetRule& rule, std::string_view list, const PolicyTraits& traits);

}  // namespace kuma::policy
