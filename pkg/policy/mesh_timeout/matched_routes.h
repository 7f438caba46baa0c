// Timeouts for some clients of an inbound only: each route is repeated with a condition on the client's SPIFFE ID (and SNI), which a
// network filter has put into the filter state at the TLS handshake.
#pragma once

#include <vector>

#include "pkg/envoy/draft.h"
#include "pkg/policy/rules/ruleset.h"

namespace kuma::policy {

// Rules without a SPIFFE ID, or without a timeout that routes have, take no part.
void ApplyMatchedTimeouts(envoy::FilterChainDraft& chain, const std::vector<const InboundRule*>& rules);

}  // namespace kuma::policy
