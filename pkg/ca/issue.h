// Making certificates: what one says (CertRequest) and who signs it (itself or an Authority). Used by the authorities of meshes,
// of identities and of the control plane. Everything is immutable and may be used on any thread.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/base/duration.h"
#include "pkg/ca/certificate.h"
#include "pkg/ca/private_key.h"

struct x509_st;

namespace kuma::ca {

struct CertRequest {
  // In the order of the encoding: {{"O", "Kuma"}, {"OU", "Mesh"}, {"CN", "demo"}}; empty is an empty subject.
  std::vector<std::pair<std::string, std::string>> subject;
  std::vector<std::string> dns_sans;
  std::vector<std::string> ip_sans;
  std::vector<std::string> uri_sans;
  SystemTime not_before;  // seconds count
  SystemTime not_after;
  bool is_ca = false;
  bool digital_signature = false;
  bool key_encipherment = false;
  bool key_agreement = false;
  bool cert_sign = false;
  bool crl_sign = false;
  bool server_auth = false;
  bool client_auth = false;
};

// start + length, or the last time the clock can express (year 2262): users may ask for centuries.
SystemTime TimeAfter(SystemTime start, Nanos length);

// A certificate signed by its own key.
Result<KeyPair> SelfSign(const CertRequest& request, const PrivateKey& key);

// A certificate that may sign others, with its key, parsed once.
class Authority {
 public:
  // The chain may have intermediates after its first certificate, which is the one that signs. Errors are CheckPair's.
  static Result<Authority> Load(const KeyPair& pair);

  Result<KeyPair> Sign(const CertRequest& request, const PrivateKey& key) const;
  const CertFacts& facts() const { return facts_; }
  const std::string& cert_pem() const { return cert_pem_; }
  // The kind of key a certificate signed by this authority gets.
  KeySpec LeafSpec() const { return key_.LeafSpec(); }

 private:
  Authority(std::shared_ptr<x509_st> cert, PrivateKey key, CertFacts facts, std::string cert_pem)
      : cert_(std::move(cert)), key_(std::move(key)), facts_(std::move(facts)), cert_pem_(std::move(cert_pem)) {}

  std::shared_ptr<x509_st> cert_;
  PrivateKey key_;
  CertFacts facts_;
  std::string cert_pem_;
};

}  // namespace kuma::ca
