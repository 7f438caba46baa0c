#include "pkg/base/digest.h"

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

#include <cstdio>

namespace kuma {

std::string Digest::ToHex() const {
  char text[33];
  std::snprintf(text, sizeof(text), "%016llx%016llx", static_cast<unsigned long long>(high), static_cast<unsigned long long>(low));
  return text;
}

Digest DigestOf(std::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return Digest{hash.low64, hash.high64};
}

DigestBuilder& DigestBuilder::Add(std::string_view bytes) {
  Add(static_cast<uint64_t>(bytes.size()));
  buffer_.append(bytes);
  return *this;
}

DigestBuilder& DigestBuilder::Add(uint64_t value) {
  buffer_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  return *this;
}

DigestBuilder& DigestBuilder::Add(const Digest& digest) {
  Add(digest.low);
  return Add(digest.high);
}

Digest DigestBuilder::Finish() const { return DigestOf(buffer_); }

}  // namespace kuma
