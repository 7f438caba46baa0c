// Merging confs of policies: RFC 7396 in order of precedence, append... lists concatenated, lists of keyed items merged per key.
// Generic over PolicyTraits. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/model/type.h"

namespace kuma::policy {

// Least specific first. One result, unless the policy splits by values (then one per value, in order of first appearance).
// Empty in, empty out.
std::vector<Json> MergeConfs(const std::vector<const Json*>& confs, const PolicyTraits& traits);

// The conf of an entry of to, from or rules.
Json ConfOfEntry(const Json& entry, const PolicyTraits& traits);

// Names a list of HTTP matches: base64 of the SHA-256 of its text with fields in documented order.
std::string HashMatches(const Json& matches);

}  // namespace kuma::policy
