// Entry of generation: what one proxy needs, as a list of units. Planning reads facts and rules (mesh loop, cheap); the units' own
// generate() builds the messages (any thread).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pkg/envoy/listener.h"
#include "pkg/mesh/snapshot.h"
#include "pkg/model/type.h"
#include "pkg/policy/rules/ruleset.h"
#include "pkg/xds/identity.h"
#include "pkg/xds/proxy_directory.h"
#include "pkg/xds/units.h"

namespace kuma::xds {

// Private networks, whose x-forwarded headers are trusted unless ipam.knownInternalCIDRs says otherwise.
std::vector<envoy::Cidr> DefaultInternalAddresses();

struct ProxyInput {
  const ProxyNode& node;
  mesh::DataplanePtr dataplane;
  mesh::SnapshotPtr snapshot;
  std::shared_ptr<const policy::RuleSets> rules;  // shared with the units
  const TypeRegistry& types;                      // lives as long as the process
  std::string zone;
  IdentityPtr identity;           // null: none (yet); then there are no secrets
  AdminMaterialPtr admin;         // null: no admin listener
  std::string workload_identity;  // name of the secret when a MeshIdentity issued `identity`, "" otherwise
  std::vector<envoy::Cidr> internal_addresses = DefaultInternalAddresses();
  // Virtual addresses of services known by tag (transparent proxying).
  std::map<std::string, std::string, std::less<>> service_vips;
};

// REQUIRES: dataplane, snapshot and snapshot->mesh are set. Names of units' resources are unique.
std::vector<Unit> PlanUnits(const ProxyInput& input);

}  // namespace kuma::xds
