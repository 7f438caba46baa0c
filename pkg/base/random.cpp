#include "pkg/base/random.h"

#include <sys/random.h>

#include <cstdio>
#include <cstring>

namespace kuma {
namespace {

class OsRandom final : public Random {
 public:
  uint64_t Next() override {
    uint64_t value = 0;
    const std::string bytes = Bytes(sizeof(value));
    std::memcpy(&value, bytes.data(), sizeof(value));
    return value;
  }

  std::string Bytes(size_t count) override {
    std::string out(count, '\0');
    size_t done = 0;
    while (done < count) {
      // getentropy gives at most 256 bytes a call and cannot be interrupted.
      const size_t chunk = count - done < 256 ? count - done : 256;
      if (getentropy(out.data() + done, chunk) == 0) done += chunk;
    }
    return out;
  }
};

}  // namespace

std::string Random::Uuid() {
  std::string b = Bytes(16);
  b[6] = static_cast<char>((b[6] & 0x0f) | 0x40);
  b[8] = static_cast<char>((b[8] & 0x3f) | 0x80);
  char text[40];
  const auto at = [&](size_t i) { return static_cast<unsigned>(static_cast<uint8_t>(b[i])); };
  std::snprintf(text, sizeof(text), "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", at(0), at(1), at(2), at(3), at(4), at(5), at(6),
                at(7), at(8), at(9), at(10), at(11), at(12), at(13), at(14), at(15));
  return text;
}

Random& RealRandom() {
  static OsRandom random;
  return random;
}

}  // namespace kuma
