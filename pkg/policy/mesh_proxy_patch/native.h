// Resources of Envoy that users write by hand. Used by the checks of MeshProxyPatch.
#pragma once

#include <string>
#include <string_view>

namespace kuma::policy {

enum class NativeKind { kCluster, kListener, kVirtualHost, kNetworkFilter, kHttpFilter };

// What is wrong with the YAML of a resource; empty: nothing. A part of a resource, to be merged into others, may lack what
// a whole one needs. An Any may hold any type of Envoy's v3 API.
std::string NativeFault(NativeKind kind, std::string_view yaml, bool whole);

}  // namespace kuma::policy
