// What a proxy would get, computed beside the live line: for shadow policies, dry runs and explanations. Nothing is stored, issued or
// sent; certificates are stand-ins, so previews of one state are equal and hold no secret of the mesh. Pure functions; any thread.
#pragma once

#include <string>
#include <vector>

#include "pkg/xds/generate/outbounds.h"
#include "pkg/xds/plan.h"

namespace kuma::xds {

// The proxy as it announced itself: `metadata` is that of its insight. Null (it was never seen): as kuma-dp announces one.
ProxyNode AnnouncedNode(const std::string& mesh, const std::string& name, const Json& metadata);

// What stands for the certificate that the proxy would have in this mesh; null when it needs none.
IdentityPtr StandInIdentity(const mesh::Snapshot& snapshot, const mesh::Dataplane& dataplane, const TypeRegistry& types);

struct PreviewRequest {
  const ProxyNode& node;
  mesh::DataplanePtr dataplane;
  mesh::SnapshotPtr snapshot;  // its `mesh` is set
  const TypeRegistry& types;
  std::string zone;
  bool include_shadow = false;
  policy::PolicyIndexCache* indexes = nullptr;
};

// `reads` gets what planning looked at, when given.
ProxyPlan PlanPreview(const PreviewRequest& request, mesh::ReadSet* reads = nullptr);
// With notes: warnings about pieces that are left out.
ViewPtr Preview(const PreviewRequest& request);
// Where the proxy can send something, in the order of its listeners, and the names of those addresses.
OutboundList PreviewOutbounds(const PreviewRequest& request);

}  // namespace kuma::xds
