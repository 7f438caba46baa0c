// Reading certificates: facts of PEM bundles, whether a pair fits together, chains. Everything here is safe on untrusted input.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/base/result.h"

namespace kuma::ca {

struct KeyPair {
  std::string cert_pem;
  std::string key_pem;
  friend bool operator==(const KeyPair&, const KeyPair&) = default;
};

struct CertFacts {
  std::string subject;  // RFC 4514: "CN=demo,OU=Mesh,O=Kuma"
  std::string issuer;
  std::string serial;  // lower-case hex
  SystemTime not_before;
  SystemTime not_after;
  std::vector<std::string> dns_sans;
  std::vector<std::string> ip_sans;
  std::vector<std::string> uri_sans;
  bool is_ca = false;
  bool self_signed = false;  // its own key verifies its signature
  std::string key;           // "RSA-2048", "EC-P256", "ED25519"
  std::vector<std::string> key_usage;      // RFC 5280 names: "digitalSignature", "keyCertSign", …
  std::vector<std::string> ext_key_usage;  // "serverAuth", "clientAuth"
  std::string sha256_fingerprint;          // lower-case hex

  bool HasKeyUsage(std::string_view name) const;
};

// Facts of every certificate of a PEM text, in order; other blocks are skipped. None at all is an error.
Result<std::vector<CertFacts>> ParseCertificates(std::string_view pem);
// Of the first one.
Result<CertFacts> ParseCertificate(std::string_view pem);

// The "CERTIFICATE" blocks of a text, each on its own and ending in a newline; and the blocks that are private keys.
std::vector<std::string> CertificateBlocks(std::string_view pem);
std::vector<std::string> PrivateKeyBlocks(std::string_view pem);
// Cert and key of one text in which they follow each other, the form of the secrets "envoy-admin-ca" and "inter-cp-ca".
Result<KeyPair> SplitPair(std::string_view pem);

// Whether the first certificate belongs to the key. The messages are those users know: "tls: private key does not match public key".
Status CheckPair(const KeyPair& pair);

enum class CertPurpose { kAny, kServer, kClient };
// Verifies the first certificate of `chain_pem`, using the rest of it as intermediates, against the roots at time `now`.
Status VerifyChain(std::string_view chain_pem, std::string_view roots_pem, SystemTime now, CertPurpose purpose = CertPurpose::kAny);

// Whether `now` is outside [not_before, not_after].
bool IsExpired(const CertFacts& facts, SystemTime now);

}  // namespace kuma::ca
