// Rules of from/to entries that select clients or services by tags (docs: MADR 007). Entries overlap, so the space of tags is cut
// into parts with and without each tag, and each part gets its merged conf. Order of the result is part of its meaning: the first
// rule that contains an element applies. Pure functions.
#pragma once

#include <vector>

#include "pkg/model/type.h"
#include "pkg/policy/rules/ruleset.h"
#include "pkg/policy/rules/target_ref.h"

namespace kuma::policy {

using Subset = std::vector<TagMatch>;

struct SubsetEntry {
  Subset subset;
  const Json* conf = nullptr;
  Origin origin;
};

// Tags of a target of an old kind; nothing for other kinds and for routes.
std::optional<Subset> AsSubset(const TargetRef& target);

// REQUIRES: entries are in order of precedence, least specific first.
std::vector<SubsetRule> BuildSubsetRules(const std::vector<SubsetEntry>& entries, bool with_negations, const PolicyTraits& traits);

// Every element of `other` is one of `subset`.
bool Includes(const Subset& subset, const Subset& other);
// Some element is in both.
bool Intersects(const Subset& a, const Subset& b);
bool ContainsElement(const Subset& subset, const LabelMap& element);

}  // namespace kuma::policy
