// Schema rows that the policies share: targetRef, backendRef, matchers, headers and the lists `to`, `from` and `rules`.
// Used only while the types are registered.
#pragma once

#include <string>

#include "pkg/model/schema.h"
#include "pkg/resources/common_fields.h"

namespace kuma::policy {

using resources::WithPattern;

Field TargetRefField(std::string name, std::string doc);
// What traffic is sent to: a targetRef with weight and port.
Fields BackendRefMembers();
Field BackendRefList(std::string name, std::string doc);

// The targetRef on top of a policy.
Field TopTargetRef();
// Lists of {targetRef, default}. `conf` are the members of `default`; without `required` an absent one reads as {}.
Field ToList(Fields conf, bool required_default = false);
Field FromList(Fields conf, bool required_default = false);
Field RuleList(Fields conf, bool with_matches, bool required_default = false);

// A list of {spiffeID, sni}.
Field MatchList(std::string name, std::string doc);
// A list of {type, name, value} on HTTP headers.
Field HeaderMatchList(std::string name, std::string doc);
Field HeaderName(std::string doc);
// {set, add} and, if asked for, {remove}.
Field HeaderModifierField(std::string name, bool with_remove, std::string doc);
// {kind, labels} of a MeshOpenTelemetryBackend.
Field OtelBackendRef();
Field OtelEndpoint();

// A duration, a 32-bit unsigned number.
Field Uint(std::string name, std::string doc);

}  // namespace kuma::policy
