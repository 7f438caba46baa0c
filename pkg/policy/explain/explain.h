// Everything that policies do to one proxy, field by field: the value, who set it, who lost and why; what is built in where nobody set
// anything; and the policies that do nothing for it, with what is nearest to a match. A pure function from facts and rules to a
// document; REST and kumactl show it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pkg/mesh/snapshot.h"
#include "pkg/model/type.h"
#include "pkg/policy/rules/ruleset.h"

namespace kuma::policy {

struct ExplainedOutbound {
  std::string address;
  uint32_t port = 0;
  std::string service;             // tag, or the destination's legacy name
  std::optional<Kri> destination;  // with section
  mesh::Protocol protocol = mesh::Protocol::kUnknown;
};

// References: valid for one call. `rules` are those of BuildRuleSets without shadow policies.
struct ExplainInput {
  const mesh::Snapshot& snapshot;
  const mesh::Dataplane& dataplane;
  const RuleSets& rules;
  const std::vector<ExplainedOutbound>& outbounds;
  const TypeRegistry& types;
};

struct ExplainFilter {
  std::string policy;    // a type; empty: all
  std::string outbound;  // a service, the name of a destination, or its KRI; empty: all
  std::string inbound;   // a port or a section's name; empty: all
};

// {"dataplane": …, "proxy": …, "inbounds": […], "outbounds": […], "withoutEffect": […], "unmatched": […]}. kInvalid when the filter
// names something that is not there; it says what is.
Result<Json> ExplainBody(const ExplainInput& input, const ExplainFilter& filter);

}  // namespace kuma::policy
