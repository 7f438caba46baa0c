// Generation for a ZoneEgress: the way out of this zone, to other zones by server name and to external services, whose connections
// from proxies it ends with a certificate of their mesh (docs: zone egress).
#pragma once

#include "pkg/xds/generate/zone_proxy.h"

namespace kuma::xds {

std::vector<Unit> PlanZoneEgress(const ZoneProxyInput& input);

}  // namespace kuma::xds
