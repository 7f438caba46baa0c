// Private keys of authorities and certificates: generated, read from PEM, written as PEM. A PrivateKey is an immutable, cheap to
// copy handle; every function may be called on any thread.
// Cost: GenerateKey of RSA-2048 takes about 70 ms of a core and RSA-4096 about 600 ms (see pkg/ca/key_pool.h to hide it),
// of EC P-256 30 microseconds.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "pkg/base/result.h"

struct evp_pkey_st;

namespace kuma::ca {

struct KeySpec {
  enum class Kind { kRsa, kEc };
  Kind kind = Kind::kRsa;
  int bits = 2048;  // of the modulus, or of the NIST curve (256, 384, 521)
  friend bool operator==(const KeySpec&, const KeySpec&) = default;
};
inline constexpr KeySpec kRsa2048{KeySpec::Kind::kRsa, 2048};
inline constexpr KeySpec kEcP256{KeySpec::Kind::kEc, 256};

class PrivateKey {
 public:
  // REQUIRES: key is not null
  explicit PrivateKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}

  // PKCS#1 ("RSA PRIVATE KEY"), SEC 1 ("EC PRIVATE KEY") or PKCS#8 ("PRIVATE KEY"); other blocks before it are skipped.
  static Result<PrivateKey> FromPem(std::string_view pem);

  // "RSA PRIVATE KEY" or "EC PRIVATE KEY".
  Result<std::string> ToPem() const;
  // "RSA-2048", "EC-P256".
  std::string Description() const;
  // The kind a certificate below this key's authority gets: RSA-2048 below any RSA key, else the same curve.
  KeySpec LeafSpec() const;
  evp_pkey_st* get() const { return key_.get(); }

 private:
  std::shared_ptr<evp_pkey_st> key_;
};

// RSA of 1024 to 8192 bits, or EC of 256, 384 or 521 bits. Slow for RSA.
Result<PrivateKey> GenerateKey(const KeySpec& spec);
// Gives up with kUnavailable soon after the flag is set, so that a process that ends need not wait.
Result<PrivateKey> GenerateKeyUnless(const std::atomic<bool>& cancelled, const KeySpec& spec);

// Where issuers get fresh keys: GenerateKey itself or a KeyPool.
using KeySource = std::function<Result<PrivateKey>(const KeySpec&)>;

}  // namespace kuma::ca
