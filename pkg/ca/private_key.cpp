#include "pkg/ca/private_key.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "pkg/ca/key_description.h"
#include "pkg/ca/openssl.h"

namespace kuma::ca {
namespace {

Result<PrivateKey> Own(EVP_PKEY* key, const char* what) {
  if (key == nullptr) return OpenSslError(what);
  return PrivateKey(std::shared_ptr<EVP_PKEY>(key, EVP_PKEY_free));
}

// A prime of `bits` bits, its two highest bits set, with prime - 1 coprime to e.
BnPtr RsaPrime(int bits, const BIGNUM* e, BN_CTX* context, BN_GENCB* progress) {
  BnPtr prime(BN_secure_new());
  BnPtr minus_one(BN_secure_new());
  BnPtr divisor(BN_secure_new());
  if (!prime || !minus_one || !divisor) return nullptr;
  while (true) {
    if (BN_generate_prime_ex2(prime.get(), bits, 0, nullptr, nullptr, progress, context) != 1) return nullptr;
    if (BN_sub(minus_one.get(), prime.get(), BN_value_one()) != 1) return nullptr;
    if (BN_gcd(divisor.get(), minus_one.get(), e, context) != 1) return nullptr;
    if (BN_is_one(divisor.get())) return prime;
  }
}

struct RsaNumbers {
  BnPtr n, e, d, p, q, dp, dq, qinv;
};

// d = e^-1 mod lcm(p-1, q-1) and the values for the Chinese remainder theorem.
bool Derive(RsaNumbers& rsa, BN_CTX* context) {
  BnPtr p1(BN_dup(rsa.p.get()));
  BnPtr q1(BN_dup(rsa.q.get()));
  BnPtr phi(BN_secure_new());
  BnPtr divisor(BN_secure_new());
  BnPtr lcm(BN_secure_new());
  if (!p1 || !q1 || !phi || !divisor || !lcm) return false;
  if (BN_sub_word(p1.get(), 1) != 1 || BN_sub_word(q1.get(), 1) != 1) return false;
  if (BN_mul(phi.get(), p1.get(), q1.get(), context) != 1 || BN_gcd(divisor.get(), p1.get(), q1.get(), context) != 1) return false;
  if (BN_div(lcm.get(), nullptr, phi.get(), divisor.get(), context) != 1) return false;
  for (BIGNUM* secret : {p1.get(), q1.get(), lcm.get(), rsa.p.get(), rsa.q.get()}) BN_set_flags(secret, BN_FLG_CONSTTIME);
  rsa.n.reset(BN_new());
  rsa.d.reset(BN_secure_new());
  rsa.dp.reset(BN_secure_new());
  rsa.dq.reset(BN_secure_new());
  rsa.qinv.reset(BN_secure_new());
  if (!rsa.n || !rsa.d || !rsa.dp || !rsa.dq || !rsa.qinv) return false;
  if (BN_mod_inverse(rsa.d.get(), rsa.e.get(), lcm.get(), context) == nullptr) return false;
  BN_set_flags(rsa.d.get(), BN_FLG_CONSTTIME);
  return BN_mul(rsa.n.get(), rsa.p.get(), rsa.q.get(), context) == 1 &&
         BN_div(nullptr, rsa.dp.get(), rsa.d.get(), p1.get(), context) == 1 &&
         BN_div(nullptr, rsa.dq.get(), rsa.d.get(), q1.get(), context) == 1 &&
         BN_mod_inverse(rsa.qinv.get(), rsa.q.get(), rsa.p.get(), context) != nullptr;
}

EVP_PKEY* ImportRsa(const RsaNumbers& rsa) {
  const std::unique_ptr<OSSL_PARAM_BLD, FreeWith<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
  const std::pair<const char*, const BIGNUM*> fields[] = {
      {OSSL_PKEY_PARAM_RSA_N, rsa.n.get()},           {OSSL_PKEY_PARAM_RSA_E, rsa.e.get()},
      {OSSL_PKEY_PARAM_RSA_D, rsa.d.get()},           {OSSL_PKEY_PARAM_RSA_FACTOR1, rsa.p.get()},
      {OSSL_PKEY_PARAM_RSA_FACTOR2, rsa.q.get()},     {OSSL_PKEY_PARAM_RSA_EXPONENT1, rsa.dp.get()},
      {OSSL_PKEY_PARAM_RSA_EXPONENT2, rsa.dq.get()},  {OSSL_PKEY_PARAM_RSA_COEFFICIENT1, rsa.qinv.get()},
  };
  for (const auto& [name, number] : fields) {
    if (OSSL_PARAM_BLD_push_BN(builder.get(), name, number) != 1) return nullptr;
  }
  const std::unique_ptr<OSSL_PARAM, FreeWith<OSSL_PARAM_free>> params(OSSL_PARAM_BLD_to_param(builder.get()));
  const KeyCtxPtr context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1) return nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, params.get()) != 1) return nullptr;
  return key;
}

