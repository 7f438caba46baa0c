// TLS towards servers outside of the mesh, one transport socket a host, chosen by the host's tags.
#pragma once

#include <vector>

#include "pkg/envoy/draft.h"
#include "pkg/mesh/facts.h"

namespace kuma::xds {

void AddExternalTls(envoy::ClusterDraft& cluster, const std::vector<mesh::Endpoint>& endpoints);

}  // namespace kuma::xds
