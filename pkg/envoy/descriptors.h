// All types of Envoy's v3 API, also those without C++ classes here: descriptors are embedded in the program and read when first
// needed. Used for what users write by hand (MeshProxyPatch). Any thread.
#pragma once

#include <google/protobuf/any.pb.h>
#include <google/protobuf/message.h>

#include <memory>
#include <string>

#include "pkg/base/json.h"

namespace kuma::envoy {

// Protobuf JSON, names in lowerCamelCase, Any messages opened. An error names a type that is unknown.
Result<Json> MessageToJson(const google::protobuf::Message& message);
// Fields that the type does not have are ignored; names may be in either case. `message` is replaced.
Status JsonToMessage(const Json& document, google::protobuf::Message& message);

// The message in an Any, whatever its type is.
Result<std::unique_ptr<google::protobuf::Message>> Unpack(const google::protobuf::Any& any);

// Merges like protobuf, lists appended, except that durations are replaced as a whole. REQUIRES: same type.
void MergeMessages(google::protobuf::Message& target, const google::protobuf::Message& patch);

}  // namespace kuma::envoy
