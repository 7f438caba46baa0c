#include "pkg/policy/explain/explain.h"

#include <algorithm>
#include <set>

#include "pkg/base/strings.h"
#include "pkg/model/kri.h"
#include "pkg/policy/explain/built_in.h"
#include "pkg/policy/rules/explain.h"
#include "pkg/policy/rules/match.h"
#include "pkg/policy/rules/near_miss.h"
#include "pkg/policy/rules/reason.h"
#include "pkg/policy/rules/resolve.h"
#include "pkg/policy/rules/subset.h"

namespace kuma::policy {
namespace {

std::string LabelOf(const Resource& policy, std::string_view key) { return std::string(policy.Label(key)); }

// Merging and matching of one policy type, told for one part of the proxy.
class TypeExplainer {
 public:
  TypeExplainer(const ExplainInput& input, const TypeDescriptor& type, const RuleSet* rules) : input_(input), type_(type), rules_(rules) {}

  Json OnProxy() const {
    const bool applies = rules_ != nullptr && rules_->proxy.has_value();
    std::vector<Layer> layers;
    if (applies) layers = LayersOf(*rules_->proxy, *type_.policy);
    if (!type_.policy->single_default) return Json::array();
    return Rules(Rule("", layers, EntryList::kNone, Side::kProxy, mesh::Protocol::kUnknown));
  }

  Json OnInbound(const InboundKey& key, mesh::Protocol protocol) const {
    Json out = Json::array();
    static const RuleSet kNone;
    const RuleSet& rules = rules_ == nullptr ? kNone : *rules_;
    if (const auto inbound = rules.inbound.find(key); inbound != rules.inbound.end()) AddInboundRules(inbound->second, protocol, out);
    const bool from_counts = !type_.policy->from_as_rules || out.empty();
    if (const auto from = rules.from.find(key); from != rules.from.end() && from_counts) {
      for (const SubsetRule& rule : from->second)
        Append(Rule(SubsetText(rule.subset, "clients"), LayersOf(rule, "from", *type_.policy), EntryList::kFrom, Side::kInbound, protocol),
               out);
    }
    if (out.empty()) Append(Rule("every client", {}, EntryList::kNone, Side::kInbound, protocol), out);
    return out;
  }

  Json OnOutbound(const ExplainedOutbound& outbound) const {
    Json out = Json::array();
    std::vector<Layer> layers;
    std::string applies;
    if (rules_ != nullptr && outbound.destination) {
      if (const ResourceRule* rule = FindResourceRule(rules_->to_resources, *outbound.destination, input_.snapshot.mesh_name);
          rule != nullptr) {
        layers = LayersOf(*rule, *type_.policy);
        applies = ResourceText(rule->resource);
      }
    } else if (rules_ != nullptr) {
      const LabelMap tags{{std::string(kServiceTag), outbound.service}};
      for (const SubsetRule& rule : rules_->to) {
        if (!ContainsElement(rule.subset, tags)) continue;
        layers = LayersOf(rule, "to", *type_.policy);
        applies = SubsetText(rule.subset, "destinations");
        break;
      }
    }
    Append(Rule(applies, layers, EntryList::kTo, Side::kOutbound, outbound.protocol), out);
    if (rules_ != nullptr && outbound.destination) AddRoutes(*outbound.destination, outbound.protocol, out);
    return out;
  }

 private:
  static Json Rules(Json rule) {
    Json out = Json::array();
    Append(std::move(rule), out);
    return out;
  }
  static void Append(Json rule, Json& out) {
    if (!rule.is_null()) out.push_back(std::move(rule));
  }

  std::string ResourceText(const Kri& kri) const {
    if (kri.type == "Mesh") return "every destination";
    return kri.type + " " + kri.name + (kri.section.empty() ? std::string() : " port " + kri.section);
  }

  static std::string SubsetText(const std::vector<TagMatch>& subset, const char* noun) {
    if (subset.empty()) return std::string("all ") + noun;
    std::vector<std::string> parts;
    for (const TagMatch& tag : subset) parts.push_back(tag.key + (tag.negated ? "!=" : "=") + tag.value);
    return std::string(noun) + " with " + Join(parts, " ");
  }

  static std::string MatchText(const Json& match) {
    if (match.is_null() || match.empty()) return "every client";
    std::vector<std::string> parts;
    for (const char* key : {"spiffeID", "sni"}) {
      const Json& one = Get(match, key);
      if (one.is_object())
        parts.push_back(std::string(key == std::string_view("sni") ? "SNI" : "SPIFFE ID") + " " + ToLower(GetString(one, "type")) + " " +
                        GetString(one, "value"));
    }
    return "clients with " + Join(parts, " and ");
  }

