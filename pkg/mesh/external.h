// Endpoints outside of the mesh: hosts of ExternalService and MeshExternalService with what TLS towards them needs. Used for the
// clusters of proxies that call them directly and of zone egresses. Pure, except that a data source may name a file of this host.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/mesh/snapshot.h"

namespace kuma::mesh {

struct ExternalSources {
  std::string_view zone;
  bool locality_aware = false;
  const ResourceList& secrets;  // of the mesh, ordered by name
};

// Without a zone in its tags or labels a service is reachable from everywhere.
bool IsReachableFromZone(std::string_view zone_of_service, std::string_view zone);

Result<Endpoint> ExternalServiceEndpoint(const Resource& service, const ExternalSources& sources);
// All hosts of a MeshExternalService; they share the TLS settings. A host's priority is its locality.
Result<std::vector<Endpoint>> MeshExternalServiceEndpoints(const Destination& service, const ExternalSources& sources);

// secret, inline (base64), inlineString or file.
Result<std::string> ReadDataSource(const Json& source, const ResourceList& secrets);

}  // namespace kuma::mesh
