// Zone proxies of one mesh: the listeners of a Dataplane (networking.listeners) through which other zones reach this one's services, and
// through which proxies reach external services. Only for meshes whose services are MeshServices.
#pragma once

#include <memory>
#include <vector>

#include "pkg/xds/generate/proxy.h"
#include "pkg/xds/generate/slices.h"

namespace kuma::xds {

// Adds units of the listeners and their clusters. True: one of them proves itself with the proxy's certificate.
bool AddZoneListenerUnits(const ProxyInput& input, const std::shared_ptr<const policy::ProxyFacts>& facts, RuleSlicer& slicer, std::vector<Unit>& units,
                          std::vector<Warning>& warnings);

}  // namespace kuma::xds
