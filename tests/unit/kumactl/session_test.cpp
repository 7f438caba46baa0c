// Configuration, credentials, TLS and tokens.
#include <catch2/catch.hpp>

#include <sys/stat.h>

#include "pkg/base/json.h"
#include "pkg/base/strings.h"
#include "pkg/kumactl/client.h"
#include "pkg/tokens/signing_keys.h"
#include "pkg/tokens/validator.h"
#include "tests/unit/kumactl/fake_server.h"

namespace kuma::kumactl {

TEST_CASE("control planes are added, listed, switched and removed") {
  Bench bench;
  CHECK(bench.Run({"config", "control-planes", "list"}).out == "ACTIVE   NAME    ADDRESS\n*        local   http://localhost:5681\n");
  const Outcome added = bench.Run({"config", "control-planes", "add", "--name=prod", "--address=http://kuma.internal:5681", "--headers",
                                   "a=b", "--auth-type=tokens", "--auth-conf", "token=secret"});
  CHECK(added.out == "added Control Plane \"prod\"\nswitched active Control Plane to \"prod\"\n");
  CHECK(added.err == "WARNING: credentials go to http://kuma.internal:5681 without encryption; use its https address.\n");
  CHECK(bench.server->requests.back().url == "http://kuma.internal:5681/");
  CHECK(bench.server->requests.back().headers.Get("authorization") == "Bearer secret");
  CHECK(bench.server->requests.back().headers.Get("a") == "b");
  struct stat info {};
  REQUIRE(::stat((bench.home + "/.kumactl/config").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(bench.Run({"config", "control-planes", "list"}).out ==
        "ACTIVE   NAME    ADDRESS\n         local   http://localhost:5681\n*        prod    http://kuma.internal:5681\n");
  CHECK(bench.Run({"config", "control-planes", "add", "--name=prod", "--address=http://other:5681"}).err ==
        "Error: Control Plane with name \"prod\" already exists. Use --overwrite to replace an existing one.\n");
  CHECK(bench.Run({"config", "control-planes", "switch", "--name=locl"}).err ==
        "Error: there is no Control Plane with name \"locl\". Did you mean \"local\"?\n");
  CHECK(bench.Run({"config", "control-planes", "switch", "--name=local"}).out == "switched active Control Plane to \"local\"\n");
  CHECK(bench.Run({"--context=prod", "get", "meshes"}).code == 1);
  CHECK(bench.server->requests.back().url == "http://kuma.internal:5681/meshes");
  CHECK(bench.Run({"config", "control-planes", "remove", "--name=local"}).out ==
        "removed Control Plane \"local\"\nswitched active Control Plane to \"prod\"\n");
  CHECK(bench.Run({"config", "control-planes", "remove", "--name=prod"}).out ==
        "removed Control Plane \"prod\"\nthere is no active Control Plane left. Use `kumactl config control-planes add` to add a Control "
        "Plane and make it active\n");
  CHECK(bench.Run({"get", "meshes"}).err ==
        "Error: active Control Plane is not set. Use `kumactl config control-planes add` to add a Control Plane and make it active\n");
  CHECK(bench.Run({"--no-config", "version"}).out == "Client: Kuma 2.14.3\nServer: Kuma 2.14.3\n");
}

TEST_CASE("a configuration of other versions of kumactl is read and kept") {
  Bench bench;
  const std::string text =
      "contexts:\n- controlPlane: test1\n  defaults:\n    mesh: demo\n  name: test1\ncontrolPlanes:\n- coordinates:\n    apiServer:\n      "
      "skipVerify: true\n"
      "      url: https://test1.internal:5682\n  name: test1\ncurrentContext: test1\n";
  const std::string path = bench.Write("config", text);
  CHECK(bench.Run({"--config-file", path, "config", "view"}).out == text + "\n");
  const Outcome outcome = bench.Run({"--config-file", path, "get", "meshtimeouts"});
  CHECK(bench.server->log.back() == "GET /meshes/demo/meshtimeouts");
  CHECK(bench.server->requests.back().tls.skip_verify);
  CHECK(outcome.err.find(
            "WARNING: the certificate of https://test1.internal:5682 is not verified (skipVerify); use --ca-cert-file instead.\n") == 0);
  const std::string broken = bench.Write("broken", "contexts: [");
  CHECK(
      bench.Run({"--config-file", broken, "get", "meshes"}).err.find("Error: Failed to parse configuration from file \"" + broken + "\"") ==
      0);
}

TEST_CASE("https is verified unless the user says otherwise") {
  Bench bench;
  ApiServer server;
  server.url = "https://kuma.internal:5682";
  Result<io::TlsClientOptions> options = TlsOptionsFor(server, bench.home);
  REQUIRE(options);
  CHECK_FALSE(options->skip_verify);
  CHECK(options->ca_pem.empty());
  // The certificate of this user's own control plane, for this machine only.
  REQUIRE(MakeDirs(bench.home + "/.kuma"));
  bench.Write(".kuma/kuma-cp.crt", "OWN");
  CHECK(TlsOptionsFor(server, bench.home)->ca_pem.empty());
  server.url = "https://localhost:5682";
  CHECK(TlsOptionsFor(server, bench.home)->ca_pem == "OWN");
  server.ca_cert_file = bench.Write("ca.pem", "CA");
  CHECK(TlsOptionsFor(server, bench.home)->ca_pem == "CA");
  server.ca_cert_file = bench.home + "/missing.pem";
  CHECK_FALSE(TlsOptionsFor(server, bench.home));
}

TEST_CASE("a server that wants credentials or is another version is told") {
  Bench bench;
  bench.server->Answer("GET /meshes", 401, R"({"status":401,"title":"Could not authenticate","detail":"no token"})");
  const Outcome denied = bench.Run({"get", "meshes"});
  CHECK(denied.err.find("Error: Could not authenticate (no token)\nGive credentials with `kumactl config control-planes add") == 0);
  bench.server->Answer("GET /", 200, R"({"product":"Kuma","version":"2.9.0"})");
  bench.server->Answer("GET /zones", 200, R"({"items":[]})");
  CHECK(bench.Run({"get", "zones"}).err ==
        "WARNING: You are using kumactl version 2.14.3 for Kuma, but the server returned version: 2.9.0 for Kuma\n");
}

TEST_CASE("tokens come from the control plane") {
  Bench bench;
  bench.server->Answer("POST /tokens/dataplane", 200, "T1");
  bench.server->Answer("POST /tokens/zone", 200, "T2");
  bench.server->Answer("POST /tokens/user", 200, "T3");
  CHECK(bench.Run({"generate", "dataplane-token", "--name=d", "-m", "demo", "--tag", "kuma.io/service=web,api", "--valid-for=24h"}).out ==
        "T1");
  CHECK(bench.server->log.back() ==
        R"(POST /tokens/dataplane {"mesh":"demo","name":"d","tags":{"kuma.io/service":["web","api"]},"validFor":"24h0m0s"})");
  CHECK(bench.Run({"generate", "zone-token", "--zone=z", "--scope", "egress", "--valid-for=1h"}).out == "T2");
  CHECK(bench.server->log.back() == R"(POST /tokens/zone {"scope":["egress"],"validFor":"1h0m0s","zone":"z"})");
  CHECK(bench.Run({"generate", "user-token", "--name=u", "--group=a,b", "--valid-for=1h"}).out == "T3");
  CHECK(bench.server->log.back() == R"(POST /tokens/user {"groups":["a","b"],"name":"u","validFor":"1h0m0s"})");
  CHECK(bench.Run({"generate", "zone-token", "--zone=z", "--scope=moon", "--valid-for=1h"}).err ==
        "Error: invalid --scope value: moon (supported scopes: ingress, egress)\n");
  CHECK(bench.Run({"generate", "user-token", "--name=u"}).err.find("Error: required flag(s) \"valid-for\" not set") == 0);
}

TEST_CASE("keys and tokens are made without a control plane") {
  Bench bench;
  const std::string pem = bench.Run({"generate", "signing-key", "--format=pem"}).out;
  const std::string key = bench.Write("key.pem", pem);
  const Outcome public_key = bench.Run({"generate", "public-key", "--signing-key-path", key});
  CHECK(public_key.out.find("-----BEGIN RSA PUBLIC KEY-----") == 0);
  const std::string token =
      bench.Run({"generate", "dataplane-token", "--name=d", "--mesh=demo", "--valid-for=24h", "--signing-key-path", key, "--kid=7"}).out;
  CHECK(bench.server->log.empty());
  const FixedClock clock;
  tokens::ValidatorSettings settings;
  settings.public_keys = {{"7", public_key.out}};
  settings.use_secrets = false;
  tokens::SecretSource none;
  none.find = [](const std::string&, const std::string&) { return Result<std::optional<std::string>>(std::optional<std::string>()); };
  none.list = [](const std::string&, const std::string&) {
    return Result<std::vector<tokens::NamedSecret>>(std::vector<tokens::NamedSecret>());
  };
  const Result<tokens::Validator> validator = tokens::MakeDataplaneTokenValidator("demo", settings, none, clock);
  REQUIRE(validator);
  const Result<tokens::DataplaneIdentity> identity = validator->ValidateDataplane(token);
  REQUIRE(identity);
  CHECK(identity->name == "d");
  CHECK(identity->mesh == "demo");
  CHECK(bench.Run({"generate", "dataplane-token", "--valid-for=1h", "--signing-key-path", key}).err ==
        "Error: --kid is required when --signing-key-path is used\n");
  CHECK(bench.Run({"generate", "public-key", "--signing-key-path", bench.Write("x", "nothing")}).code == 1);

  const std::string cert = bench.home + "/cert.pem";
  const Outcome tls = bench.Run({"generate", "tls-certificate", "--type=server", "--hostname=localhost,127.0.0.1", "--key-type=ecdsa",
                                 "--key-file", bench.home + "/tls.key", "--cert-file", cert});
  CHECK(tls.out == "Private key saved in " + bench.home + "/tls.key\nCertificate saved in " + cert + "\n");
  const Result<io::CertificateSummary> summary = io::SummarizeCertificate(ReadFile(cert).value_or(""));
  REQUIRE(summary);
  CHECK(summary->names.size() == 2);
  CHECK(bench.Run({"generate", "tls-certificate", "--type=server", "--hostname=x", "--key-type=phoney"}).code == 2);
}

TEST_CASE("every command has help with an example") {
  const cli::Command root = MakeCommand(RealEnvironment());
  std::vector<const cli::Command*> open = {&root};
  while (!open.empty()) {
    const cli::Command* command = open.back();
    open.pop_back();
    INFO(command->name);
    CHECK_FALSE(command->summary.empty());
    if (command->run) CHECK_FALSE(command->example.empty());
    for (const cli::Command& child : command->children) open.push_back(&child);
  }
}

TEST_CASE("completion offers types and the server's names") {
  Bench bench;
  bench.server->Answer("GET /meshes/demo/dataplanes", 200, R"({"items":[{"name":"web-1"},{"name":"api-1"}]})");
  CHECK(bench.Run({"__complete", "get", "meshtim"}).out == "meshtimeouts\n");
  CHECK(bench.Run({"__complete", "get", "-m", "demo", "dataplane", "w"}).out == "web-1\n");
}

}  // namespace kuma::kumactl
