// In words: why one policy overrides another. Follows the order of pkg/policy/rules/order.h criterion by criterion. Used by explain.
#pragma once

#include <string>

#include "pkg/policy/rules/ruleset.h"

namespace kuma::policy {

// Which of the lists an origin's index counts in.
enum class EntryList { kNone, kTo, kFrom, kRules };
std::string_view EntryListName(EntryList list);  // "to" …; "" of kNone

// Why `loser` lost to `winner`: "its targetRef is less specific (Mesh, not Dataplane)", "it comes from global, the other was made in a
// zone", …
std::string WhyLost(const Origin& loser, const Origin& winner, EntryList list);

}  // namespace kuma::policy
