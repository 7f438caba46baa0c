#include "pkg/xds/encode.h"

#include <grpcpp/support/slice.h>

namespace kuma::xds {
namespace {

// Below this a copy is cheaper than the bookkeeping of a reference.
constexpr size_t kCopyBelow = 128;

size_t VarintSize(size_t value) {
  size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

class Encoder {
 public:
  void Varint(size_t value) {
    while (value >= 0x80) {
      pending_.push_back(static_cast<char>((value & 0x7f) | 0x80));
      value >>= 7;
    }
    pending_.push_back(static_cast<char>(value));
  }
  // Field numbers here are below 16: one byte of tag.
  void Tag(int field) { pending_.push_back(static_cast<char>(field << 3 | 2)); }
  void String(int field, std::string_view value) {
    if (value.empty()) return;
    Tag(field);
    Varint(value.size());
    pending_.append(value);
  }
  void Shared(const SealedPtr& resource) {
    if (resource->any.size() < kCopyBelow) {
      pending_.append(resource->any);
      return;
    }
    Flush();
    auto* keep = new SealedPtr(resource);
    auto release = [](void* data) { delete static_cast<SealedPtr*>(data); };
    slices_.emplace_back(const_cast<char*>(resource->any.data()), resource->any.size(), release, keep);
  }
  void ControlPlane(int field, std::string_view id) {
    if (id.empty()) return;
    Tag(field);
    Varint(1 + VarintSize(id.size()) + id.size());
    String(1, id);
  }
  grpc::ByteBuffer Finish() {
    Flush();
    return grpc::ByteBuffer(slices_.data(), slices_.size());
  }

 private:
  void Flush() {
    if (pending_.empty()) return;
    slices_.emplace_back(pending_);
    pending_.clear();
  }
  std::string pending_;
  std::vector<grpc::Slice> slices_;
};

}  // namespace

grpc::ByteBuffer EncodeSotw(const Response& response, std::string_view control_plane_id) {
  Encoder out;
  out.String(1, response.version);
  out.String(4, TypeUrl(response.type));
  out.String(5, response.nonce);
  out.ControlPlane(6, control_plane_id);
  for (const SealedPtr& resource : response.resources) {
    out.Tag(2);
    out.Varint(resource->any.size());
    out.Shared(resource);
  }
  return out.Finish();
}

grpc::ByteBuffer EncodeDelta(const Response& response, std::string_view control_plane_id) {
  Encoder out;
  out.String(1, response.version);
  out.String(4, TypeUrl(response.type));
  out.String(5, response.nonce);
  out.ControlPlane(7, control_plane_id);
  for (const std::string& name : response.removed) out.String(6, name);
  for (const SealedPtr& resource : response.resources) {
    auto field_size = [](size_t size) { return size == 0 ? 0 : 1 + VarintSize(size) + size; };
    out.Tag(2);
    out.Varint(field_size(resource->version.size()) + field_size(resource->name.size()) + field_size(resource->any.size()));
    out.String(1, resource->version);
    out.String(3, resource->name);
    out.Tag(2);
    out.Varint(resource->any.size());
    out.Shared(resource);
  }
  return out.Finish();
}

}  // namespace kuma::xds
