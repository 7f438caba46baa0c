// TLS settings of servers and clients on OpenSSL, whose types stay out of this header. Contexts are shared by all connections and
// may be used from any thread.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/base/result.h"

struct ssl_st;
struct ssl_ctx_st;

namespace kuma::io {

class EventLoop;
class FileWatcher;

enum class ClientCertMode {
  kNone,
  kRequest,  // verified when the client sends one
  kRequire,
};

struct TlsServerOptions {
  std::string cert_pem;  // leaf first, then intermediates
  std::string key_pem;
  std::string min_version = "TLSv1_2";  // TLSv1_0 … TLSv1_3
  std::string max_version;              // empty: newest
  std::vector<std::string> ciphers;     // IANA ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256") or OpenSSL names; empty: OpenSSL's default
  ClientCertMode client_cert = ClientCertMode::kNone;
  std::string client_ca_pem;            // REQUIRED when client_cert is not kNone
  std::vector<std::string> alpn;        // our preference, first one that the client offers; none in common: no ALPN
};

struct SslDeleter {
  void operator()(ssl_st* ssl) const;
};
using SslPtr = std::unique_ptr<ssl_st, SslDeleter>;

class TlsServerContext {
 public:
  static Result<std::shared_ptr<TlsServerContext>> Create(TlsServerOptions options);
  ~TlsServerContext();

  // New connections use the pair from now on, established ones keep theirs. On an error the old pair stays.
  Status Reload(std::string cert_pem, std::string key_pem);
  // Reloads whenever the files change (also by renames and the symlinks of Kubernetes volumes); problems are logged.
  Status WatchFiles(EventLoop& loop, const std::string& cert_path, const std::string& key_path);
  SslPtr NewSession() const;

 private:
  explicit TlsServerContext(TlsServerOptions options);

  mutable std::mutex mutex_;  // guards the rest
  TlsServerOptions options_;
  std::shared_ptr<ssl_ctx_st> context_;
  std::unique_ptr<FileWatcher> watcher_;
};

struct TlsClientOptions {
  std::string ca_pem;         // empty: the system's roots
  std::string server_name;    // SNI and the name or IP that the certificate must have; empty: the host of the URL
  std::string cert_pem;       // optional client certificate
  std::string key_pem;
  bool skip_verify = false;   // accepts any server; logged as a warning
  std::vector<std::string> alpn;
};

class TlsClientContext {
 public:
  static Result<std::shared_ptr<TlsClientContext>> Create(TlsClientOptions options);
  // `host` is used when the options name no server.
  SslPtr NewSession(const std::string& host) const;

 private:
  explicit TlsClientContext(TlsClientOptions options) : options_(std::move(options)) {}
  const TlsClientOptions options_;
  std::shared_ptr<ssl_ctx_st> context_;
};

// What a verification found; OpenSSL only keeps a number. Lives beside the session (SSL app data).
struct TlsVerifyNote {
  std::string message;  // "certificate of "CN" expired on …"
};

// First certificate of a PEM text.
struct CertificateSummary {
  std::string subject;
  SystemTime not_before{};
  SystemTime not_after{};
  std::vector<std::string> names;  // DNS names, IPs and URIs of the SAN
};
Result<CertificateSummary> SummarizeCertificate(const std::string& pem);

}  // namespace kuma::io
