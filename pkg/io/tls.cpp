#include "pkg/io/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstring>
#include <ctime>

#include "pkg/base/files.h"
#include "pkg/base/log.h"
#include "pkg/base/strings.h"
#include "pkg/io/file_watch.h"

namespace kuma::io {

void SslDeleter::operator()(ssl_st* ssl) const { SSL_free(ssl); }

namespace {

const Logger& TlsLog() {
  static const Logger log("io.tls");
  return log;
}

using ContextPtr = std::shared_ptr<ssl_ctx_st>;
using BioPtr = std::unique_ptr<BIO, int (*)(BIO*)>;
using X509Ptr = std::unique_ptr<X509, void (*)(X509*)>;
using KeyPtr = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;

BioPtr MemoryBio(const std::string& text) { return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free}; }

std::string OpenSslReason() {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = ERR_reason_error_string(code);
  std::string text = reason != nullptr ? reason : "unknown error";
  ERR_clear_error();
  return text;
}

SystemTime ToTime(const ASN1_TIME* time) {
  std::tm tm{};
  if (ASN1_TIME_to_tm(time, &tm) != 1) return {};
  return std::chrono::system_clock::from_time_t(::timegm(&tm));
}

std::string SubjectOf(const X509* cert) {
  BioPtr bio(BIO_new(BIO_s_mem()), BIO_free);
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(cert), 0, XN_FLAG_RFC2253);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

std::vector<std::string> NamesOf(X509* cert) {
  std::vector<std::string> names;
  auto* all = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(cert, NID_subject_alt_name, nullptr, nullptr));
  if (all == nullptr) return names;
  for (int i = 0; i < sk_GENERAL_NAME_num(all); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all, i);
    if (name->type == GEN_IPADD) {
      const unsigned char* bytes = ASN1_STRING_get0_data(name->d.iPAddress);
      const int family = ASN1_STRING_length(name->d.iPAddress) == 4 ? AF_INET : AF_INET6;
      std::array<char, INET6_ADDRSTRLEN> text{};
      if (inet_ntop(family, bytes, text.data(), text.size()) != nullptr) names.emplace_back(text.data());
    } else if (name->type == GEN_DNS || name->type == GEN_URI) {
      const ASN1_STRING* value = name->type == GEN_DNS ? name->d.dNSName : name->d.uniformResourceIdentifier;
      names.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)), static_cast<size_t>(ASN1_STRING_length(value)));
    }
  }
  GENERAL_NAMES_free(all);
  return names;
}

// The message is written while the chain is at hand: after a failed handshake OpenSSL forgets the certificate.
int OnVerify(int ok, X509_STORE_CTX* store) {
  if (ok == 1) return 1;
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* note = ssl != nullptr ? static_cast<TlsVerifyNote*>(SSL_get_app_data(ssl)) : nullptr;
  X509* cert = X509_STORE_CTX_get_current_cert(store);
  if (note == nullptr || cert == nullptr) return ok;
  const int code = X509_STORE_CTX_get_error(store);
  const std::string who = "certificate of \"" + SubjectOf(cert) + "\"";
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      note->message = who + " expired on " + FormatRfc3339(ToTime(X509_get0_notAfter(cert)));
      break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      note->message = who + " is not valid before " + FormatRfc3339(ToTime(X509_get0_notBefore(cert))) + "; is this machine's clock right?";
      break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: {
      const std::vector<std::string> names = NamesOf(cert);
      std::string wanted;
      X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
      if (code == X509_V_ERR_HOSTNAME_MISMATCH) {
        if (const char* host = X509_VERIFY_PARAM_get0_host(param, 0)) wanted = host;
      } else if (char* ip = X509_VERIFY_PARAM_get1_ip_asc(param)) {
        wanted = ip;
        OPENSSL_free(ip);
      }
      note->message = "certificate is valid for " + (names.empty() ? std::string("no name at all") : Join(names, ", ")) + ", not for " + wanted;
      break;
    }
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      note->message = who + " is signed by an unknown authority (" + X509_verify_cert_error_string(code) + ")";
      break;
    default:
      note->message = who + " is not trusted: " + X509_verify_cert_error_string(code);
  }
  return ok;
}

