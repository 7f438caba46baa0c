// RSA keys of tokens: the signature RS256 and the texts keys are kept as. Immutable, cheap to copy, thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "pkg/base/result.h"

struct evp_pkey_st;

namespace kuma::tokens {

class RsaKey {
 public:
  // Only "RSA PRIVATE KEY" (PKCS#1); error: invalid key encoding "X".
  static Result<RsaKey> FromPrivatePem(std::string_view pem);
  // "RSA PUBLIC KEY" (PKCS#1) or "PUBLIC KEY" (PKIX) of an RSA key.
  static Result<RsaKey> FromPublicPem(std::string_view pem);
  // As secrets hold them: PEM, or the bare DER of PKCS#1 that old versions wrote.
  static Result<RsaKey> FromPrivateSecret(std::string_view data);
  static Result<RsaKey> FromPublicSecret(std::string_view data);
  // RSA-2048; takes some 200 ms of a core.
  static Result<RsaKey> Generate();

  Result<std::string> PrivatePem() const;  // "RSA PRIVATE KEY"
  Result<std::string> PublicPem() const;   // "RSA PUBLIC KEY"

  // RSASSA-PKCS1-v1_5 with SHA-256. REQUIRES for Sign: the private part is known
  Result<std::string> Sign(std::string_view message) const;
  bool Verify(std::string_view message, std::string_view signature) const;

 private:
  explicit RsaKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  static Result<RsaKey> Decode(std::string_view bytes, const char* format, const char* structure, bool is_private);

  std::shared_ptr<evp_pkey_st> key_;
};

// HMAC with SHA-256, and a comparison whose time does not depend on the content.
std::string HmacSha256(std::string_view key, std::string_view message);
bool ConstantTimeEqual(std::string_view a, std::string_view b);

}  // namespace kuma::tokens
