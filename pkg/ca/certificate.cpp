#include "pkg/ca/certificate.h"

#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "pkg/base/strings.h"
#include "pkg/ca/key_description.h"
#include "pkg/ca/openssl.h"
#include "pkg/ca/private_key.h"

namespace kuma::ca {
namespace {

// Far more than any bundle needs; keeps work on hostile input small.
constexpr size_t kMaxPemBytes = 4u << 20;

struct PemBlock {
  std::string type;
  std::string text;
};

std::vector<PemBlock> PemBlocks(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  constexpr std::string_view kDashes = "-----";
  std::vector<PemBlock> blocks;
  size_t at = 0;
  while (pem.size() <= kMaxPemBytes && (at = pem.find(kBegin, at)) != std::string_view::npos) {
    const size_t name = at + kBegin.size();
    const size_t name_end = pem.find(kDashes, name);
    if (name_end == std::string_view::npos) break;
    const std::string type(pem.substr(name, name_end - name));
    const std::string closing = "-----END " + type + "-----";
    const size_t end = pem.find(closing, name_end);
    if (end == std::string_view::npos || type.find('\n') != std::string::npos) {
      at = name;
      continue;
    }
    blocks.push_back({type, std::string(pem.substr(at, end + closing.size() - at)) + "\n"});
    at = end + closing.size();
  }
  return blocks;
}

bool IsPrivateKeyType(std::string_view type) { return type == "PRIVATE KEY" || type.ends_with(" PRIVATE KEY"); }

Result<X509Ptr> ParseBlock(const std::string& block) {
  const BioPtr bio = MemoryBio(block);
  X509Ptr cert(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!cert) {
    ERR_clear_error();
    return Invalid("x509: malformed certificate");
  }
  return cert;
}

Result<std::vector<X509Ptr>> ParseAll(std::string_view pem) {
  std::vector<X509Ptr> certs;
  for (const std::string& block : CertificateBlocks(pem)) {
    KUMA_TRY_ASSIGN(X509Ptr cert, ParseBlock(block));
    certs.push_back(std::move(cert));
  }
  if (certs.empty()) return Invalid("no PEM block of type CERTIFICATE");
  return certs;
}

std::string NameText(const X509_NAME* name) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB) < 0) return {};
  return BioText(bio.get());
}

SystemTime ToTime(const ASN1_TIME* time) {
  int days = 0;
  int seconds = 0;
  const std::unique_ptr<ASN1_TIME, FreeWith<ASN1_STRING_free>> epoch(ASN1_TIME_set(nullptr, 0));
  if (!epoch || ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) return {};
  // The clock counts nanoseconds in 64 bits: keep dates such as year 9999 inside its range.
  const int64_t total = std::min<int64_t>(int64_t{days} * 86400 + seconds, 9'000'000'000);
  return SystemTime(std::chrono::seconds(total));
}

std::string IpText(const ASN1_OCTET_STRING* address) {
  const unsigned char* bytes = ASN1_STRING_get0_data(address);
  const int size = ASN1_STRING_length(address);
  char text[64];
  if (size == 4) {
    std::snprintf(text, sizeof text, "%d.%d.%d.%d", bytes[0], bytes[1], bytes[2], bytes[3]);
    return text;
  }
  std::string result;
  for (int i = 0; size == 16 && i < 16; i += 2) {
    std::snprintf(text, sizeof text, "%s%x", i == 0 ? "" : ":", bytes[i] << 8 | bytes[i + 1]);
    result += text;
  }
  return result;
}

void ReadSans(X509* cert, CertFacts& facts) {
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(cert, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const auto* value = static_cast<const ASN1_STRING*>(GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type));
    if (type == GEN_IPADD) {
      facts.ip_sans.push_back(IpText(value));
    } else if (type == GEN_DNS || type == GEN_URI) {
      std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)), static_cast<size_t>(ASN1_STRING_length(value)));
      (type == GEN_DNS ? facts.dns_sans : facts.uri_sans).push_back(std::move(text));
    }
  }
}