  // The rules of each match in the order of the merge, most specific match first.
  void AddInboundRules(const std::vector<InboundRule>& rules, mesh::Protocol protocol, Json& out) const {
    struct Group {
      Json match;
      std::vector<Layer> layers;
    };
    std::vector<Group> groups;
    for (const InboundRule& rule : rules) {
      const bool apart = RulesAddUp(type_.name);
      auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& known) { return !apart && known.match == rule.match; });
      if (group == groups.end()) group = groups.insert(groups.end(), Group{rule.match, {}});
      group->layers.push_back({rule.conf, rule.origins.front()});
    }
    for (const auto& [match, layers] : groups) {
      const bool from = !layers.empty() && Get(layers.front().origin.policy->spec, "rules").empty();
      Append(Rule(MatchText(match), layers, from ? EntryList::kFrom : EntryList::kRules, Side::kInbound, protocol), out);
    }
  }

  // Rules for routes of this outbound: a policy whose `to` is a MeshHTTPRoute.
  void AddRoutes(const Kri& destination, mesh::Protocol protocol, Json& out) const {
    const auto routes = input_.rules.find("MeshHTTPRoute");
    if (routes == input_.rules.end() || type_.name == "MeshHTTPRoute") return;
    const ResourceRule* own = FindResourceRule(routes->second.to_resources, destination, input_.snapshot.mesh_name);
    if (own == nullptr) return;
    std::set<Kri> used;
    for (const Origin& origin : own->origins) used.insert(KriOf(origin.policy->meta));
    for (const auto& [kri, rule] : rules_->to_resources) {
      if (kri.type == "MeshHTTPRoute" && used.contains(kri))
        Append(Rule(ResourceText(kri), LayersOf(rule, *type_.policy), EntryList::kTo, Side::kOutbound, protocol), out);
    }
  }

  Json PolicyBody(const Origin& origin, EntryList list) const {
    const Resource& policy = *origin.policy;
    Json body = {{"kri", ToString(KriOf(policy.meta), input_.types)},
                 {"name", policy.meta.name()},
                 {"targetRef", TargetText(ParseTargetRef(Get(policy.spec, "targetRef")))}};
    if (list != EntryList::kNone) body["entry"] = std::string(EntryListName(list)) + "[" + std::to_string(origin.rule_index) + "]";
    for (const auto& [key, label] :
         {std::pair{"origin", kOriginLabel}, {"role", kPolicyRoleLabel}, {"zone", kZoneLabel}, {"namespace", kNamespaceLabel}}) {
      if (std::string value = LabelOf(policy, label); !value.empty()) body[key] = std::move(value);
    }
    return body;
  }

  // Null: nothing is set and nothing is built in.
  Json Rule(const std::string& applies, const std::vector<Layer>& layers, EntryList list, Side side, mesh::Protocol protocol) const {
    Json fields = Json::array();
    std::vector<std::string> set;
    for (const FieldHistory& field : HistoryOf(layers, *type_.policy)) {
      set.push_back(field.path);
      const Origin& winner = layers[field.winner.layer].origin;
      Json body = {{"path", field.path}, {"value", field.winner.value}, {"setBy", PolicyBody(winner, list)}};
      for (const Setting& loser : field.losers) {
        const Origin& origin = layers[loser.layer].origin;
        Json lost = {{"value", loser.value}, {"setBy", PolicyBody(origin, list)}, {"why", WhyLost(origin, winner, list)}};
        if (loser.path != field.path) lost["path"] = loser.path;
        body["overrides"].push_back(std::move(lost));
      }
      fields.push_back(std::move(body));
    }
    for (const BuiltIn& built_in : BuiltInsOf(type_.name, side, protocol, *input_.snapshot.mesh, !layers.empty())) {
      const bool known = std::any_of(
          set.begin(), set.end(), [&](const std::string& path) { return path == built_in.path || built_in.path.starts_with(path + "."); });
      if (known) continue;
      Json body = {{"path", built_in.path}, {"value", built_in.value}, {"builtIn", true}};
      if (!built_in.note.empty()) body["note"] = built_in.note;
      fields.push_back(std::move(body));
    }
    if (fields.empty()) return nullptr;
    Json rule = {{"fields", std::move(fields)}};
    if (!applies.empty()) rule["appliesTo"] = applies;
    return rule;
  }

  const ExplainInput& input_;
  const TypeDescriptor& type_;
  const RuleSet* rules_;  // null: no policy of the type selects the proxy
};

class Explainer {
 public:
  Explainer(const ExplainInput& input, const ExplainFilter& filter) : input_(input), filter_(filter) {
    for (const TypeDescriptor* type : input.types.All()) {
      if (type->policy != nullptr && (filter.policy.empty() || type->name == filter.policy)) types_.push_back(type);
    }
    std::stable_sort(types_.begin(), types_.end(), [](const auto* a, const auto* b) { return a->policy->order < b->policy->order; });
  }

