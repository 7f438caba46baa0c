// The parts of a listener that MeshProxyPatch changes: network filters, HTTP filters and virtual hosts. Used by apply.cpp.
#pragma once

#include "pkg/base/json.h"
#include "pkg/envoy/api.h"

namespace kuma::policy {

// Each applies one modification to every filter chain. An error leaves the listener half done: give it a copy.
Status PatchNetworkFilters(const Json& modification, envoy::Listener& listener);
Status PatchHttpFilters(const Json& modification, envoy::Listener& listener);
Status PatchVirtualHosts(const Json& modification, envoy::Listener& listener);

// Operation Patch of a message: JSON patches, or the message in `value` merged into it.
Status PatchMessage(const Json& modification, google::protobuf::Message& message);
// The message in `value`, YAML.
Status ParseValue(const Json& modification, google::protobuf::Message& message);

}  // namespace kuma::policy
