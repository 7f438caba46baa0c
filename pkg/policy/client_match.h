// Who a client is, as `rules` and permissions ask for it: {spiffeID: {type, value}, sni: {value}}, as predicates of Envoy's matchers.
#pragma once

#include <optional>

#include "pkg/base/json.h"
#include "xds/type/matcher/v3/matcher.pb.h"

namespace kuma::policy {

using ClientMatcher = ::xds::type::matcher::v3::Matcher;
using ClientMatcherPredicate = ClientMatcher::MatcherList::Predicate;

// Nothing: the match has no conditions.
std::optional<ClientMatcherPredicate> ClientPredicate(const Json& match);

}  // namespace kuma::policy
