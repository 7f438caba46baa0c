#include "pkg/envoy/descriptors.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/descriptor_database.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <zlib.h>

#include <cstring>

#include "pkg/envoy/message.h"

// KUMA_ENVOY_DESCRIPTORS is the path of the packed file (cmake/EnvoyDescriptors.cmake).
__asm__(
    ".section .rodata\n"
    ".balign 8\n"
    "kuma_envoy_descriptors_begin:\n"
    ".incbin \"" KUMA_ENVOY_DESCRIPTORS
    "\"\n"
    "kuma_envoy_descriptors_end:\n"
    ".previous\n");
extern "C" {
extern const char kuma_envoy_descriptors_begin[];
extern const char kuma_envoy_descriptors_end[];
}

namespace kuma::envoy {

namespace {

namespace pb = google::protobuf;

constexpr char kUrlPrefix[] = "type.googleapis.com";
constexpr char kDuration[] = "google.protobuf.Duration";

std::string UnpackDescriptors() {
  uint64_t size = 0;
  std::memcpy(&size, kuma_envoy_descriptors_begin, sizeof(size));
  std::string bytes(size, '\0');
  uLongf length = static_cast<uLongf>(size);
  const auto* packed = reinterpret_cast<const Bytef*>(kuma_envoy_descriptors_begin + sizeof(size));
  const auto packed_size = static_cast<uLong>(kuma_envoy_descriptors_end - kuma_envoy_descriptors_begin) - sizeof(size);
  // What was embedded by the build cannot be damaged.
  if (uncompress(reinterpret_cast<Bytef*>(bytes.data()), &length, packed, packed_size) != Z_OK) return {};
  return bytes;
}

// Files are parsed when a type of theirs is first asked for. Types with C++ classes (and protobuf's own) are found as well.
class AllTypes {
 public:
  AllTypes()
      : bytes_(UnpackDescriptors()),
        linked_(*pb::DescriptorPool::generated_pool()),
        merged_(&embedded_, &linked_),
        pool_(&merged_),
        factory_(&pool_) {
    // FileDescriptorSet: records of field 1.
    size_t pos = 0;
    while (pos < bytes_.size()) {
      ++pos;
      size_t size = 0;
      for (int shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes_[pos++]);
        size |= static_cast<size_t>(byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      embedded_.Add(bytes_.data() + pos, static_cast<int>(size));
      pos += size;
    }
    resolver_.reset(pb::util::NewTypeResolverForDescriptorPool(kUrlPrefix, &pool_));
  }

  const pb::Message* FindPrototype(const std::string& type) {
    const pb::Descriptor* descriptor = pool_.FindMessageTypeByName(type);
    return descriptor == nullptr ? nullptr : factory_.GetPrototype(descriptor);
  }
  pb::util::TypeResolver* resolver() { return resolver_.get(); }

 private:
  const std::string bytes_;
  pb::EncodedDescriptorDatabase embedded_;
  pb::DescriptorPoolDatabase linked_;
  pb::MergedDescriptorDatabase merged_;
  pb::DescriptorPool pool_;
  pb::DynamicMessageFactory factory_;
  std::unique_ptr<pb::util::TypeResolver> resolver_;
};

// Constant once made; pools and factories lock themselves.
AllTypes& Types() {
  static AllTypes types;
  return types;
}

std::string UrlOf(const pb::Message& message) { return std::string(kUrlPrefix) + "/" + std::string(message.GetDescriptor()->full_name()); }

// Durations in `patch` take the place of those in `target`.
void ClearReplaced(pb::Message& target, const pb::Message& patch) {
  const pb::Reflection* theirs = patch.GetReflection();
  const pb::Reflection* ours = target.GetReflection();
  std::vector<const pb::FieldDescriptor*> fields;
  theirs->ListFields(patch, &fields);
  for (const pb::FieldDescriptor* field : fields) {
    if (field->is_repeated() || field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE || !ours->HasField(target, field)) continue;
    if (field->message_type()->full_name() == kDuration) {
      ours->ClearField(&target, field);
    } else {
      ClearReplaced(*ours->MutableMessage(&target, field), theirs->GetMessage(patch, field));
    }
  }
}

}  // namespace

Result<Json> MessageToJson(const pb::Message& message) {
  std::string text;
  const auto status = pb::util::BinaryToJsonString(Types().resolver(), UrlOf(message), message.SerializeAsString(), &text);
  if (!status.ok()) return Invalid(std::string(status.message()));
  return ParseJson(text);
}

Status JsonToMessage(const Json& document, pb::Message& message) {
  pb::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  std::string bytes;
  const auto status = pb::util::JsonToBinaryString(Types().resolver(), UrlOf(message), ToJsonText(document), &bytes, options);
  if (!status.ok()) return Invalid(std::string(status.message()));
  if (!message.ParseFromString(bytes)) return Internal("the message cannot be read back");
  return Ok();
}

Result<std::unique_ptr<pb::Message>> Unpack(const pb::Any& any) {
  const std::string type = any.type_url().substr(any.type_url().rfind('/') + 1);
  const pb::Message* prototype = Types().FindPrototype(type);
  if (prototype == nullptr) return Invalid("unknown type " + any.type_url());
  std::unique_ptr<pb::Message> message(prototype->New());
  if (!message->ParseFromString(any.value())) return Invalid("contents of " + any.type_url() + " cannot be read");
  return message;
}

void MergeMessages(pb::Message& target, const pb::Message& patch) {
  ClearReplaced(target, patch);
  target.MergeFrom(patch);
}

}  // namespace kuma::envoy