// OpenSSL 3's own generator builds each prime around two auxiliary primes, as FIPS 186-4 wants, which takes three times as long
// as two random primes of the same library (measured: 223 against 70 ms). Conditions as in FIPS 186-5 A.1.3 and SP 800-56B:
// both primes have their two highest bits set, differ in their upper 100 bits, and d is larger than 2^(bits/2).
EVP_PKEY* GenerateRsa(int bits, const std::atomic<bool>& cancelled) {
  const std::unique_ptr<BN_GENCB, FreeWith<BN_GENCB_free>> progress(BN_GENCB_new());
  if (!progress) return nullptr;
  // Asked for each candidate; 0 ends the search.
  BN_GENCB_set(progress.get(), [](int, int, BN_GENCB* self) { return static_cast<const std::atomic<bool>*>(BN_GENCB_get_arg(self))->load() ? 0 : 1; },
               const_cast<std::atomic<bool>*>(&cancelled));
  const BnCtxPtr context(BN_CTX_secure_new());
  RsaNumbers rsa;
  rsa.e.reset(BN_new());
  const BnPtr distance(BN_secure_new());
  if (!context || !rsa.e || !distance || BN_set_word(rsa.e.get(), RSA_F4) != 1) return nullptr;
  while (true) {
    rsa.p = RsaPrime(bits / 2, rsa.e.get(), context.get(), progress.get());
    rsa.q = RsaPrime(bits - bits / 2, rsa.e.get(), context.get(), progress.get());
    if (!rsa.p || !rsa.q) return nullptr;
    if (BN_cmp(rsa.p.get(), rsa.q.get()) < 0) rsa.p.swap(rsa.q);
    if (BN_sub(distance.get(), rsa.p.get(), rsa.q.get()) != 1) return nullptr;
    if (BN_num_bits(distance.get()) <= bits / 2 - 100) continue;
    if (!Derive(rsa, context.get())) return nullptr;
    if (BN_num_bits(rsa.d.get()) > bits / 2 && BN_num_bits(rsa.n.get()) == bits) return ImportRsa(rsa);
  }
}

}  // namespace

std::string DescribeKey(const EVP_PKEY* key) {
  if (key == nullptr) return "unknown";
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA: return "RSA-" + std::to_string(EVP_PKEY_get_bits(key));
    case EVP_PKEY_EC: return "EC-P" + std::to_string(EVP_PKEY_get_bits(key));
    case EVP_PKEY_ED25519: return "ED25519";
    default: return "unknown";
  }
}

Result<PrivateKey> PrivateKey::FromPem(std::string_view pem) {
  const BioPtr bio = MemoryBio(pem);
  // Without a callback OpenSSL would ask the terminal for the password of an encrypted key.
  const auto no_password = [](char*, int, int, void*) { return -1; };
  EVP_PKEY* key = bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr) : nullptr;
  if (key == nullptr) {
    ERR_clear_error();
    return Invalid("tls: failed to parse private key");
  }
  return Own(key, "");
}

Result<std::string> PrivateKey::ToPem() const {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PrivateKey_traditional(bio.get(), key_.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return OpenSslError("failed to PEM encode a private key");
  }
  return BioText(bio.get());
}

std::string PrivateKey::Description() const { return DescribeKey(key_.get()); }

KeySpec PrivateKey::LeafSpec() const {
  if (EVP_PKEY_get_base_id(key_.get()) != EVP_PKEY_EC) return kRsa2048;
  return {KeySpec::Kind::kEc, EVP_PKEY_get_bits(key_.get())};
}

Result<PrivateKey> GenerateKey(const KeySpec& spec) {
  static const std::atomic<bool> kNever{false};
  return GenerateKeyUnless(kNever, spec);
}

Result<PrivateKey> GenerateKeyUnless(const std::atomic<bool>& cancelled, const KeySpec& spec) {
  if (spec.kind == KeySpec::Kind::kEc) {
    const char* curve = spec.bits == 256 ? "P-256" : spec.bits == 384 ? "P-384" : spec.bits == 521 ? "P-521" : nullptr;
    if (curve == nullptr) return Invalid("unsupported EC key size " + std::to_string(spec.bits) + ": use 256, 384 or 521");
    return Own(EVP_EC_gen(curve), "failed to generate an EC key");
  }
  if (spec.bits < 1024 || spec.bits > 8192) {
    return Invalid("unsupported RSA key size " + std::to_string(spec.bits) + ": use 1024 to 8192 bits");
  }
  EVP_PKEY* key = GenerateRsa(spec.bits, cancelled);
  if (key == nullptr && cancelled) {
    ERR_clear_error();
    return Unavailable("stopped before the key was made");
  }
  return Own(key, "failed to generate an RSA key");
}

}  // namespace kuma::ca
