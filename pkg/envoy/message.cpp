#include "pkg/envoy/message.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

namespace kuma::envoy {

std::string SerializeDeterministic(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

void Pack(const google::protobuf::Message& message, google::protobuf::Any* any) {
  any->set_type_url("type.googleapis.com/" + std::string(message.GetDescriptor()->full_name()));
  any->set_value(SerializeDeterministic(message));
}

google::protobuf::Any Pack(const google::protobuf::Message& message) {
  google::protobuf::Any any;
  Pack(message, &any);
  return any;
}

void SetDuration(google::protobuf::Duration* target, Nanos value) {
  const int64_t nanos = value.count();
  target->set_seconds(nanos / 1'000'000'000);
  target->set_nanos(static_cast<int32_t>(nanos % 1'000'000'000));
}

google::protobuf::Struct StringStruct(const LabelMap& fields) {
  google::protobuf::Struct result;
  for (const auto& [key, value] : fields) (*result.mutable_fields())[key].set_string_value(value);
  return result;
}

}  // namespace kuma::envoy
