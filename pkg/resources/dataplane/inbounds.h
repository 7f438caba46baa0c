// Reading an inbound of a Dataplane the way all folders have to.
#pragma once

#include <string>
#include <string_view>

#include "pkg/base/json.h"

namespace kuma::resources {

std::string InboundSection(const Json& inbound);   // its name, else its port
std::string InboundProtocol(const Json& inbound);  // its protocol, else the tag; may be empty
// "Ready", "NotReady" or "Ignored", with the classic health taken into account.
std::string_view InboundState(const Json& inbound);

}  // namespace kuma::resources
