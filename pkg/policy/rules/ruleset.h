// The result of matching and merging all policies of one type for one proxy, with where each conf came from. Read by policies'
// apply functions, by the inspect API (_rules, _policies) and by explain. Values only; safe to share between threads.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/model/kri.h"
#include "pkg/model/resource.h"

namespace kuma::policy {

// An inbound of a Dataplane as policies address it.
struct InboundKey {
  std::string address;
  uint32_t port = 0;
  friend auto operator<=>(const InboundKey&, const InboundKey&) = default;
};

// A policy and the entry of its to/from/rules list that took part.
struct Origin {
  ResourcePtr policy;
  int rule_index = 0;
};

// One tag condition of a subset; negated: the tag has another value or is absent.
struct TagMatch {
  std::string key;
  std::string value;
  bool negated = false;
  friend auto operator<=>(const TagMatch&, const TagMatch&) = default;
};

// Legacy from/to rule: applies to traffic whose tags satisfy every condition (docs: MADR 007).
struct SubsetRule {
  std::vector<TagMatch> subset;
  Json conf;
  std::vector<Origin> origins;                       // one per policy
  std::map<std::string, Origin> origin_by_matches;  // policies with merge_list only: HashMatches(key) -> who gave that item
};

// Rule of the `rules` API, or of `from` in policies whose from takes only Mesh.
struct InboundRule {
  Json match;  // null: every client
  Json conf;
  std::vector<Origin> origins;
};

// Merged conf for one destination resource (or the whole mesh), perhaps one of its sections.
struct ResourceRule {
  Kri resource;               // of Mesh, MeshService, MeshExternalService, MeshMultiZoneService or MeshHTTPRoute; section set when narrowed
  ResourceMeta resource_meta;  // as _rules shows it
  std::vector<Json> confs;     // more than one only where a policy merges by values (hostnames)
  std::vector<Origin> origins;
  std::map<std::string, Origin> origin_by_matches;  // as in SubsetRule
};

struct ProxyRule {
  Json conf;
  std::vector<Origin> origins;
};

struct RuleSet {
  std::string type;                      // policy type
  std::vector<ResourcePtr> matched;      // in order of precedence, least specific first
  std::map<InboundKey, std::vector<SubsetRule>> from;
  std::map<InboundKey, std::vector<InboundRule>> inbound;
  std::vector<SubsetRule> to;
  std::map<Kri, ResourceRule> to_resources;
  std::optional<ProxyRule> proxy;        // single default policies
  std::vector<std::string> warnings;

  bool empty() const { return matched.empty(); }
};

// All policy types of one proxy, by type name; types without a match are absent.
using RuleSets = std::map<std::string, RuleSet, std::less<>>;

// Conf for a destination given by tags ({"kuma.io/service": X, ...}): the first rule whose subset holds. Null: none.
const Json* FindToConf(const std::vector<SubsetRule>& rules, const LabelMap& tags);
// Conf for a real resource: the exact section, else the resource, else the mesh. Null: none.
const ResourceRule* FindResourceRule(const std::map<Kri, ResourceRule>& rules, const Kri& resource_with_section, const std::string& mesh);
// The rule of the first identity that has one, most specific first: route, destination port, destination, mesh (of the first identity).
const ResourceRule* FindResourceRule(const std::map<Kri, ResourceRule>& rules, const std::vector<Kri>& ids_most_specific_first, const std::string& mesh);
// Identity of a mesh in to_resources.
Kri MeshKri(const std::string& mesh);

}  // namespace kuma::policy
