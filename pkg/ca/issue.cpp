#include "pkg/ca/issue.h"

#include <openssl/pem.h>

#include <algorithm>

#include "pkg/ca/openssl.h"

namespace kuma::ca {
namespace {

bool IsPrintable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view(" '()+,-./:=?").find(c) != std::string_view::npos;
  });
}

Status SetSubject(X509* cert, const CertRequest& request) {
  X509_NAME* name = X509_get_subject_name(cert);
  for (const auto& [field, value] : request.subject) {
    const int type = IsPrintable(value) ? V_ASN1_PRINTABLESTRING : V_ASN1_UTF8STRING;
    if (X509_NAME_add_entry_by_txt(name, field.c_str(), type, reinterpret_cast<const unsigned char*>(value.data()),
                                   static_cast<int>(value.size()), -1, 0) != 1) {
      return OpenSslError("certificate subject " + field + "=" + value);
    }
  }
  return Ok();
}

// RFC 5280 wants up to 20 octets, positive: 127 random bits below a leading one bit.
Status SetSerial(X509* cert) {
  const BnPtr serial(BN_new());
  if (!serial || BN_rand(serial.get(), 128, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(cert)) == nullptr) {
    return OpenSslError("failed generation of serial number");
  }
  return Ok();
}

Status AddExtension(X509* cert, int nid, void* value, bool critical) {
  if (X509_add1_ext_i2d(cert, nid, value, critical ? 1 : 0, X509V3_ADD_DEFAULT) != 1) return OpenSslError("certificate extension");
  return Ok();
}

Status PushText(GENERAL_NAMES* names, int type, const std::string& text) {
  for (const char c : text) {
    if (c <= ' ' || c > '~') return Invalid("x509: \"" + text + "\" cannot be encoded as an IA5String");
  }
  ASN1_IA5STRING* value = ASN1_IA5STRING_new();
  GENERAL_NAME* name = GENERAL_NAME_new();
  if (value == nullptr || name == nullptr) return OpenSslError("out of memory");
  ASN1_STRING_set(value, text.data(), static_cast<int>(text.size()));
  GENERAL_NAME_set0_value(name, type, value);
  sk_GENERAL_NAME_push(names, name);
  return Ok();
}

Status AddSans(X509* cert, const CertRequest& request) {
  if (request.dns_sans.empty() && request.ip_sans.empty() && request.uri_sans.empty()) return Ok();
  const GeneralNamesPtr names(GENERAL_NAMES_new());
  for (const std::string& dns : request.dns_sans) KUMA_TRY(PushText(names.get(), GEN_DNS, dns));
  for (const std::string& ip : request.ip_sans) {
    ASN1_OCTET_STRING* address = a2i_IPADDRESS(ip.c_str());
    if (address == nullptr) return Invalid("\"" + ip + "\" is not an IP address");
    GENERAL_NAME* name = GENERAL_NAME_new();
    GENERAL_NAME_set0_value(name, GEN_IPADD, address);
    sk_GENERAL_NAME_push(names.get(), name);
  }
  for (const std::string& uri : request.uri_sans) KUMA_TRY(PushText(names.get(), GEN_URI, uri));
  // RFC 5280 4.2.1.6: critical when there is no subject.
  return AddExtension(cert, NID_subject_alt_name, names.get(), request.subject.empty());
}

Status AddUsage(X509* cert, const CertRequest& request) {
  const std::unique_ptr<ASN1_BIT_STRING, FreeWith<ASN1_BIT_STRING_free>> usage(ASN1_BIT_STRING_new());
  const std::pair<int, bool> bits[] = {{0, request.digital_signature}, {2, request.key_encipherment}, {4, request.key_agreement},
                                       {5, request.cert_sign},         {6, request.crl_sign}};
  bool any = false;
  for (const auto& [bit, on] : bits) {
    if (on) ASN1_BIT_STRING_set_bit(usage.get(), bit, 1);
    any = any || on;
  }
  if (any) KUMA_TRY(AddExtension(cert, NID_key_usage, usage.get(), true));
  if (!request.server_auth && !request.client_auth) return Ok();
  const std::unique_ptr<EXTENDED_KEY_USAGE, FreeWith<EXTENDED_KEY_USAGE_free>> extended(EXTENDED_KEY_USAGE_new());
  if (request.server_auth) sk_ASN1_OBJECT_push(extended.get(), OBJ_nid2obj(NID_server_auth));
  if (request.client_auth) sk_ASN1_OBJECT_push(extended.get(), OBJ_nid2obj(NID_client_auth));
  return AddExtension(cert, NID_ext_key_usage, extended.get(), false);
}

Status AddBasicConstraints(X509* cert, bool is_ca) {
  const std::unique_ptr<BASIC_CONSTRAINTS, FreeWith<BASIC_CONSTRAINTS_free>> constraints(BASIC_CONSTRAINTS_new());
  constraints->ca = is_ca ? 0xFF : 0;
  return AddExtension(cert, NID_basic_constraints, constraints.get(), true);
}