void ReadUsage(X509* cert, CertFacts& facts) {
  if ((X509_get_extension_flags(cert) & EXFLAG_KUSAGE) != 0) {
    constexpr std::array<std::pair<uint32_t, const char*>, 9> kNames{{{KU_DIGITAL_SIGNATURE, "digitalSignature"},
                                                                      {KU_NON_REPUDIATION, "contentCommitment"},
                                                                      {KU_KEY_ENCIPHERMENT, "keyEncipherment"},
                                                                      {KU_DATA_ENCIPHERMENT, "dataEncipherment"},
                                                                      {KU_KEY_AGREEMENT, "keyAgreement"},
                                                                      {KU_KEY_CERT_SIGN, "keyCertSign"},
                                                                      {KU_CRL_SIGN, "cRLSign"},
                                                                      {KU_ENCIPHER_ONLY, "encipherOnly"},
                                                                      {KU_DECIPHER_ONLY, "decipherOnly"}}};
    const uint32_t usage = X509_get_key_usage(cert);
    for (const auto& [bit, name] : kNames) {
      if ((usage & bit) != 0) facts.key_usage.emplace_back(name);
    }
  }
  if ((X509_get_extension_flags(cert) & EXFLAG_XKUSAGE) != 0) {
    const uint32_t usage = X509_get_extended_key_usage(cert);
    if ((usage & XKU_SSL_SERVER) != 0) facts.ext_key_usage.emplace_back("serverAuth");
    if ((usage & XKU_SSL_CLIENT) != 0) facts.ext_key_usage.emplace_back("clientAuth");
  }
}

CertFacts FactsOf(X509* cert) {
  CertFacts facts;
  facts.subject = NameText(X509_get_subject_name(cert));
  facts.issuer = NameText(X509_get_issuer_name(cert));
  const ASN1_INTEGER* serial = X509_get0_serialNumber(cert);
  facts.serial = HexEncode({reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)), static_cast<size_t>(ASN1_STRING_length(serial))});
  facts.not_before = ToTime(X509_get0_notBefore(cert));
  facts.not_after = ToTime(X509_get0_notAfter(cert));
  facts.is_ca = X509_check_ca(cert) == 1;
  facts.key = DescribeKey(X509_get0_pubkey(cert));
  facts.self_signed = X509_self_signed(cert, 1) == 1;
  ReadSans(cert, facts);
  ReadUsage(cert, facts);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (X509_digest(cert, EVP_sha256(), digest, &size) == 1) {
    facts.sha256_fingerprint = HexEncode({reinterpret_cast<const char*>(digest), size});
  }
  ERR_clear_error();
  return facts;
}

std::string SkippedTypes(const std::vector<PemBlock>& blocks) {
  std::vector<std::string> types;
  for (const PemBlock& block : blocks) types.push_back(block.type);
  return "[" + Join(types, " ") + "]";
}

}  // namespace

bool CertFacts::HasKeyUsage(std::string_view name) const {
  return std::find(key_usage.begin(), key_usage.end(), name) != key_usage.end();
}

Result<std::vector<CertFacts>> ParseCertificates(std::string_view pem) {
  KUMA_TRY_ASSIGN(const std::vector<X509Ptr> certs, ParseAll(pem));
  std::vector<CertFacts> facts;
  for (const X509Ptr& cert : certs) facts.push_back(FactsOf(cert.get()));
  return facts;
}

Result<CertFacts> ParseCertificate(std::string_view pem) {
  const std::vector<std::string> blocks = CertificateBlocks(pem);
  if (blocks.empty()) return Invalid("no PEM block of type CERTIFICATE");
  KUMA_TRY_ASSIGN(const X509Ptr cert, ParseBlock(blocks.front()));
  return FactsOf(cert.get());
}

std::vector<std::string> CertificateBlocks(std::string_view pem) {
  std::vector<std::string> result;
  for (PemBlock& block : PemBlocks(pem)) {
    if (block.type == "CERTIFICATE") result.push_back(std::move(block.text));
  }
  return result;
}

std::vector<std::string> PrivateKeyBlocks(std::string_view pem) {
  std::vector<std::string> result;
  for (PemBlock& block : PemBlocks(pem)) {
    if (IsPrivateKeyType(block.type)) result.push_back(std::move(block.text));
  }
  return result;
}

