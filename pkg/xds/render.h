// The whole line in one pure call: resources in, the Envoy configuration of one proxy out. No threads, sockets, store or clock. Used by
// `kuma xds render`, golden tests, dry runs, and the law "any order of events ends in what a fresh render gives".
#pragma once

#include <string>
#include <vector>

#include "pkg/mesh/snapshot.h"
#include "pkg/model/type.h"
#include "pkg/xds/cache.h"
#include "pkg/xds/identity.h"
#include "pkg/xds/proxy_directory.h"

namespace kuma::xds {

struct RenderRequest {
  std::vector<ResourcePtr> resources;  // validated; order does not matter
  ProxyNode node;                      // mesh and name of the Dataplane (or ZoneIngress, ZoneEgress, by proxy_type); features as the proxy would send them
  std::string zone = "default";
  IdentityPtr identity;                // null: a placeholder is used where the mesh has mTLS
  AdminMaterialPtr admin;              // null: no admin listener
};

// kNotFound when the mesh or the proxy is not among the resources.
Result<ViewPtr> Render(const RenderRequest& request, const TypeRegistry& types);

// Pieces of a proxy's configuration that would be left out. `identity` may be null. REQUIRES: snapshot->mesh is set.
std::vector<Warning> PlanWarnings(const ProxyNode& node, const mesh::DataplanePtr& dataplane, const mesh::SnapshotPtr& snapshot,
                                  const IdentityPtr& identity, const TypeRegistry& types, const std::string& zone);

// Clusters, endpoints, listeners, routes and secrets as one document: {"clusters": [...], "endpoints": [...], ...}.
Result<Json> ViewDocument(const View& view);

// A stand-in for certificates that only a running control plane can issue.
IdentityPtr PlaceholderIdentity(const std::string& backend);

}  // namespace kuma::xds