Result<int> VersionNumber(const std::string& name) {
  if (name == "TLSv1_0") return TLS1_VERSION;
  if (name == "TLSv1_1") return TLS1_1_VERSION;
  if (name == "TLSv1_2") return TLS1_2_VERSION;
  if (name == "TLSv1_3") return TLS1_3_VERSION;
  return Invalid("unknown TLS version \"" + name + "\": use TLSv1_0, TLSv1_1, TLSv1_2 or TLSv1_3");
}

Status LoadPair(SSL_CTX* context, const std::string& cert_pem, const std::string& key_pem) {
  ERR_clear_error();
  BioPtr certs = MemoryBio(cert_pem);
  X509Ptr leaf(PEM_read_bio_X509(certs.get(), nullptr, nullptr, nullptr), X509_free);
  if (!leaf) return Invalid("not a PEM certificate: " + OpenSslReason());
  if (SSL_CTX_use_certificate(context, leaf.get()) != 1) return Invalid("the certificate cannot be used: " + OpenSslReason());
  while (X509* next = PEM_read_bio_X509(certs.get(), nullptr, nullptr, nullptr)) {
    if (SSL_CTX_add0_chain_cert(context, next) != 1) X509_free(next);
  }
  ERR_clear_error();  // the end of the text counts as an error there
  BioPtr key_bio = MemoryBio(key_pem);
  // The password callback refuses, instead of asking on the terminal.
  KeyPtr key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, [](char*, int, int, void*) { return -1; }, nullptr), EVP_PKEY_free);
  if (!key) return Invalid("not a PEM private key without password: " + OpenSslReason());
  if (SSL_CTX_use_PrivateKey(context, key.get()) != 1 || SSL_CTX_check_private_key(context) != 1) {
    return Invalid("the private key does not belong to the certificate: " + OpenSslReason());
  }
  if (X509_cmp_current_time(X509_get0_notAfter(leaf.get())) < 0) {
    TlsLog().Warn("the certificate has expired", {{"subject", SubjectOf(leaf.get())}, {"expired", FormatRfc3339(ToTime(X509_get0_notAfter(leaf.get())))}});
  }
  return Ok();
}

Status TrustPem(SSL_CTX* context, const std::string& pem, bool as_client_ca) {
  BioPtr bio = MemoryBio(pem);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  int count = 0;
  while (X509* cert = PEM_read_bio_X509_AUX(bio.get(), nullptr, nullptr, nullptr)) {
    X509_STORE_add_cert(store, cert);
    if (as_client_ca) SSL_CTX_add_client_CA(context, cert);
    X509_free(cert);
    ++count;
  }
  ERR_clear_error();
  if (count == 0) return Invalid("no PEM certificate in the CA text");
  // A CA given by the user is an anchor even when it is an intermediate.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_PARTIAL_CHAIN);
  return Ok();
}

Status TrustSystem(SSL_CTX* context) {
  static constexpr std::array kBundles = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                          "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem"};
  for (const char* bundle : kBundles) {
    if (SSL_CTX_load_verify_locations(context, bundle, nullptr) == 1) return Ok();
  }
  ERR_clear_error();
  if (SSL_CTX_load_verify_locations(context, nullptr, "/etc/ssl/certs") == 1) return Ok();
  ERR_clear_error();
  return Ok();  // then every server is of an unknown authority, and the verification says so
}

void CommonModes(SSL_CTX* context) {
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
}

