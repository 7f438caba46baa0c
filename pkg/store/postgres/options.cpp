#include "pkg/store/postgres/options.h"

#include <algorithm>

#include "pkg/base/strings.h"

namespace kuma::store::postgres {
namespace {

// libpq reads ~/.postgresql/* when no path is given, and would then verify although nobody asked. No file can be below this one.
constexpr const char* kNoFile = "/dev/null/none";

constexpr std::chrono::seconds kReplicaConnectTimeout{2};
constexpr std::chrono::milliseconds kReplicaStatementTimeout{2000};

const char* LibpqName(TlsMode mode) {
  switch (mode) {
    case TlsMode::kDisable: return "disable";
    case TlsMode::kVerifyNone: return "require";
    case TlsMode::kVerifyCa: return "verify-ca";
    case TlsMode::kVerifyFull: return "verify-full";
  }
  return "verify-full";
}

}  // namespace

Result<TlsMode> ParseTlsMode(const std::string& text) {
  if (text == "disable") return TlsMode::kDisable;
  if (text == "verifyNone" || text == "require") return TlsMode::kVerifyNone;
  if (text == "verifyCa" || text == "verify-ca") return TlsMode::kVerifyCa;
  if (text == "verifyFull" || text == "verify-full") return TlsMode::kVerifyFull;
  return Invalid("TLS mode \"" + text + "\" is not known (allowed: disable, verifyNone, verifyCa, verifyFull)");
}

Options ReplicaOf(const Options& options) {
  Options replica = options;
  replica.host = options.replica_host;
  replica.port = options.replica_port;
  replica.replica_host.clear();
  replica.connect_timeout = std::min(options.connect_timeout, kReplicaConnectTimeout);
  replica.statement_timeout = options.statement_timeout.count() > 0 ? std::min(options.statement_timeout, kReplicaStatementTimeout) : kReplicaStatementTimeout;
  return replica;
}

std::string AddressOf(const Options& options) { return options.host + ":" + std::to_string(options.port); }

std::vector<std::pair<std::string, std::string>> ConnectionParameters(const Options& options) {
  std::vector<std::pair<std::string, std::string>> out = {
      {"host", options.host},
      {"port", std::to_string(options.port)},
      {"user", options.user},
      {"password", options.password},
      {"dbname", options.database},
      {"application_name", "kuma-cp"},
      {"client_encoding", "UTF8"},
      {"gssencmode", "disable"},
      {"sslmode", LibpqName(options.tls_mode)},
      // A server that vanished without a word is noticed within half a minute.
      {"keepalives", "1"},
      {"keepalives_idle", "10"},
      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "20000"},
  };
  if (Contains(options.host, ",")) out.emplace_back("target_session_attrs", "any");
  if (options.tls_mode == TlsMode::kDisable) return out;
  const bool verifies = options.tls_mode != TlsMode::kVerifyNone;
  out.emplace_back("sslrootcert", verifies && !options.tls_ca_path.empty() ? options.tls_ca_path : kNoFile);
  out.emplace_back("sslcert", options.tls_cert_path.empty() ? kNoFile : options.tls_cert_path);
  if (!options.tls_key_path.empty()) out.emplace_back("sslkey", options.tls_key_path);
  out.emplace_back("sslsni", options.tls_sni ? "1" : "0");
  return out;
}

Result<Options> ParseUrl(const std::string& url) {
  const auto bad = [](const std::string& why) { return Invalid(why + "; the form is postgres://user:password@host:port/database?sslmode=disable"); };
  std::string_view rest = url;
  for (const std::string_view scheme : {"postgres://", "postgresql://"}) {
    if (rest.starts_with(scheme)) rest.remove_prefix(scheme.size());
  }
  if (rest.size() == url.size()) return bad("a PostgreSQL address begins with postgres://");
  Options options;
  options.port = 5432;
  std::string_view query;
  if (const size_t mark = rest.find('?'); mark != std::string_view::npos) {
    query = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
  }
  if (const size_t slash = rest.find('/'); slash != std::string_view::npos) {
    options.database = UrlDecode(rest.substr(slash + 1));
    rest = rest.substr(0, slash);
  }
  if (options.database.empty()) return bad("the address names no database");
  if (const size_t at = rest.rfind('@'); at != std::string_view::npos) {
    const std::string_view login = rest.substr(0, at);
    const size_t colon = login.find(':');
    options.user = UrlDecode(login.substr(0, colon));
    options.password = colon == std::string_view::npos ? std::string() : UrlDecode(login.substr(colon + 1));
    rest = rest.substr(at + 1);
  }
  if (options.user.empty()) return bad("the address names no user");
  const size_t bracket = rest.rfind(']');  // [::1]:5432
  const size_t colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const std::optional<int64_t> port = ParseInt(rest.substr(colon + 1));
    if (!port || *port < 1 || *port > 65535) return bad("the port is no number from 1 to 65535");
    options.port = static_cast<int>(*port);
    rest = rest.substr(0, colon);
  }
  if (rest.starts_with("[") && rest.ends_with("]")) rest = rest.substr(1, rest.size() - 2);
  options.host = UrlDecode(rest);
  if (options.host.empty()) options.host = "127.0.0.1";
  for (const std::string& pair : Split(query, '&')) {
    if (pair.empty()) continue;
    const size_t equals = pair.find('=');
    const std::string key = pair.substr(0, equals);
    const std::string value = equals == std::string::npos ? std::string() : UrlDecode(std::string_view(pair).substr(equals + 1));
    if (key == "sslmode") {
      KUMA_TRY_ASSIGN(options.tls_mode, ParseTlsMode(value));
    } else if (key == "sslrootcert") {
      options.tls_ca_path = value;
    } else if (key == "sslcert") {
      options.tls_cert_path = value;
    } else if (key == "sslkey") {
      options.tls_key_path = value;
    } else if (key == "host") {
      options.host = value;  // a socket folder does not fit into the address
    } else {
      return bad("parameter \"" + key + "\" is not known (allowed: sslmode, sslrootcert, sslcert, sslkey, host)");
    }
  }
  if ((options.tls_mode == TlsMode::kVerifyCa || options.tls_mode == TlsMode::kVerifyFull) && options.tls_ca_path.empty()) {
    return bad("sslmode verify-ca and verify-full need sslrootcert=FILE");
  }
  return options;
}

}  // namespace kuma::store::postgres
