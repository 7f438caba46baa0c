#include "pkg/policy/rules/reason.h"

#include "pkg/policy/rules/order.h"
#include "pkg/policy/rules/target_ref.h"

namespace kuma::policy {
namespace {

const Json& EntryOf(const Origin& origin, EntryList list) {
  const Json& entries = Get(origin.policy->spec, EntryListName(list));
  static const Json kNothing;
  const auto index = static_cast<size_t>(origin.rule_index);
  return entries.is_array() && origin.rule_index >= 0 && index < entries.size() ? entries[index] : kNothing;
}

std::string OriginText(int origin) {
  return origin == 1 ? "comes from global" : origin == 3 ? "was made in a zone" : "says nothing of its origin";
}

std::string LabelOr(const Origin& origin, std::string_view key, std::string_view otherwise) {
  const std::string_view value = origin.policy->Label(key);
  return std::string(value.empty() ? otherwise : value);
}

std::string Address(const Origin& origin, EntryList list) {
  const std::string_view name = EntryListName(list);
  return name.empty() ? "it" : std::string(name) + "[" + std::to_string(origin.rule_index) + "]";
}

}  // namespace

std::string_view EntryListName(EntryList list) {
  switch (list) {
    case EntryList::kTo:
      return "to";
    case EntryList::kFrom:
      return "from";
    case EntryList::kRules:
      return "rules";
    case EntryList::kNone:
      break;
  }
  return "";
}

std::string WhyLost(const Origin& loser, const Origin& winner, EntryList list) {
  if (loser.policy->meta.key == winner.policy->meta.key) {
    const TargetRef lost = ParseTargetRef(Get(EntryOf(loser, list), "targetRef"));
    const TargetRef won = ParseTargetRef(Get(EntryOf(winner, list), "targetRef"));
    if (list == EntryList::kTo && CompareToTargets(lost, won) < 0) return Address(winner, list) + " of the same policy is more specific";
    return "a later entry of the same policy (" + Address(winner, list) + ") has the last word";
  }
  const TargetRef lost_top = ParseTargetRef(Get(loser.policy->spec, "targetRef"));
  const TargetRef won_top = ParseTargetRef(Get(winner.policy->spec, "targetRef"));
  if (lost_top.kind != won_top.kind) return "its targetRef is less specific (" + lost_top.kind_text + ", not " + won_top.kind_text + ")";
  const Rank lost = RankOf(loser.policy->meta);
  const Rank won = RankOf(winner.policy->meta);
  if (CompareAttributes(lost_top, {}, won_top, {}) < 0) {
    if (!won_top.name.empty() && lost_top.labels.has_value()) return "it selects by labels, the other by name";
    return "its targetRef names no section, the other's does";
  }
  if (lost.origin != won.origin) return "it " + OriginText(lost.origin) + ", the other " + OriginText(won.origin);
  if (lost.role != won.role)
    return "its role is " + LabelOr(loser, kPolicyRoleLabel, "system") + ", the other's " + LabelOr(winner, kPolicyRoleLabel, "system");
  if (list == EntryList::kTo) {
    const TargetRef lost_to = ParseTargetRef(Get(EntryOf(loser, list), "targetRef"));
    const TargetRef won_to = ParseTargetRef(Get(EntryOf(winner, list), "targetRef"));
    if (CompareToTargets(lost_to, won_to) < 0) {
      if (lost_to.kind != won_to.kind) return "its `to` is less specific (" + lost_to.kind_text + ", not " + won_to.kind_text + ")";
      return "its `to` names no section, the other's does";
    }
  }
  return "of equals the first name wins (" + won.display_name + " before " + lost.display_name + ")";
}

}  // namespace kuma::policy
