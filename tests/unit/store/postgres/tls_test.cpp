#include <catch2/catch.hpp>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pkg/base/files.h"
#include "pkg/store/postgres/connection.h"
#include "tests/support/postgres_server.h"

namespace kuma::store::postgres {
namespace {

// A certificate for `name` by `issuer`, or by itself.
struct Signed {
  X509* cert = nullptr;
  EVP_PKEY* key = nullptr;

  Signed(const std::string& name, const std::string& san, const Signed* issuer) {
    key = EVP_EC_gen("P-256");
    cert = X509_new();
    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), issuer != nullptr ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), -60);
    X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
    X509_set_pubkey(cert, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(cert, X509_get_subject_name(issuer != nullptr ? issuer->cert : cert));
    Extend(NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
    if (!san.empty()) Extend(NID_subject_alt_name, san.c_str());
    X509_sign(cert, issuer != nullptr ? issuer->key : key, EVP_sha256());
  }
  ~Signed() {
    X509_free(cert);
    EVP_PKEY_free(key);
  }
  Signed(const Signed&) = delete;

  void Extend(int nid, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
  }
  // FOLDER/NAME.crt and .key, readable by the server's user.
  void Save(const std::string& folder, const std::string& name) const {
    const auto write = [&](const std::string& path, auto&& print) {
      BIO* bio = BIO_new(BIO_s_mem());
      print(bio);
      char* data = nullptr;
      const long size = BIO_get_mem_data(bio, &data);
      REQUIRE(WriteFileAtomic(path, std::string_view(data, static_cast<size_t>(size)), 0600).ok());
      BIO_free(bio);
    };
    write(folder + "/" + name + ".crt", [&](BIO* bio) { PEM_write_bio_X509(bio, cert); });
    write(folder + "/" + name + ".key", [&](BIO* bio) { PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr); });
  }
};

}  // namespace

TEST_CASE("TLS modes") {
  char folder_name[] = "/tmp/kuma-pg-tls-XXXXXX";
  const std::string folder = mkdtemp(folder_name);
  const Signed authority("authority", "", nullptr);
  const Signed stranger("stranger", "", nullptr);
  authority.Save(folder, "ca");
  stranger.Save(folder, "stranger");
  Signed("anything", "IP:127.0.0.1", &authority).Save(folder, "server");
  Signed("anything", "DNS:db.example.com", &authority).Save(folder, "misnamed");
  Signed("kuma", "", &authority).Save(folder, "client");
  Signed("kuma", "", &stranger).Save(folder, "false-client");
  if (const passwd* nobody = getpwnam("nobody"); geteuid() == 0 && nobody != nullptr) {
    for (const char* name : {"server.crt", "server.key", "misnamed.crt", "misnamed.key"}) {
      REQUIRE(chown((folder + "/" + name).c_str(), nobody->pw_uid, nobody->pw_gid) == 0);
    }
    chmod((folder + "/ca.crt").c_str(), 0644);
    chmod(folder.c_str(), 0755);
  }

  struct Server {
    const char* certificate;
    const char* rule;
  };
  // tls only; with client certificates; with a certificate for another name.
  const Server servers[] = {{"server", "hostssl all all all scram-sha-256"}, {"server", "hostssl all all all cert"}, {"misnamed", "hostssl all all all scram-sha-256"}};
  struct Row {
    size_t server;
    TlsMode mode;
    const char* ca;
    const char* client;
    const char* says;  // null: connects
  };
  const Row rows[] = {
      {0, TlsMode::kDisable, "", "", "no pg_hba.conf entry"},
      {0, TlsMode::kVerifyNone, "", "", nullptr},
      {0, TlsMode::kVerifyNone, "stranger", "", nullptr},  // no verification means none
      {0, TlsMode::kVerifyCa, "ca", "", nullptr},
      {0, TlsMode::kVerifyCa, "stranger", "", "certificate verify failed"},
      {0, TlsMode::kVerifyFull, "ca", "", nullptr},
      {1, TlsMode::kVerifyFull, "ca", "", "requires a valid client certificate"},
      {1, TlsMode::kVerifyFull, "ca", "client", nullptr},
      {1, TlsMode::kVerifyFull, "ca", "false-client", "unknown ca"},
      {2, TlsMode::kVerifyNone, "", "", nullptr},
      {2, TlsMode::kVerifyCa, "ca", "", nullptr},
      {2, TlsMode::kVerifyFull, "ca", "", "does not match host name"},
      {2, TlsMode::kVerifyFull, "nothing", "", "does not exist"},
  };
  for (size_t i = 0; i < std::size(servers); ++i) {
    Result<std::unique_ptr<test::PostgresServer>> server =
        test::PostgresServer::Start({"ssl = on", "ssl_cert_file = '" + folder + "/" + servers[i].certificate + ".crt'",
                                     "ssl_key_file = '" + folder + "/" + servers[i].certificate + ".key'", "ssl_ca_file = '" + folder + "/ca.crt'"},
                                    {servers[i].rule});
    if (!server.ok()) FAIL(server.error().ToString());
    for (size_t row = 0; row < std::size(rows); ++row) {
      if (rows[row].server != i) continue;
      INFO("row " << row);
      Options options = (*server)->OptionsOf("postgres");
      options.tls_mode = rows[row].mode;
      if (*rows[row].ca != '\0') options.tls_ca_path = folder + "/" + rows[row].ca + ".crt";
      if (*rows[row].client != '\0') {
        options.tls_cert_path = folder + "/" + rows[row].client + ".crt";
        options.tls_key_path = folder + "/" + rows[row].client + ".key";
      }
      const auto connection = Connection::Open(options);
      if (rows[row].says == nullptr) {
        if (!connection.ok()) FAIL_CHECK(connection.error().ToString());
      } else if (connection.ok()) {
        FAIL_CHECK("connected, but should have failed with: " << rows[row].says);
      } else {
        CHECK_THAT(connection.error().message, Catch::Contains(rows[row].says, Catch::CaseSensitive::No));
      }
    }
  }
  std::system(("rm -rf " + folder).c_str());
}

TEST_CASE("addresses of databases") {
  struct Row {
    const char* url;
    const char* expected;  // user|password|host|port|database, or a part of the error
    bool ok;
  };
  const Row rows[] = {
      {"postgres://u:p@db:5433/kuma", "u|p|db|5433|kuma", true},
      {"postgresql://u:p%40%2F@[::1]/kuma?sslmode=disable", "u|p@/|::1|5432|kuma", true},
      {"postgres://u@db/kuma", "u||db|5432|kuma", true},
      {"postgres://u@/kuma?host=/run/pg", "u||/run/pg|5432|kuma", true},
      {"mysql://u@db/kuma", "begins with postgres://", false},
      {"postgres://u@db:x/kuma", "port", false},
      {"postgres://u@db/", "no database", false},
      {"postgres://u@db/kuma?sslmode=verify-full", "sslrootcert", false},
      {"postgres://u@db/kuma?sslmode=maybe", "TLS mode \"maybe\"", false},
      {"postgres://u@db/kuma?x=y", "parameter \"x\"", false},
  };
  for (const Row& row : rows) {
    INFO(row.url);
    const Result<Options> options = ParseUrl(row.url);
    REQUIRE(options.ok() == row.ok);
    if (options.ok()) {
      CHECK(options->user + "|" + options->password + "|" + options->host + "|" + std::to_string(options->port) + "|" + options->database == row.expected);
    } else {
      CHECK_THAT(options.error().message, Catch::Contains(row.expected));
    }
  }
}

}  // namespace kuma::store::postgres
