// Certificates and trust of a proxy, which listeners and clusters name and Envoy asks for.
#pragma once

#include <memory>

#include "pkg/mesh/snapshot.h"
#include "pkg/policy/drafts.h"
#include "pkg/xds/generate/proxy.h"
#include "pkg/xds/identity.h"
#include "pkg/xds/units.h"

namespace kuma::xds {

// The way to SPIRE's agent, which serves the secrets instead. REQUIRES: input.identity->agent_socket is set.
Unit AgentUnit(const ProxyInput& input);
Unit SecretsUnit(const std::shared_ptr<const policy::ProxyFacts>& facts, const IdentityPtr& identity, const mesh::Snapshot& snapshot);

}  // namespace kuma::xds
