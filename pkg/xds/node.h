// Reads what a proxy says about itself in its first discovery request.
#pragma once

#include "envoy/config/core/v3/base.pb.h"
#include "pkg/base/result.h"
#include "pkg/xds/proxy_directory.h"

namespace kuma::xds {

// Node ids are "<mesh>.<name>"; proxies of a zone have an empty mesh. Errors are kInvalid.
Result<ProxyNode> ParseNode(const envoy::config::core::v3::Node& node);

// Whole numbers become integers.
Json StructToJson(const google::protobuf::Struct& message);

}  // namespace kuma::xds