  Result<Json> Body() const {
    const Resource& resource = *input_.dataplane.resource;
    Json labels = Json::object();
    for (const auto& [key, value] : resource.meta.labels) labels[key] = value;
    Json out = {{"dataplane",
                 {{"mesh", resource.meta.mesh()},
                  {"name", resource.meta.name()},
                  {"kri", ToString(KriOf(resource.meta), input_.types)},
                  {"type", input_.dataplane.gateway.has_value() ? "gateway" : "sidecar"},
                  {"labels", std::move(labels)}}}};
    const bool all = filter_.inbound.empty() && filter_.outbound.empty();
    if (all) {
      Json policies = Policies([](const TypeExplainer& type) { return type.OnProxy(); });
      if (!policies.empty()) out["proxy"] = {{"policies", std::move(policies)}};
    }
    if (all || !filter_.inbound.empty()) {
      KUMA_TRY_ASSIGN(out["inbounds"], Inbounds());
    }
    if (all || !filter_.outbound.empty()) {
      KUMA_TRY_ASSIGN(out["outbounds"], Outbounds());
    }
    out["withoutEffect"] = WithoutEffect();
    out["unmatched"] = Unmatched();
    return out;
  }

 private:
  template <typename Tell>
  Json Policies(Tell&& tell) const {
    Json out = Json::array();
    for (const TypeDescriptor* type : types_) {
      const auto rules = input_.rules.find(type->name);
      Json body = tell(TypeExplainer(input_, *type, rules == input_.rules.end() ? nullptr : &rules->second));
      if (!body.empty()) out.push_back({{"type", type->name}, {"rules", std::move(body)}});
    }
    return out;
  }

  Result<Json> Inbounds() const {
    Json out = Json::array();
    std::vector<std::string> known;
    std::set<InboundKey> seen;
    for (const mesh::Inbound& inbound : input_.dataplane.inbounds) {
      known.push_back(inbound.SectionName());
      const InboundKey key{inbound.address, inbound.port};
      const bool wanted =
          filter_.inbound.empty() || filter_.inbound == std::to_string(inbound.port) || filter_.inbound == inbound.SectionName();
      if (!wanted || !seen.insert(key).second) continue;
      Json body = {{"port", inbound.port},
                   {"address", inbound.address},
                   {"section", inbound.SectionName()},
                   {"kri", ToString(KriOf(input_.dataplane.resource->meta, inbound.SectionName()), input_.types)},
                   {"protocol", mesh::ProtocolName(inbound.protocol)},
                   {"policies", Policies([&](const TypeExplainer& type) { return type.OnInbound(key, inbound.protocol); })}};
      if (!inbound.Service().empty()) body["service"] = inbound.Service();
      out.push_back(std::move(body));
    }
    if (out.empty() && !filter_.inbound.empty()) {
      return Invalid("the proxy has no inbound " + QuoteGo(filter_.inbound) + "; it has " + (known.empty() ? "none" : Join(known, ", ")));
    }
    return out;
  }

  bool IsWanted(const ExplainedOutbound& outbound) const {
    const std::string& wanted = filter_.outbound;
    if (wanted.empty() || wanted == outbound.service) return true;
    if (!outbound.destination) return false;
    const Kri& kri = *outbound.destination;
    return wanted == kri.name || wanted == kri.name + ":" + kri.section || wanted == ToString(kri, input_.types) ||
           wanted == ToString(kri.WithoutSection(), input_.types);
  }

  Result<Json> Outbounds() const {
    Json out = Json::array();
    std::vector<std::string> known;
    for (const ExplainedOutbound& outbound : input_.outbounds) {
      known.push_back(outbound.destination ? outbound.destination->name : outbound.service);
      if (!IsWanted(outbound)) continue;
      Json body = {{"port", outbound.port},
                   {"address", outbound.address},
                   {"service", outbound.service},
                   {"protocol", mesh::ProtocolName(outbound.protocol)},
                   {"policies", Policies([&](const TypeExplainer& type) { return type.OnOutbound(outbound); })}};
      if (outbound.destination) {
        body["kri"] = ToString(*outbound.destination, input_.types);
        body["destination"] = outbound.destination->type + " " + outbound.destination->name + " port " + outbound.destination->section;
      }
      out.push_back(std::move(body));
    }
    if (out.empty() && !filter_.outbound.empty()) {
      const std::string near = NearestName(filter_.outbound, known);
      std::sort(known.begin(), known.end());
      known.erase(std::unique(known.begin(), known.end()), known.end());
      return Invalid("the proxy has no outbound " + QuoteGo(filter_.outbound) +
                     (near.empty() ? "; it has " + (known.empty() ? "none" : Join(known, ", ")) : ". Did you mean " + QuoteGo(near) + "?"));
    }
    return out;
  }

