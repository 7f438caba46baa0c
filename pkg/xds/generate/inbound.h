// Units of inbounds: the listener other proxies connect to and the cluster of the local application.
#pragma once

#include <memory>
#include <vector>

#include "pkg/xds/generate/slices.h"
#include "pkg/xds/units.h"

namespace kuma::xds {

// The port of inbounds of proxies without a service; such an inbound has no listener.
inline constexpr uint32_t kReservedPort = 49151;

// `owns_cluster`: false when a later inbound leads to the same port of the application, whose cluster it is then.
Unit InboundUnit(const std::shared_ptr<const policy::ProxyFacts>& facts, const mesh::Inbound& inbound, bool owns_cluster,
                 RuleSlicer& slicer);

}  // namespace kuma::xds
