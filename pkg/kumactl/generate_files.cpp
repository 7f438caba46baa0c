// kumactl generate signing-key, public-key and tls-certificate: made here, without a control plane.
#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/ca/control_plane_certs.h"
#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/session.h"
#include "pkg/tokens/signing_keys.h"

namespace kuma::kumactl {
namespace {

Result<int> RunSigningKey(Session& session) {
  KUMA_TRY_ASSIGN(const std::string key, tokens::NewSigningKeyData());
  session.out() << (session.invocation().GetString("format") == "pem" ? key : Base64Encode(key)) << std::flush;
  return 0;
}

Result<int> RunPublicKey(Session& session) {
  const Result<std::string> data = ReadFile(session.invocation().GetString("signing-key-path"));
  if (!data) return Invalid("could not read a signing key file: " + data.error().ToString());
  if (!Contains(*data, "PRIVATE KEY-----")) {
    return Invalid("provided file is not a PEM-encoded signing key; `kumactl generate signing-key --format=pem` makes one");
  }
  const Result<std::string> key = tokens::PublicKeyOf(*data);
  if (!key) return Invalid("could not extract public key: " + key.error().ToString());
  session.out() << *key << std::flush;
  return 0;
}

Status WritePem(Session& session, const std::string& path, const std::string& pem, int mode) {
  if (path != "-") return WriteFileAtomic(path, pem, mode);
  session.out() << pem << std::flush;
  return Ok();
}

Result<int> RunTlsCertificate(Session& session) {
  const cli::Invocation& invocation = session.invocation();
  const std::vector<std::string> hosts = invocation.GetList("hostname");
  if (hosts.empty()) return Invalid("at least one hostname must be given");
  const ca::CertPurpose purpose = invocation.GetString("type") == "client" ? ca::CertPurpose::kClient : ca::CertPurpose::kServer;
  const ca::KeySpec key = invocation.GetString("key-type") == "ecdsa" ? ca::kEcP256 : ca::kRsa2048;
  const Result<ca::KeyPair> pair = ca::SelfSignedCert(purpose, key, hosts, ca::GenerateKey, session.environment().clock);
  if (!pair) return Internal("could not generate certificate: " + pair.error().ToString());
  const std::string key_file = invocation.GetString("key-file");
  const std::string cert_file = invocation.GetString("cert-file");
  KUMA_TRY(WritePem(session, key_file, pair->key_pem, 0400));
  KUMA_TRY(WritePem(session, cert_file, pair->cert_pem, 0600));
  if (key_file != "-" && cert_file != "-") {
    session.out() << "Private key saved in " << key_file << "\nCertificate saved in " << cert_file << "\n";
  }
  return 0;
}

}  // namespace

cli::Command MakeSigningKeyCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "signing-key";
  command.summary = "Generate a private key for signing tokens";
  command.example =
      "# A new key that signs user tokens from now on\n"
      "printf 'type: GlobalSecret\\nname: user-token-signing-key-0002\\ndata: {{ key }}\\n' |\n"
      "  kumactl apply --var key=$(kumactl generate signing-key --format=pem-base64) -f -";
  command.flags = {{.name = "format", .default_value = "pem-base64", .help = "format of signing key", .choices = {"pem-base64", "pem"}}};
  command.run = Runs(environment, RunSigningKey);
  return command;
}

cli::Command MakePublicKeyCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "public-key";
  command.summary = "Generate a public key for validating tokens out of a signing key";
  command.example =
      "kumactl generate signing-key --format=pem > /tmp/key.pem\n"
      "kumactl generate public-key --signing-key-path=/tmp/key.pem";
  command.flags = {
      {.name = "signing-key-path", .value_name = "FILE", .help = "path to a file with PEM-encoded private signing key", .required = true}};
  command.run = Runs(environment, RunPublicKey);
  return command;
}

cli::Command MakeTlsCertificateCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "tls-certificate";
  command.summary = "Generate a self signed TLS certificate and its key";
  command.example =
      "# For an HTTPS server, for a client of one\n"
      "kumactl generate tls-certificate --type=server --hostname=localhost\n"
      "kumactl generate tls-certificate --type=client --hostname=dataplane-1";
  command.flags = {
      {.name = "type", .help = "type of the certificate", .required = true, .choices = {"client", "server"}},
      {.name = "hostname",
       .type = cli::FlagType::kStringList,
       .value_name = "HOST",
       .help = "DNS hostname(s) and IP addresses to issue the certificate for",
       .required = true},
      {.name = "key-file",
       .value_name = "FILE",
       .default_value = "key.pem",
       .help = "path to a file with a generated private key ('-' for stdout)"},
      {.name = "cert-file",
       .value_name = "FILE",
       .default_value = "cert.pem",
       .help = "path to a file with a generated TLS certificate ('-' for stdout)"},
      {.name = "key-type", .help = "type of the private key (default: rsa)", .choices = {"rsa", "ecdsa"}},
  };
  command.run = Runs(environment, RunTlsCertificate);
  return command;
}

}  // namespace kuma::kumactl
