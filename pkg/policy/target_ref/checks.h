// The checks that validators of policies share, with the texts that users of Kuma know. Stateless.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/model/resource.h"
#include "pkg/resources/validate.h"

namespace kuma::policy {

using resources::Checker;
using resources::Path;

struct TargetRefRules {
  std::vector<std::string> kinds;
  bool inbound = false;                       // sectionName of a Dataplane is allowed
  bool gateway_tags = false;                  // tags of a MeshGateway are allowed
  std::string unsupported = {};               // instead of "value 'X' is not supported"
  std::vector<std::string> any_name_of = {};  // names that need not follow the naming rules
};
void CheckTargetRef(Checker& checker, const Path& path, const Json& ref, const TargetRefRules& rules);
// Kinds of spec.targetRef; nothing to check when it is absent. Policies of applications' namespaces have their own kinds.
struct TopRules {
  std::vector<std::string> kinds;
  std::vector<std::string> kinds_of_applications = {};  // empty: same kinds
  bool gateway_tags = false;
};
void CheckTop(Checker& checker, const Resource& policy, const TopRules& rules);

// A backendRef: the targetRef in it and its port.
void CheckBackendRef(Checker& checker, const Path& path, const Json& ref, const TargetRefRules& rules);

// One {spiffeID, sni}.
void CheckMatch(Checker& checker, const Path& path, const Json& match);
// A list of them; an empty match is wrong. True: some match asks for a client's identity.
bool CheckConditions(Checker& checker, const Path& path, const Json& matches);
// What is wrong with a SPIFFE identity; empty: nothing.
std::string_view SpiffeIdFault(std::string_view text);

// Exactly one of endpoint and backendRef.
void CheckOtelTarget(Checker& checker, const Path& path, const Json& conf, bool needs_port);
void CheckJsonPatches(Checker& checker, const Path& path, const Json& patches);

// An address as a URL, with or without scheme: "127.0.0.1:5000", "http://zipkin:9411/api".
bool IsUrl(std::string_view text);

// `message` when the value is there.
void CheckAbsent(Checker& checker, const Path& path, const Json& value, std::string_view message);

// Readers of a spec; lists that are absent are empty.
const Json& ListOf(const Json& object, std::string_view name);
std::string TopKind(const Json& spec);
bool IsSystemPolicy(const Resource& policy);
bool AffectsInbounds(const Json& spec);
// Whether the target takes in gateways.
bool IncludesGateways(const Json& target_ref);

// `rules` excludes `to` and `from`.
void CheckRulesStandAlone(Checker& checker, const Json& spec);
// One of the three lists has to be there.
void CheckAnyList(Checker& checker, const Json& spec);

// Remarks on old kinds of spec.targetRef.
std::vector<std::string> TopWarnings(const Json& spec);
// The remark on `from`, then those of TopWarnings.
std::vector<std::string> FromAndTopWarnings(const Json& spec, std::string_view instead = "use 'rules' instead");
// Some backend of a conf's list `backends` has an endpoint and no backendRef.
bool HasInlineOtelEndpoint(const Json& conf);
inline constexpr std::string_view kInlineOtelEndpointRemark =
    "openTelemetry.endpoint is deprecated, use openTelemetry.backendRef with a MeshOpenTelemetryBackend resource instead";

}  // namespace kuma::policy
