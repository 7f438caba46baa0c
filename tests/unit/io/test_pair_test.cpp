#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>

#include "pkg/io/tls.h"
#include "tests/unit/io/loop_fixture.h"

namespace kuma::io {

namespace {
std::string BioText(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<size_t>(size));
  BIO_free(bio);
  return text;
}
}  // namespace

TestPair MakeTestPair(const std::string& common_name, const std::string& san, long from_seconds, long to_seconds) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* cert = X509_new();
  X509_set_version(cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), from_seconds);
  X509_gmtime_adj(X509_getm_notAfter(cert), to_seconds);
  X509_set_pubkey(cert, key);
  X509_NAME* name = X509_get_subject_name(cert);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(cert, name);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, san.c_str());
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
  X509_sign(cert, key, EVP_sha256());
  BIO* cert_bio = BIO_new(BIO_s_mem());
  BIO* key_bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(cert_bio, cert);
  PEM_write_bio_PrivateKey(key_bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(cert);
  EVP_PKEY_free(key);
  return {BioText(cert_bio), BioText(key_bio)};
}

TEST_CASE("a certificate is summarized") {
  const TestPair pair = MakeTestPair("cp", "DNS:localhost,IP:127.0.0.1,URI:spiffe://default/web");
  const auto summary = SummarizeCertificate(pair.cert_pem);
  REQUIRE(summary.ok());
  CHECK(summary->subject == "CN=cp");
  CHECK(summary->names == std::vector<std::string>{"localhost", "127.0.0.1", "spiffe://default/web"});
  CHECK_FALSE(SummarizeCertificate("nonsense").ok());
}

}  // namespace kuma::io
