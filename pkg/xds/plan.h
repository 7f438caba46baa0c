// From facts and rules to units: the pure middle of the line. A plan lists every unit of one proxy; a unit's digest covers all that its
// generator reads, so equal digests mean equal output, in whichever proxy.
#pragma once

#include "pkg/mesh/snapshot.h"
#include "pkg/policy/rules/engine.h"
#include "pkg/xds/generate/proxy.h"
#include "pkg/xds/identity.h"
#include "pkg/xds/proxy_directory.h"

namespace kuma::xds {

// Rules are kept apart from units for the inspect API.
struct ProxyPlan {
  std::shared_ptr<const policy::RuleSets> rules;
  std::vector<Unit> units;
};

struct PlanRequest {
  const ProxyNode& node;
  mesh::DataplanePtr dataplane;
  mesh::SnapshotPtr snapshot;
  IdentityPtr identity;      // null: none (mTLS off, or not issued yet)
  AdminMaterialPtr admin;
  const TypeRegistry& types;
  std::string zone;
  bool include_shadow = false;
  policy::PolicyIndexCache* indexes = nullptr;  // null: policies are read anew
};

ProxyPlan PlanProxy(const PlanRequest& request);

// A zone proxy serves all meshes: those that exist, by name.
struct ZonePlanRequest {
  const ProxyNode& node;
  ResourcePtr zone_proxy;                         // ZoneIngress or ZoneEgress
  std::vector<mesh::SnapshotPtr> meshes;
  std::map<std::string, IdentityPtr> identities;  // by mesh; a zone egress leaves out what it has no certificate for
  AdminMaterialPtr admin;
  const TypeRegistry& types;
  std::string zone;
  policy::PolicyIndexCache* indexes = nullptr;
};

std::vector<Unit> PlanZoneProxy(const ZonePlanRequest& request);

}  // namespace kuma::xds
