// Responses as gRPC byte buffers. Resource bytes are not copied: a slice refers to the sealed resource and keeps it alive.
#pragma once

#include <grpcpp/support/byte_buffer.h>

#include "pkg/xds/subscription.h"

namespace kuma::xds {

// envoy.service.discovery.v3.DiscoveryResponse
grpc::ByteBuffer EncodeSotw(const Response& response, std::string_view control_plane_id);
// envoy.service.discovery.v3.DeltaDiscoveryResponse
grpc::ByteBuffer EncodeDelta(const Response& response, std::string_view control_plane_id);

}  // namespace kuma::xds
