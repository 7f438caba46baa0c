// Facts of a proxy that its units share.
#pragma once

#include "pkg/policy/drafts.h"
#include "pkg/xds/generate/proxy.h"

namespace kuma::xds {

policy::ProxyFacts MakeProxyFacts(const ProxyInput& input);

// Values of the node's metadata: numbers and bools may be texts there.
int64_t MetadataInt(const ProxyNode& node, std::string_view key);

}  // namespace kuma::xds
