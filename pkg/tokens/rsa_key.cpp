#include "pkg/tokens/rsa_key.h"

#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

namespace kuma::tokens {
namespace {

struct Freer {
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
  void operator()(OSSL_DECODER_CTX* p) const { OSSL_DECODER_CTX_free(p); }
  void operator()(OSSL_ENCODER_CTX* p) const { OSSL_ENCODER_CTX_free(p); }
};

Error Fail(const char* what) {
  std::string text = what;
  if (const unsigned long code = ERR_peek_last_error(); code != 0) {
    char buffer[256];
    ERR_error_string_n(code, buffer, sizeof buffer);
    text += std::string(": ") + buffer;
  }
  ERR_clear_error();
  return Internal(text);
}

// The type of the first PEM block, "" when there is none.
std::string PemType(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  const size_t begin = pem.find(kBegin);
  if (begin == std::string_view::npos) return {};
  const size_t end = pem.find("-----", begin + kBegin.size());
  if (end == std::string_view::npos) return {};
  return std::string(pem.substr(begin + kBegin.size(), end - begin - kBegin.size()));
}

Error WrongType(const std::string& type) { return Invalid("invalid key encoding \"" + type + "\""); }

const unsigned char* Bytes(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Result<std::string> Encode(EVP_PKEY* key, int selection) {
  const std::unique_ptr<OSSL_ENCODER_CTX, Freer> context(OSSL_ENCODER_CTX_new_for_pkey(key, selection, "PEM", "type-specific", nullptr));
  unsigned char* data = nullptr;
  size_t size = 0;
  if (!context || OSSL_ENCODER_to_data(context.get(), &data, &size) != 1) return Fail("failed to encode an RSA key");
  std::string text(reinterpret_cast<const char*>(data), size);
  OPENSSL_clear_free(data, size);
  return text;
}

}  // namespace

Result<RsaKey> RsaKey::Decode(std::string_view bytes, const char* format, const char* structure, bool is_private) {
  EVP_PKEY* key = nullptr;
  const int selection = is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
  const std::unique_ptr<OSSL_DECODER_CTX, Freer> context(
      OSSL_DECODER_CTX_new_for_pkey(&key, format, structure, "RSA", selection, nullptr, nullptr));
  const unsigned char* data = Bytes(bytes);
  size_t size = bytes.size();
  const bool decoded = context && OSSL_DECODER_from_data(context.get(), &data, &size) == 1 && key != nullptr;
  ERR_clear_error();
  if (!decoded) return Invalid(is_private ? "the data is no RSA private key" : "the data is no RSA public key");
  return RsaKey(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
}

Result<RsaKey> RsaKey::FromPrivatePem(std::string_view pem) {
  const std::string type = PemType(pem);
  if (type != "RSA PRIVATE KEY") return WrongType(type);
  return Decode(pem, "PEM", "type-specific", true);
}

Result<RsaKey> RsaKey::FromPublicPem(std::string_view pem) {
  const std::string type = PemType(pem);
  if (type == "RSA PUBLIC KEY") return Decode(pem, "PEM", "type-specific", false);
  if (type == "PUBLIC KEY") return Decode(pem, "PEM", "SubjectPublicKeyInfo", false);
  return WrongType(type);
}

Result<RsaKey> RsaKey::FromPrivateSecret(std::string_view data) {
  return PemType(data).empty() ? Decode(data, "DER", "type-specific", true) : FromPrivatePem(data);
}

Result<RsaKey> RsaKey::FromPublicSecret(std::string_view data) {
  return PemType(data).empty() ? Decode(data, "DER", "type-specific", false) : FromPublicPem(data);
}

Result<RsaKey> RsaKey::Generate() {
  EVP_PKEY* key = EVP_RSA_gen(2048);
  if (key == nullptr) return Fail("failed to generate RSA key");
  return RsaKey(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
}

Result<std::string> RsaKey::PrivatePem() const { return Encode(key_.get(), EVP_PKEY_KEYPAIR); }
Result<std::string> RsaKey::PublicPem() const { return Encode(key_.get(), EVP_PKEY_PUBLIC_KEY); }

Result<std::string> RsaKey::Sign(std::string_view message) const {
  const std::unique_ptr<EVP_MD_CTX, Freer> context(EVP_MD_CTX_new());
  std::string signature(static_cast<size_t>(EVP_PKEY_get_size(key_.get())), '\0');
  size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, Bytes(message), message.size()) != 1) {
    return Fail("could not sign a token");
  }
  signature.resize(size);
  return signature;
}

bool RsaKey::Verify(std::string_view message, std::string_view signature) const {
  const std::unique_ptr<EVP_MD_CTX, Freer> context(EVP_MD_CTX_new());
  const bool valid = context && EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1 &&
                     EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(message), message.size()) == 1;
  ERR_clear_error();
  return valid;
}

std::string HmacSha256(std::string_view key, std::string_view message) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(message), message.size(), digest, &size) == nullptr) return {};
  return std::string(reinterpret_cast<const char*>(digest), size);
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) { return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0; }

}  // namespace kuma::tokens