  // Whether the proxy sends anything to what the entry means.
  bool IsReached(const TargetRef& target, const ResourceMeta& policy) const {
    const std::vector<ResolvedTarget> resolved = ResolveTargetRef(target, policy, input_.snapshot);
    return std::any_of(input_.outbounds.begin(), input_.outbounds.end(), [&](const ExplainedOutbound& outbound) {
      if (!outbound.destination) return target.IsOldKind() && SelectsService(target, {{std::string(kServiceTag), outbound.service}});
      return std::any_of(resolved.begin(), resolved.end(), [&](const ResolvedTarget& one) {
        return one.kri.type == "Mesh" ||
               (one.kri.section.empty() ? one.kri == outbound.destination->WithoutSection() : one.kri == *outbound.destination);
      });
    });
  }

  std::string WhyUnreached(const TargetRef& target, const ResourceMeta& policy) const {
    if (input_.outbounds.empty()) return "the proxy has no outbounds";
    // A port that is declared by its number is another section than the name of that port.
    std::set<std::string> sections;
    for (const ResolvedTarget& one : ResolveTargetRef(target, policy, input_.snapshot)) {
      for (const ExplainedOutbound& outbound : input_.outbounds) {
        if (outbound.destination && outbound.destination->WithoutSection() == one.kri.WithoutSection())
          sections.insert(outbound.destination->section);
      }
    }
    if (sections.empty()) return "the proxy has no outbound to it";
    return "the proxy's outbounds to it are declared as section " + Join({sections.begin(), sections.end()}, ", ") + ", not " +
           target.section;
  }

  // Entries of policies that select the proxy and still do nothing for it.
  Json WithoutEffect() const {
    Json out = Json::array();
    for (const TypeDescriptor* type : types_) {
      const auto rules = input_.rules.find(type->name);
      if (rules == input_.rules.end() || !type->policy->has_to) continue;
      for (const ResourcePtr& policy : rules->second.matched) {
        const Json& entries = Get(policy->spec, "to");
        for (size_t i = 0; entries.is_array() && i < entries.size(); ++i) {
          const TargetRef target = ParseTargetRef(Get(entries[i], "targetRef"));
          std::optional<std::string> reason = WhyUnresolved(target, policy->meta, input_.snapshot);
          if (!reason && target.kind != TargetKind::kMeshHttpRoute && !IsReached(target, policy->meta)) {
            reason = WhyUnreached(target, policy->meta);
          }
          if (!reason) continue;
          out.push_back({{"type", type->name},
                         {"name", policy->meta.name()},
                         {"kri", ToString(KriOf(policy->meta), input_.types)},
                         {"entry", "to[" + std::to_string(i) + "]"},
                         {"targetRef", TargetText(target)},
                         {"reason", *reason}});
        }
      }
    }
    return out;
  }

  Json Unmatched() const {
    std::vector<std::pair<int, Json>> rows;
    for (const TypeDescriptor* type : types_) {
      for (const ResourcePtr& policy : input_.snapshot.Resources(type->name)) {
        const TargetRef top = ParseTargetRef(Get(policy->spec, "targetRef"));
        std::optional<NearMiss> miss = FindNearMiss(policy->meta, top, input_.dataplane, input_.snapshot);
        if (!miss && IsShadow(policy->meta))
          miss = NearMiss{0, "it selects the proxy, but is in shadow mode (label kuma.io/effect: shadow)"};
        if (!miss) continue;
        rows.emplace_back(miss->distance, Json{{"type", type->name},
                                               {"name", policy->meta.name()},
                                               {"kri", ToString(KriOf(policy->meta), input_.types)},
                                               {"targetRef", TargetText(top)},
                                               {"distance", miss->distance},
                                               {"reason", miss->reason}});
      }
    }
    std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    Json out = Json::array();
    for (auto& [distance, row] : rows) out.push_back(std::move(row));
    return out;
  }

  const ExplainInput& input_;
  const ExplainFilter& filter_;
  std::vector<const TypeDescriptor*> types_;  // in the order in which they are applied
};

}  // namespace

Result<Json> ExplainBody(const ExplainInput& input, const ExplainFilter& filter) {
  if (!filter.policy.empty()) {
    const TypeDescriptor* type = input.types.Find(filter.policy);
    if (type == nullptr || type->policy == nullptr) {
      std::vector<std::string> names;
      for (const TypeDescriptor* one : input.types.All()) {
        if (one->policy != nullptr) names.push_back(one->name);
      }
      const std::string near = NearestName(filter.policy, names);
      return Invalid("there is no policy of type " + QuoteGo(filter.policy) +
                     (near.empty() ? "; there are " + Join(names, ", ") : ". Did you mean " + QuoteGo(near) + "?"));
    }
  }
  return Explainer(input, filter).Body();
}

}  // namespace kuma::policy
