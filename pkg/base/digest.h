// 128-bit content digests (XXH3) for memo keys and change detection; not for security.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace kuma {

struct Digest {
  uint64_t low = 0;
  uint64_t high = 0;
  friend auto operator<=>(const Digest&, const Digest&) = default;
  std::string ToHex() const;
};

Digest DigestOf(std::string_view bytes);

// Feeds values one after another; each is length-prefixed so that {"a","bc"} and {"ab","c"} differ.
class DigestBuilder {
 public:
  DigestBuilder& Add(std::string_view bytes);
  DigestBuilder& Add(uint64_t value);
  DigestBuilder& Add(const Digest& digest);
  Digest Finish() const;

 private:
  std::string buffer_;
};

}  // namespace kuma

template <>
struct std::hash<kuma::Digest> {
  size_t operator()(const kuma::Digest& digest) const noexcept { return static_cast<size_t>(digest.low); }
};