Status SetCiphers(SSL_CTX* context, const std::vector<std::string>& wanted) {
  if (wanted.empty()) return Ok();
  std::vector<std::string> old_style;
  std::vector<std::string> tls13;
  SSL_CTX_set_cipher_list(context, "ALL");
  STACK_OF(SSL_CIPHER)* known = SSL_CTX_get_ciphers(context);
  for (const std::string& name : wanted) {
    const SSL_CIPHER* match = nullptr;
    for (int i = 0; i < sk_SSL_CIPHER_num(known) && match == nullptr; ++i) {
      const SSL_CIPHER* cipher = sk_SSL_CIPHER_value(known, i);
      const char* iana = SSL_CIPHER_standard_name(cipher);
      const bool same = name == SSL_CIPHER_get_name(cipher) || (iana != nullptr && (name == iana || name + "_SHA256" == iana));
      if (same) match = cipher;
    }
    if (match == nullptr) return Invalid("unknown TLS cipher suite \"" + name + "\"");
    const std::string openssl_name = SSL_CIPHER_get_name(match);
    (openssl_name.starts_with("TLS_") ? tls13 : old_style).push_back(openssl_name);
  }
  // The list governs TLS 1.2 and below; the suites of 1.3 are all good and stay unless some are named.
  if (!old_style.empty()) SSL_CTX_set_cipher_list(context, Join(old_style, ":").c_str());
  if (!tls13.empty()) SSL_CTX_set_ciphersuites(context, Join(tls13, ":").c_str());
  return Ok();
}

std::string AlpnWire(const std::vector<std::string>& protocols) {
  std::string wire;
  for (const std::string& protocol : protocols) {
    wire.push_back(static_cast<char>(protocol.size()));
    wire += protocol;
  }
  return wire;
}

// The list is stored as one wire-format string in the context (ex data), freed with it.
int AlpnIndex() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, [](void*, void* ptr, CRYPTO_EX_DATA*, int, long, void*) {
    delete static_cast<std::string*>(ptr);  // NOLINT: OpenSSL owns it
  });
  return index;
}

int ChooseAlpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* offered, unsigned offered_size, void*) {
  const auto* ours = static_cast<const std::string*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), AlpnIndex()));
  if (ours == nullptr) return SSL_TLSEXT_ERR_NOACK;
  unsigned char* chosen = nullptr;
  const int result = SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours->data()), static_cast<unsigned>(ours->size()), offered, offered_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

Result<ContextPtr> BuildServer(const TlsServerOptions& options) {
  ContextPtr context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return Internal("cannot make a TLS context: " + OpenSslReason());
  CommonModes(context.get());
  KUMA_TRY_ASSIGN(int min_version, VersionNumber(options.min_version.empty() ? "TLSv1_2" : options.min_version));
  SSL_CTX_set_min_proto_version(context.get(), min_version);
  if (!options.max_version.empty()) {
    KUMA_TRY_ASSIGN(int max_version, VersionNumber(options.max_version));
    SSL_CTX_set_max_proto_version(context.get(), max_version);
  }
  KUMA_TRY(SetCiphers(context.get(), options.ciphers));
  KUMA_TRY(LoadPair(context.get(), options.cert_pem, options.key_pem));
  // One ticket is enough, and stateless ones keep the memory of a server independent of its clients.
  SSL_CTX_set_num_tickets(context.get(), 1);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  static constexpr unsigned char kSessionContext[] = "kuma";
  SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof kSessionContext - 1);
  if (options.client_cert != ClientCertMode::kNone) {
    if (options.client_ca_pem.empty()) return Invalid("client certificates are asked for, but no CA to verify them is given");
    KUMA_TRY(TrustPem(context.get(), options.client_ca_pem, true));
    const int required = options.client_cert == ClientCertMode::kRequire ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | required, OnVerify);
  }
  if (!options.alpn.empty()) {
    SSL_CTX_set_ex_data(context.get(), AlpnIndex(), new std::string(AlpnWire(options.alpn)));  // NOLINT: freed by the index's callback
    SSL_CTX_set_alpn_select_cb(context.get(), ChooseAlpn, nullptr);
  }
  return context;
}

}  // namespace

Result<std::shared_ptr<TlsServerContext>> TlsServerContext::Create(TlsServerOptions options) {
  KUMA_TRY_ASSIGN(ContextPtr context, BuildServer(options));
  std::shared_ptr<TlsServerContext> result(new TlsServerContext(std::move(options)));
  result->context_ = std::move(context);
  return result;
}

