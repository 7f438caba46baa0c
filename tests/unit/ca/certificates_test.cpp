#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "pkg/base/files.h"
#include "pkg/ca/control_plane_certs.h"
#include "pkg/ca/key_pool.h"
#include "pkg/ca/leaf_issuer.h"
#include "pkg/ca/mesh_ca.h"
#include "pkg/ca/spiffe_id.h"

namespace kuma::ca {
namespace {

using std::chrono::hours;
using std::chrono::seconds;
using Texts = std::vector<std::string>;

struct FixedClock : Clock {
  SystemTime now = SystemTime(seconds(1'800'000'000)) + std::chrono::milliseconds(700);
  SystemTime Now() const override { return now; }
  MonotonicTime Monotonic() const override { return {}; }
};

template <typename T>
T Must(Result<T> result) {
  INFO((result.ok() ? std::string() : result.error().ToString()));
  REQUIRE(result.ok());
  return *std::move(result);
}

const KeyPair& RsaRoot() {
  static const KeyPair root = Must(MakeRoot("demo", {}, GenerateKey, FixedClock()));
  return root;
}

TEST_CASE("keys survive their PEM form") {
  struct Case {
    KeySpec spec;
    const char* header;
    const char* description;
  };
  const Case cases[] = {{kRsa2048, "-----BEGIN RSA PRIVATE KEY-----", "RSA-2048"},
                        {{KeySpec::Kind::kRsa, 1024}, "-----BEGIN RSA PRIVATE KEY-----", "RSA-1024"},
                        {{KeySpec::Kind::kRsa, 1027}, "-----BEGIN RSA PRIVATE KEY-----", "RSA-1027"},
                        {kEcP256, "-----BEGIN EC PRIVATE KEY-----", "EC-P256"},
                        {{KeySpec::Kind::kEc, 384}, "-----BEGIN EC PRIVATE KEY-----", "EC-P384"}};
  for (const Case& c : cases) {
    const PrivateKey key = Must(GenerateKey(c.spec));
    CHECK(key.Description() == c.description);
    const std::string pem = Must(key.ToPem());
    CHECK(pem.starts_with(c.header));
    CHECK(Must(Must(PrivateKey::FromPem(pem)).ToPem()) == pem);
  }
  for (const KeySpec& spec : {KeySpec{KeySpec::Kind::kRsa, 512}, KeySpec{KeySpec::Kind::kRsa, 1 << 20}, KeySpec{KeySpec::Kind::kEc, 255}}) {
    CHECK(GenerateKey(spec).error().code == ErrorCode::kInvalid);
  }
  CHECK_FALSE(PrivateKey::FromPem("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n").ok());
}

TEST_CASE("a process that ends does not wait for keys") {
  const std::atomic<bool> cancelled{true};
  CHECK(GenerateKeyUnless(cancelled, {KeySpec::Kind::kRsa, 8192}).error().code == ErrorCode::kUnavailable);  // would take seconds
  KeyPool pool(1);
  pool.Start();
  pool.Stop();
  if (pool.Ready() == 0) CHECK(pool.Take(kRsa2048).error().code == ErrorCode::kUnavailable);
}

TEST_CASE("root of a mesh") {
  const FixedClock clock;
  const CertFacts root = Must(ParseCertificate(RsaRoot().cert_pem));
  CHECK(root.subject == "CN=demo,OU=Mesh,O=Kuma");
  CHECK(root.issuer == root.subject);
  CHECK(root.uri_sans == Texts{"spiffe://demo"});
  CHECK(root.is_ca);
  CHECK(root.self_signed);
  CHECK(root.key == "RSA-2048");
  CHECK(root.key_usage == Texts{"keyCertSign", "cRLSign"});
  CHECK(root.ext_key_usage.empty());
  CHECK(root.not_before == SystemTime(seconds(1'799'999'990)));
  CHECK(root.not_after == SystemTime(seconds(1'800'000'000)) + hours(87600));
  CHECK(ValidateProvidedCa(RsaRoot()).empty());
  const KeyPair eternal = Must(MakeRoot("demo", {kEcP256, Must(ParseValidity("290y"))}, GenerateKey, clock));
  CHECK(Must(ParseCertificate(eternal.cert_pem)).not_after > clock.now + hours(87600 * 20));
  CHECK(MakeRoot("Demo", {}, GenerateKey, clock).error().message ==
        "trust domain characters are limited to lowercase letters, numbers, dots, dashes, and underscores");
}

TEST_CASE("workload certificates") {
  const FixedClock clock;
  const TagSet tags{{"kuma.io/service", {"web-api", "web"}}, {"version", {"v1"}}};
  const Texts uris{"spiffe://demo/web", "spiffe://demo/web-api", "kuma://kuma.io/service/web", "kuma://kuma.io/service/web-api", "kuma://version/v1"};
  int loads = 0;
  KeyPair root = RsaRoot();
  AuthorityIssuer issuer([&](const std::string&, const std::string&) -> Result<KeyPair> { return ++loads, root; }, GenerateKey, clock);
  const IssuedPair pair = Must(issuer.Issue({"demo", "ca-1", Must(WorkloadUris("demo", tags)), hours(2)}));
  const CertFacts leaf = Must(ParseCertificate(pair.cert_pem));
  CHECK(leaf.subject.empty());
  CHECK(leaf.issuer == "CN=demo,OU=Mesh,O=Kuma");
  CHECK(leaf.uri_sans == uris);
  CHECK_FALSE(leaf.is_ca);
  CHECK(leaf.key == "RSA-2048");
  CHECK(leaf.key_usage == Texts{"digitalSignature", "keyEncipherment", "keyAgreement"});
  CHECK(leaf.ext_key_usage == Texts{"serverAuth", "clientAuth"});
  CHECK(leaf.not_before == pair.not_before);
  CHECK(leaf.not_after == pair.not_after);
  CHECK(pair.not_after == SystemTime(seconds(1'800'007'200)));
  CHECK(pair.ca_pems == Texts{root.cert_pem});
  CHECK(CheckPair({pair.cert_pem, pair.key_pem}).ok());
  CHECK(NextRotation(pair) > clock.now + std::chrono::minutes(95));
  CHECK(NextRotation(pair) <= clock.now + std::chrono::minutes(96));
  CHECK_FALSE(NeedsRotation(pair, clock.now + std::chrono::minutes(95)));
  CHECK(NeedsRotation(pair, clock.now + std::chrono::minutes(97)));

  CHECK(VerifyChain(pair.cert_pem, root.cert_pem, clock.now, CertPurpose::kServer).ok());
  CHECK(VerifyChain(pair.cert_pem, root.cert_pem, clock.now, CertPurpose::kClient).ok());
  CHECK_FALSE(VerifyChain(pair.cert_pem, root.cert_pem, clock.now + hours(3)).ok());
  const KeyPair other = Must(MakeRoot("demo", {kEcP256, hours(1)}, GenerateKey, clock));
  CHECK_FALSE(VerifyChain(pair.cert_pem, other.cert_pem, clock.now).ok());

  SECTION("a replaced authority signs the next leaf, with keys of its kind") {
    root = other;
    const IssuedPair next = Must(issuer.Issue({"demo", "ca-1", uris, hours(1)}));
    CHECK(VerifyChain(next.cert_pem, other.cert_pem, clock.now).ok());
    CHECK(Must(ParseCertificate(next.cert_pem)).key == "EC-P256");
  }
  SECTION("errors name mesh and backend") {
    AuthorityIssuer broken([](const std::string&, const std::string&) -> Result<KeyPair> { return NotFound("gone"); }, GenerateKey, clock);
    const Error error = broken.Issue({"demo", "ca-1", uris, hours(1)}).error();
    CHECK(error.message == "failed to load CA key pair for Mesh \"demo\" and backend \"ca-1\": gone");
    CHECK(error.code == ErrorCode::kNotFound);
    CHECK_FALSE(issuer.Issue({"demo", "ca-1", {"kuma://a/\xff"}, hours(1)}).ok());
  }
}

TEST_CASE("pairs that do not fit are told apart") {
  const FixedClock clock;
  const KeyPair ec = Must(MakeRoot("demo", {kEcP256, hours(1)}, GenerateKey, clock));
  const KeyPair ec2 = Must(MakeRoot("demo", {kEcP256, hours(1)}, GenerateKey, clock));
  struct Case {
    KeyPair pair;
    const char* message;
  };
  const Case cases[] = {
      {{"", ec.key_pem}, "tls: failed to find any PEM data in certificate input"},
      {{ec.key_pem, ec.key_pem},
       "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched"},
      {{ec.cert_pem, "x"}, "tls: failed to find any PEM data in key input"},
      {{ec.cert_pem, ec.cert_pem}, "tls: found a certificate rather than a key in the PEM for the private key"},
      {{ec.cert_pem, ec2.key_pem}, "tls: private key does not match public key"},
      {{ec.cert_pem, RsaRoot().key_pem}, "tls: private key type does not match public key type"},
      {{"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", ec.key_pem}, "x509: malformed certificate"},
  };
  for (const Case& c : cases) {
    CHECK(CheckPair(c.pair).error().message == c.message);
    CHECK(ValidateProvidedCa(c.pair) == std::vector<Violation>{{"cert", std::string("not a valid TLS key pair: ") + c.message}});
  }
  const Authority authority = Must(Authority::Load(ec));
  const IssuedPair leaf = Must(IssueLeaf(authority, {"demo", "ca-1", {"spiffe://demo/a"}, hours(1)}, GenerateKey, clock));
  const std::vector<Violation> violations = ValidateProvidedCa({leaf.cert_pem, leaf.key_pem});
  CHECK(violations == std::vector<Violation>{
                          {"cert[0]", "basic constraint 'CA' must be set to 'true' (see X509-SVID: 4.1. Basic Constraints)"},
                          {"cert[0]", "key usage extension 'keyCertSign' must be set (see X509-SVID: 4.3. Key Usage)"},
                          {"cert[0]", "key usage extension 'keyAgreement' must NOT be set (see X509-SVID: Appendix A. X.509 Field Reference)"}});
  CHECK(SplitPair(ec.cert_pem + ec.key_pem)->key_pem == ec.key_pem);
  CHECK_FALSE(SplitPair(ec.cert_pem).ok());
}

TEST_CASE("validity texts") {
  const std::pair<const char*, Nanos> good[] = {{"0", {}}, {"150ms", std::chrono::milliseconds(150)}, {"1m", std::chrono::minutes(1)},
                                                {"2d", hours(48)}, {"1w", hours(168)}, {"10y", hours(87600)}};
  for (const auto& [text, expected] : good) CHECK(Must(ParseValidity(text)) == expected);
  for (const char* text : {"", "1", "h", "1h30m", "-1h", "1.5h", "1mo", "99999999999999999999y", "9999y"}) {
    CHECK(ParseValidity(text).error().message == "not a valid duration string: \"" + std::string(text) + "\"");
  }
  const RootOptions options = Must(ParseBuiltinConf({{"caCert", {{"RSAbits", 4096}, {"expiration", "1d"}}}}));
  CHECK(options.key.bits == 4096);
  CHECK(options.validity == hours(24));
  CHECK(Must(LeafValidityOf(Json::object())) == hours(24));
}

TEST_CASE("certificate of the control plane is made once") {
  const std::string folder = std::filesystem::temp_directory_path() / ("kuma-ca-test-" + std::to_string(getpid()));
  const FixedClock clock;
  const CpCertFiles first = Must(EnsureCpCert(folder, GenerateKey, clock));
  CHECK(first.generated);
  const std::string pem = Must(ReadFile(first.cert_path));
  const CertFacts facts = Must(ParseCertificate(pem));
  CHECK(facts.subject.empty());
  CHECK(facts.is_ca);
  CHECK(facts.key_usage == Texts{"digitalSignature", "keyEncipherment", "keyCertSign"});
  CHECK(facts.ext_key_usage == Texts{"serverAuth"});
  CHECK(facts.dns_sans == Texts{first.hosts[0], "localhost"});
  CHECK_FALSE(facts.ip_sans.empty());
  CHECK(facts.not_after - facts.not_before == hours(87600));
  CHECK(VerifyChain(pem, pem, clock.now, CertPurpose::kServer).ok());
  CHECK(std::filesystem::status(first.key_path).permissions() == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK_FALSE(Must(EnsureCpCert(folder, GenerateKey, clock)).generated);
  CHECK(Must(ReadFile(first.cert_path)) == pem);
  std::filesystem::remove_all(folder);
}

TEST_CASE("authority for Envoy's admin interface") {
  const FixedClock clock;
  const KeyPair pair = Must(MakeEnvoyAdminCa(GenerateKey, clock));
  const CertFacts root = Must(ParseCertificate(pair.cert_pem));
  CHECK(root.subject == "CN=Envoy Admin CA,OU=Mesh,O=Kuma");
  CHECK(root.not_after - root.not_before == hours(87600) + std::chrono::minutes(5));
  const Authority authority = Must(Authority::Load(Must(SplitPair(pair.cert_pem + pair.key_pem))));
  const KeyPair server = Must(IssueInternalCert(authority, CertPurpose::kServer, {"10.0.0.1", "fd00::1"}, GenerateKey, clock));
  const KeyPair client = Must(IssueInternalCert(authority, CertPurpose::kClient, {kEnvoyAdminClientSan}, GenerateKey, clock));
  CHECK(Must(ParseCertificate(server.cert_pem)).ip_sans == Texts{"10.0.0.1", "fd00:0:0:0:0:0:0:1"});
  CHECK(Must(ParseCertificate(client.cert_pem)).dns_sans == Texts{"kuma-cp"});
  CHECK(VerifyChain(server.cert_pem, pair.cert_pem, clock.now, CertPurpose::kServer).ok());
  CHECK(VerifyChain(client.cert_pem, pair.cert_pem, clock.now, CertPurpose::kClient).ok());
  CHECK_FALSE(VerifyChain(client.cert_pem, pair.cert_pem, clock.now, CertPurpose::kServer).ok());
}

TEST_CASE("SPIFFE IDs") {
  for (const char* good : {"spiffe://demo", "spiffe://demo.mesh.local/workload/backend", "spiffe://a/B_c.d-1"}) CHECK(ValidateSpiffeId(good).ok());
  const std::pair<const char*, const char*> bad[] = {{"", "cannot be empty"},
                                                     {"http://demo", "scheme is missing or invalid"},
                                                     {"spiffe://", "trust domain is missing"},
                                                     {"spiffe://demo/", "path cannot have a trailing slash"},
                                                     {"spiffe://demo//a", "path cannot contain empty segments"},
                                                     {"spiffe://demo/../a", "path cannot contain dot segments"},
                                                     {"spiffe://demo/a b", "path segment characters are limited to letters, numbers, dots, dashes, and underscores"}};
  for (const auto& [id, message] : bad) CHECK(ValidateSpiffeId(id).error().message == message);
}

TEST_CASE("key pool gives distinct keys to many threads") {
  KeyPool pool(2);
  pool.Start();
  std::mutex mutex;
  std::set<std::string> pems;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 3; ++k) {
        const Result<PrivateKey> key = pool.Take(kRsa2048);
        const std::lock_guard lock(mutex);
        if (key.ok()) pems.insert(key->ToPem().value_or(""));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(pems.size() == 6);
  CHECK(Must(pool.Take(kEcP256)).Description() == "EC-P256");
}

}  // namespace
}  // namespace kuma::ca