Result<KeyPair> SplitPair(std::string_view pem) {
  const std::vector<std::string> certs = CertificateBlocks(pem);
  const std::vector<std::string> keys = PrivateKeyBlocks(pem);
  if (certs.empty() || keys.empty()) return Invalid("expected a PEM block of a certificate followed by one of its private key");
  KeyPair pair{Join(certs, ""), keys.front()};
  KUMA_TRY(CheckPair(pair));
  return pair;
}

Status CheckPair(const KeyPair& pair) {
  const std::vector<PemBlock> cert_blocks = PemBlocks(pair.cert_pem);
  if (cert_blocks.empty()) return Invalid("tls: failed to find any PEM data in certificate input");
  const std::vector<std::string> certs = CertificateBlocks(pair.cert_pem);
  if (certs.empty()) {
    if (cert_blocks.size() == 1 && IsPrivateKeyType(cert_blocks.front().type)) {
      return Invalid("tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched");
    }
    return Invalid("tls: failed to find \"CERTIFICATE\" PEM block in certificate input after skipping PEM blocks of the following types: " +
                   SkippedTypes(cert_blocks));
  }
  const std::vector<PemBlock> key_blocks = PemBlocks(pair.key_pem);
  if (key_blocks.empty()) return Invalid("tls: failed to find any PEM data in key input");
  const std::vector<std::string> keys = PrivateKeyBlocks(pair.key_pem);
  if (keys.empty()) {
    if (key_blocks.size() == 1 && key_blocks.front().type == "CERTIFICATE") {
      return Invalid("tls: found a certificate rather than a key in the PEM for the private key");
    }
    return Invalid("tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input after skipping PEM blocks of the following types: " +
                   SkippedTypes(key_blocks));
  }
  KUMA_TRY_ASSIGN(const X509Ptr cert, ParseBlock(certs.front()));
  KUMA_TRY_ASSIGN(const PrivateKey key, PrivateKey::FromPem(keys.front()));
  const EVP_PKEY* public_key = X509_get0_pubkey(cert.get());
  const bool same_type = public_key != nullptr && EVP_PKEY_get_base_id(public_key) == EVP_PKEY_get_base_id(key.get());
  const bool matches = same_type && EVP_PKEY_eq(public_key, key.get()) == 1;
  ERR_clear_error();
  if (!same_type) return Invalid("tls: private key type does not match public key type");
  if (!matches) return Invalid("tls: private key does not match public key");
  return Ok();
}

Status VerifyChain(std::string_view chain_pem, std::string_view roots_pem, SystemTime now, CertPurpose purpose) {
  KUMA_TRY_ASSIGN(const std::vector<X509Ptr> chain, ParseAll(chain_pem));
  KUMA_TRY_ASSIGN(const std::vector<X509Ptr> roots, ParseAll(roots_pem));
  const StorePtr store(X509_STORE_new());
  const StoreCtxPtr context(X509_STORE_CTX_new());
  const auto free_stack = [](STACK_OF(X509) * stack) { sk_X509_free(stack); };
  const std::unique_ptr<STACK_OF(X509), decltype(free_stack)> intermediates(sk_X509_new_null(), free_stack);
  if (!store || !context || !intermediates) return OpenSslError("out of memory");
  for (const X509Ptr& root : roots) X509_STORE_add_cert(store.get(), root.get());
  for (size_t i = 1; i < chain.size(); ++i) sk_X509_push(intermediates.get(), chain[i].get());
  if (X509_STORE_CTX_init(context.get(), store.get(), chain.front().get(), intermediates.get()) != 1) {
    return OpenSslError("cannot verify the certificate");
  }
  X509_STORE_CTX_set_time(context.get(), 0, std::chrono::system_clock::to_time_t(now));
  // Any certificate of the roots ends a chain, self-signed or not.
  X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_PARTIAL_CHAIN);
  if (purpose != CertPurpose::kAny) {
    X509_STORE_CTX_set_purpose(context.get(), purpose == CertPurpose::kServer ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
  }
  const bool verified = X509_verify_cert(context.get()) == 1;
  const std::string reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
  ERR_clear_error();
  if (!verified) return Invalid("certificate is not trusted: " + reason);
  return Ok();
}

bool IsExpired(const CertFacts& facts, SystemTime now) { return now < facts.not_before || now > facts.not_after; }

}  // namespace kuma::ca
