// TLS towards servers outside of the mesh, one transport socket a host, chosen by the host's tags.
#pragma once

#include <string>
#include <vector>

#include "pkg/envoy/draft.h"
#include "pkg/mesh/facts.h"

namespace kuma::xds {

void AddExternalTls(envoy::ClusterDraft& cluster, const std::vector<mesh::Endpoint>& endpoints);
// Of a MeshExternalService: one for all of its hosts. `system_ca_path`: certificates that are trusted when the service names none.
void AddMeshExternalTls(envoy::ClusterDraft& cluster, const std::vector<mesh::Endpoint>& endpoints, const std::string& system_ca_path);

}  // namespace kuma::xds