// Subject key identifier of an authority: SHA-1 of its public key, RFC 5280 4.2.1.2 (1). An identifier, not a protection.
Status AddSubjectKeyId(X509* cert) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const std::unique_ptr<ASN1_OCTET_STRING, FreeWith<ASN1_OCTET_STRING_free>> id(ASN1_OCTET_STRING_new());
  if (X509_pubkey_digest(cert, EVP_sha1(), digest, &size) != 1 || ASN1_OCTET_STRING_set(id.get(), digest, static_cast<int>(size)) != 1) {
    return OpenSslError("subject key identifier");
  }
  return AddExtension(cert, NID_subject_key_identifier, id.get(), false);
}

Status AddAuthorityKeyId(X509* cert, X509* issuer) {
  const ASN1_OCTET_STRING* issuer_id = X509_get0_subject_key_id(issuer);
  if (issuer_id == nullptr) return Ok();
  const std::unique_ptr<AUTHORITY_KEYID, FreeWith<AUTHORITY_KEYID_free>> id(AUTHORITY_KEYID_new());
  id->keyid = ASN1_OCTET_STRING_dup(issuer_id);
  return AddExtension(cert, NID_authority_key_identifier, id.get(), false);
}

// Without an issuer the certificate signs itself.
Result<KeyPair> Make(const CertRequest& request, const PrivateKey& key, X509* issuer, const PrivateKey& signer) {
  const X509Ptr cert(X509_new());
  if (!cert) return OpenSslError("out of memory");
  X509_set_version(cert.get(), X509_VERSION_3);
  KUMA_TRY(SetSerial(cert.get()));
  KUMA_TRY(SetSubject(cert.get(), request));
  X509_set_issuer_name(cert.get(), X509_get_subject_name(issuer != nullptr ? issuer : cert.get()));
  using std::chrono::floor;
  using std::chrono::seconds;
  ASN1_TIME_set(X509_getm_notBefore(cert.get()), static_cast<time_t>(floor<seconds>(request.not_before).time_since_epoch().count()));
  ASN1_TIME_set(X509_getm_notAfter(cert.get()), static_cast<time_t>(floor<seconds>(request.not_after).time_since_epoch().count()));
  if (X509_set_pubkey(cert.get(), key.get()) != 1) return OpenSslError("certificate key");
  KUMA_TRY(AddUsage(cert.get(), request));
  KUMA_TRY(AddBasicConstraints(cert.get(), request.is_ca));
  if (request.is_ca) KUMA_TRY(AddSubjectKeyId(cert.get()));
  if (issuer != nullptr) KUMA_TRY(AddAuthorityKeyId(cert.get(), issuer));
  KUMA_TRY(AddSans(cert.get(), request));
  // Ed25519 signs without a digest of its own choice.
  const EVP_MD* digest = EVP_PKEY_get_base_id(signer.get()) == EVP_PKEY_ED25519 ? nullptr : EVP_sha256();
  if (X509_sign(cert.get(), signer.get(), digest) == 0) return OpenSslError("failed to sign a certificate");
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), cert.get()) != 1) return OpenSslError("failed to PEM encode a certificate");
  KUMA_TRY_ASSIGN(std::string key_pem, key.ToPem());
  return KeyPair{BioText(bio.get()), std::move(key_pem)};
}

}  // namespace

SystemTime TimeAfter(SystemTime start, Nanos length) {
  if (length > SystemTime::max() - start) return SystemTime::max();
  return start + std::chrono::duration_cast<SystemTime::duration>(length);
}

Result<KeyPair> SelfSign(const CertRequest& request, const PrivateKey& key) { return Make(request, key, nullptr, key); }

Result<Authority> Authority::Load(const KeyPair& pair) {
  KUMA_TRY(CheckPair(pair));
  const std::vector<std::string> certs = CertificateBlocks(pair.cert_pem);
  KUMA_TRY_ASSIGN(CertFacts facts, ParseCertificate(certs.front()));
  KUMA_TRY_ASSIGN(PrivateKey key, PrivateKey::FromPem(PrivateKeyBlocks(pair.key_pem).front()));
  const BioPtr bio = MemoryBio(certs.front());
  std::shared_ptr<X509> cert(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
  if (!cert) return OpenSslError("failed to parse X509 certificate");
  // Fills the cache of parsed extensions now, so that later uses from several threads only read.
  X509_check_purpose(cert.get(), -1, 0);
  return Authority(std::move(cert), std::move(key), std::move(facts), pair.cert_pem);
}

Result<KeyPair> Authority::Sign(const CertRequest& request, const PrivateKey& key) const {
  return Make(request, key, cert_.get(), key_);
}

}  // namespace kuma::ca
