// Which proxies a policy selects by its top-level targetRef, and which of their inbounds. Used by the rule engine and, as the cheap
// question "does a change of this policy touch that proxy", by the pipeline. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "pkg/mesh/snapshot.h"
#include "pkg/policy/rules/ruleset.h"
#include "pkg/policy/rules/target_ref.h"

namespace kuma::policy {

struct Selection {
  std::vector<InboundKey> inbounds;  // inbounds and zone proxy listeners
  bool delegated_gateway = false;
  std::string error;  // the targetRef could not be resolved

  bool matches() const { return !inbounds.empty() || delegated_gateway; }
};

// Checks zone, namespace and role of the policy, then its targetRef. A builtin gateway is never selected.
Selection SelectProxy(const ResourceMeta& policy, const TargetRef& top, const mesh::Dataplane& dataplane, const mesh::Snapshot& snapshot);

// The document's top-level targetRef is `spec.targetRef`.
Selection SelectProxy(const Resource& policy, const mesh::Dataplane& dataplane, const mesh::Snapshot& snapshot);

// Shadow policies take part in dry runs only.
bool IsShadow(const ResourceMeta& policy);

// Whether a change of the policy may change the proxy's configuration. Ask for the old and the new version. False for a shadow policy.
bool MayAffect(const ResourcePtr& policy, const mesh::Dataplane& dataplane, const mesh::Snapshot& snapshot);

// Whether a target of tags selects a service that has them; for services that are no proxies of the mesh.
bool SelectsService(const TargetRef& target, const mesh::Tags& service_tags);

// The MeshHTTPRoute a policy names in its targetRef: same mesh, name is the route's display name. Null: none.
ResourcePtr FindRoute(const mesh::Snapshot& snapshot, const std::string& mesh, std::string_view name);

}  // namespace kuma::policy
