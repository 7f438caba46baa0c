// Precedence of policies: the later one in this order overrides. Used once per list of policies, never per proxy.
#pragma once

#include <string>

#include "pkg/model/resource.h"
#include "pkg/policy/rules/target_ref.h"

namespace kuma::policy {

// What ordering reads of a policy.
struct Rank {
  int origin = 0;  // global < unknown < zone
  int role = 0;    // system < producer < consumer < workload-owner
  std::string display_name;
};
Rank RankOf(const ResourceMeta& policy);

// Negative: `a` is less specific. Zero: their kinds and origins are alike and the next criterion decides.
int CompareAttributes(const TargetRef& a_top, const Rank& a, const TargetRef& b_top, const Rank& b);
// Of two equal policies the one whose display name comes first in the alphabet wins, so it stands last.
int CompareNames(const Rank& a, const Rank& b);
// The whole order of policies.
int ComparePolicies(const TargetRef& a_top, const Rank& a, const TargetRef& b_top, const Rank& b);
// Entries of `to`: by kind, a MeshService with a section after one without.
int CompareToTargets(const TargetRef& a, const TargetRef& b);
// Matches of inbound rules, most specific first: SPIFFE ID exact, prefix, none; SNI before none. Null: every client.
int CompareMatches(const Json& a, const Json& b);

}  // namespace kuma::policy
