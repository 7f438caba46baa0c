// Certificates and trust of a proxy, which listeners and clusters name and Envoy asks for.
#pragma once

#include <memory>

#include "pkg/mesh/snapshot.h"
#include "pkg/policy/drafts.h"
#include "pkg/xds/identity.h"
#include "pkg/xds/units.h"

namespace kuma::xds {

Unit SecretsUnit(const std::shared_ptr<const policy::ProxyFacts>& facts, const IdentityPtr& identity, const mesh::Snapshot& snapshot);

}  // namespace kuma::xds
