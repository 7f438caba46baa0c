#include "pkg/xds/seal.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>

namespace kuma::xds {

std::string SerializeDeterministic(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeWithCachedSizes(&coded);
  }
  return bytes;
}

std::vector<SealedPtr> SealOutput(const UnitOutput& output, ResourceCache& cache) {
  std::vector<SealedPtr> sealed;
  sealed.reserve(output.resources.size());
  for (const OutputResource& resource : output.resources) {
    resource.message->ByteSizeLong();  // caches the sizes that serialization uses
    sealed.push_back(cache.Seal(resource.type, resource.name, SerializeDeterministic(*resource.message)));
  }
  return sealed;
}

Result<Json> ToDocument(const SealedResource& resource) {
  google::protobuf::Any any;
  if (!any.ParseFromString(resource.any)) return Internal("resource is not an Any", resource.name);
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(any, &text, options);
  if (!status.ok()) return Internal(std::string(status.message()), resource.name);
  return ParseJson(text);
}

}  // namespace kuma::xds