TlsServerContext::TlsServerContext(TlsServerOptions options) : options_(std::move(options)) {}
TlsServerContext::~TlsServerContext() = default;

Status TlsServerContext::Reload(std::string cert_pem, std::string key_pem) {
  std::lock_guard lock(mutex_);
  TlsServerOptions options = options_;
  options.cert_pem = std::move(cert_pem);
  options.key_pem = std::move(key_pem);
  KUMA_TRY_ASSIGN(ContextPtr context, BuildServer(options));
  options_ = std::move(options);
  context_ = std::move(context);
  return Ok();
}

Status TlsServerContext::WatchFiles(EventLoop& loop, const std::string& cert_path, const std::string& key_path) {
  auto watcher = FileWatcher::Create(loop, {cert_path, key_path}, [this, cert_path, key_path] {
    auto cert = ReadFile(cert_path);
    auto key = ReadFile(key_path);
    Status status = !cert.ok() ? Status(cert.error()) : !key.ok() ? Status(key.error()) : Reload(*cert, *key);
    if (status.ok()) {
      TlsLog().Info("certificate reloaded", {{"file", cert_path}});
    } else {
      // Writers replace the two files one after the other; the pair fits again with the next event.
      TlsLog().Warn("certificate not reloaded, the previous one stays", {{"file", cert_path}, {"error", status.error().ToString()}});
    }
  });
  if (!watcher.ok()) return std::move(watcher).error();
  std::lock_guard lock(mutex_);
  watcher_ = std::move(watcher).value();
  return Ok();
}

SslPtr TlsServerContext::NewSession() const {
  std::lock_guard lock(mutex_);
  SslPtr ssl(SSL_new(context_.get()));
  if (ssl) SSL_set_accept_state(ssl.get());
  return ssl;
}

Result<std::shared_ptr<TlsClientContext>> TlsClientContext::Create(TlsClientOptions options) {
  ContextPtr context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (!context) return Internal("cannot make a TLS context: " + OpenSslReason());
  CommonModes(context.get());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  if (!options.cert_pem.empty() || !options.key_pem.empty()) KUMA_TRY(LoadPair(context.get(), options.cert_pem, options.key_pem));
  if (options.skip_verify) {
    TlsLog().Warn("[WARNING] the server's certificate is not verified: anyone on the way can read and change the traffic", {});
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  } else {
    if (options.ca_pem.empty()) {
      KUMA_TRY(TrustSystem(context.get()));
    } else {
      KUMA_TRY(TrustPem(context.get(), options.ca_pem, false));
    }
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, OnVerify);
  }
  if (!options.alpn.empty()) {
    const std::string wire = AlpnWire(options.alpn);
    SSL_CTX_set_alpn_protos(context.get(), reinterpret_cast<const unsigned char*>(wire.data()), static_cast<unsigned>(wire.size()));
  }
  std::shared_ptr<TlsClientContext> result(new TlsClientContext(std::move(options)));
  result->context_ = std::move(context);
  return result;
}

SslPtr TlsClientContext::NewSession(const std::string& host) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl) return ssl;
  SSL_set_connect_state(ssl.get());
  const std::string& name = options_.server_name.empty() ? host : options_.server_name;
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl.get());
  if (X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1) return ssl;  // SNI carries no IPs
  ERR_clear_error();
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(ssl.get(), name.c_str());
  SSL_set_tlsext_host_name(ssl.get(), name.c_str());
  return ssl;
}

Result<CertificateSummary> SummarizeCertificate(const std::string& pem) {
  BioPtr bio = MemoryBio(pem);
  X509Ptr cert(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr), X509_free);
  if (!cert) return Invalid("not a PEM certificate: " + OpenSslReason());
  return CertificateSummary{SubjectOf(cert.get()), ToTime(X509_get0_notBefore(cert.get())), ToTime(X509_get0_notAfter(cert.get())), NamesOf(cert.get())};
}

}  // namespace kuma::io
