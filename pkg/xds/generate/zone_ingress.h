// Generation for a ZoneIngress: the way into this zone for other zones (docs: multi-zone). It sees no plain text.
#pragma once

#include "pkg/xds/generate/zone_proxy.h"

namespace kuma::xds {

std::vector<Unit> PlanZoneIngress(const ZoneProxyInput& input);

}  // namespace kuma::xds
