// How to reach a PostgreSQL server and how many connections to keep. Filled from the configuration (store.postgres.*) or from a
// postgres:// address by the wiring of the control plane.
#pragma once

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "pkg/base/result.h"

namespace kuma::store::postgres {

enum class TlsMode { kDisable, kVerifyNone, kVerifyCa, kVerifyFull };

// "disable", "verifyNone", "verifyCa", "verifyFull"; libpq's names (require, verify-ca, verify-full) are taken too.
Result<TlsMode> ParseTlsMode(const std::string& text);

struct Options {
  std::string host = "127.0.0.1";  // a folder that begins with "/" means its Unix socket
  int port = 15432;
  std::string user = "kuma";
  std::string password = "kuma";
  std::string database = "kuma";

  TlsMode tls_mode = TlsMode::kDisable;
  std::string tls_cert_path;
  std::string tls_key_path;
  std::string tls_ca_path;
  bool tls_sni = true;

  std::chrono::seconds connect_timeout{5};       // for one connection, and for waiting for a free one
  std::chrono::milliseconds statement_timeout{10000};  // the server ends a statement after this; 0: never
  size_t min_open = 0;
  size_t max_open = 50;  // 0: no limit
  size_t max_idle = 50;
  std::chrono::nanoseconds max_lifetime = std::chrono::hours(1);
  std::chrono::nanoseconds max_lifetime_jitter = std::chrono::minutes(1);
  std::chrono::nanoseconds max_idle_time = std::chrono::minutes(30);
  std::chrono::nanoseconds health_check_interval = std::chrono::seconds(30);

  std::string replica_host;  // empty: there is no read replica
  int replica_port = 5432;
  int replica_ratio = 100;  // percent of the reads that may be answered by a copy

  bool tolerate_newer_schema = false;
};

// The read replica; used when replica_host is set. It gets less time: what it does not answer soon, the primary does.
Options ReplicaOf(const Options& options);

// Keyword and value pairs for libpq.
std::vector<std::pair<std::string, std::string>> ConnectionParameters(const Options& options);

// "host:port", for messages.
std::string AddressOf(const Options& options);

// postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=FILE&sslcert=FILE&sslkey=FILE
Result<Options> ParseUrl(const std::string& url);

}  // namespace kuma::store::postgres
