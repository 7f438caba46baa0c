// Randomness is passed in where tests need to fix it.
#pragma once

#include <cstdint>
#include <string>

namespace kuma {

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t Next() = 0;                       // uniform 64 bits
  virtual std::string Bytes(size_t count) = 0;       // cryptographically strong in the real one
  std::string Uuid();                                // RFC 9562 version 4
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }  // [0,1)
};

// Thread-safe, from the operating system.
Random& RealRandom();

}  // namespace kuma
