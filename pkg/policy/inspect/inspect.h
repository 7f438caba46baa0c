// Bodies of the inspect API: what applies to a proxy and why. Pure functions from facts and rules to documents; the API adds
// routing, access and pages. Errors carry the text that clients see as `detail`; kInvalid is 400, kInternal 500.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pkg/mesh/snapshot.h"
#include "pkg/model/type.h"
#include "pkg/policy/rules/ruleset.h"

namespace kuma::policy {

// References: valid for one call. `rules` are those of BuildRuleSets without shadow policies.
struct InspectInput {
  const mesh::Snapshot& snapshot;
  const mesh::Dataplane& dataplane;
  const RuleSets& rules;
  const TypeRegistry& types;
};

// GET /meshes/{mesh}/dataplanes/{name}/_rules
Json RulesBody(const InspectInput& input);
// .../_policies
Result<Json> ProxyPoliciesBody(const InspectInput& input);
// .../_inbounds/{kri}/_policies
Result<Json> InboundPoliciesBody(const InspectInput& input, std::string_view inbound_kri);
// .../_outbounds/{kri}/_policies
Result<Json> OutboundPoliciesBody(const InspectInput& input, std::string_view outbound_kri);
// .../_outbounds/{kri}/_routes
Result<Json> OutboundRoutesBody(const InspectInput& input, std::string_view outbound_kri);
// .../_outbounds/{kri}/_routes/{kri}/_policies
Result<Json> RoutePoliciesBody(const InspectInput& input, std::string_view outbound_kri, std::string_view route_kri);
// .../_layout; `spiffe_id` is absent when no MeshIdentity applies.
Result<Json> LayoutBody(const mesh::Snapshot& snapshot, const mesh::Dataplane& dataplane, const TypeRegistry& types, const std::optional<std::string>& spiffe_id);

// Older forms: .../policies and .../rules
Json LegacyPoliciesBody(const InspectInput& input);
// What the proxy's outbounds by tags are, when transparent proxying makes them from the services of the mesh.
struct LegacyOutbound {
  mesh::Tags tags;
  std::vector<std::string> addresses;  // with ports: names, then the address
};
Json LegacyRulesBody(const InspectInput& input, const std::vector<LegacyOutbound>& virtual_outbounds);

// Proxies of the mesh a policy selects, by name; those whose name contains `name_contains`. Shadow policies too.
std::vector<ResourcePtr> DataplanesOfPolicy(const Resource& policy, const mesh::Snapshot& snapshot, std::string_view name_contains = {});
// GET /meshes/{mesh}/{policies}/{name}/_resources/dataplanes: items from `offset`, `size` of them, and the total. `next` is the API's.
Json DataplanesOfPolicyBody(const Resource& policy, const mesh::Snapshot& snapshot, std::string_view name_contains, size_t offset, size_t size);

// Destination ports a proxy can reach, by KRI with section: those of its backendRef outbounds, else of reachableBackends, else all.
struct ReachablePort {
  Kri kri;
  mesh::DestinationPort port;
};
std::vector<ReachablePort> ReachablePorts(const mesh::Snapshot& snapshot, const mesh::Dataplane& dataplane);

// {type, mesh, name, labels}: how bodies of this API name a resource.
Json MetaBody(const ResourceMeta& meta);

}  // namespace kuma::policy
