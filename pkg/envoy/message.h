// Serialization and small conversions of protobuf messages.
#pragma once

#include <google/protobuf/any.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>

#include <map>
#include <string>

#include "pkg/base/label_map.h"
#include "pkg/base/duration.h"

namespace kuma::envoy {

// The same bytes for equal messages: maps are written in key order.
std::string SerializeDeterministic(const google::protobuf::Message& message);
// Any of a message, with deterministic content.
google::protobuf::Any Pack(const google::protobuf::Message& message);
void Pack(const google::protobuf::Message& message, google::protobuf::Any* any);

void SetDuration(google::protobuf::Duration* target, Nanos value);
google::protobuf::Struct StringStruct(const LabelMap& fields);

}  // namespace kuma::envoy
