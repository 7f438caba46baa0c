#include "pkg/resources/mesh_external_service/type.h"

#include <algorithm>

#include "pkg/resources/common_fields.h"
#include "pkg/resources/destination.h"
#include "pkg/resources/validate.h"

namespace kuma::resources {
namespace {

void CheckTls(Checker& checker, const Path& path, const Json& tls) {
  if (const Json& version = Get(tls, "version"); !version.is_null()) CheckTlsVersions(checker, path.Field("version"), version);
  const Json& verification = Get(tls, "verification");
  if (verification.is_null()) return;
  const Path at = path.Field("verification");
  const Json& server_name = Get(verification, "serverName");
  if (server_name.is_string() && !IsDnsName(server_name.get<std::string>())) checker.Add(at.Field("serverName"), "must be a valid DNS name");
  const bool has_cert = verification.contains("clientCert");
  const bool has_key = verification.contains("clientKey");
  if (has_cert && !has_key) checker.Add(at.Field("clientKey"), "must be defined when clientCert is defined");
  if (!has_cert && has_key) checker.Add(at.Field("clientCert"), "must be defined when clientKey is defined");
}

void ValidateExternal(const Resource& service, const ValidationContext&, std::vector<Violation>& violations) {
  Checker checker(violations);
  const Path path("spec");
  if (const Json& extension = Get(service.spec, "extension"); !extension.is_null()) {
    // The extension looks at endpoints and tls itself.
    if (GetString(extension, "type").empty()) checker.Add(path.Field("extension").Field("type"), std::string(kMustNotBeEmpty));
    return;
  }
  const Json& endpoints = Get(service.spec, "endpoints");
  for (size_t i = 0; i < endpoints.size(); ++i) {
    const std::string address = GetString(endpoints[i], "address");
    if (!IsIp(address) && !IsDnsName(address)) {
      checker.Add(path.Field("endpoints").Index(i).Field("address"), "address has to be a valid IP or hostname");
    }
  }
  if (const Json& tls = Get(service.spec, "tls"); !tls.is_null()) CheckTls(checker, path.Field("tls"), tls);
}

}  // namespace

TypeDescriptor MakeMeshExternalServiceType() {
  TypeDescriptor type = DestinationType("MeshExternalService", "meshexternalservices", "extsvc", "Mesh External Service", "Mesh External Services",
                                        "meshexternalservice");
  type.system_namespace_only = true;
  type.kds.global_to_zone = true;
  type.kds.zone_to_global = true;
  type.schema = Schema{
      {Field::Object("match",
                     {Field::Enum("type", {"HostnameGenerator"}, "How traffic is recognised.").Default("HostnameGenerator"),
                      Field::Int("port", "Port that clients use.").Required().Min(1).Max(65535),
                      Field::Enum("protocol", {"tcp", "grpc", "http", "http2"}, "Protocol.").Default("tcp")},
                     "Which traffic goes there.")
           .Required(),
       Extension("extension", "type"),
       Field::List("endpoints",
                   Field::Object("",
                                 {Field::String("address", "IP address or host name.").Required().MinLength(1),
                                  Field::Int("port", "Port.").Required().Min(1).Max(65535),
                                  Field::Int("priority", "Lower is preferred; others are for failover.", FieldKind::kUint32).Min(0).Max(128)},
                                 ""),
                   "Where traffic is sent."),
       Field::Object("tls",
                     {Field::Bool("enabled", "Whether the proxy originates TLS.").Default(false), TlsVersions("version"),
                      Field::Bool("allowRenegotiation", "Allow TLS renegotiation; not recommended.").Default(false),
                      Field::Object("verification",
                                    {Field::Enum("mode", {"SkipSAN", "SkipCA", "Secured", "SkipAll"}, "What is checked.").Default("Secured"),
                                     Field::String("serverName", "Server name sent in the handshake."),
                                     Field::List("subjectAltNames",
                                                 Field::Object("",
                                                               {Field::Enum("type", {"Exact", "Prefix"}, "How to compare.").Default("Exact"),
                                                                Field::String("value", "The name.").Required()},
                                                               ""),
                                                 "Names the certificate must have."),
                                     DataSource("caCert", "CA of the server."), DataSource("clientCert", "Certificate of the client."),
                                     DataSource("clientKey", "Key of the client.")},
                                    "Check of the server's certificate.")},
                     "TLS towards the endpoints.")}};
  type.status_schema = Schema{{Field::Object("vip", {Field::String("ip", "The address.")}, "Virtual address."), Addresses(), HostnameGenerators()}};
  type.validate = ValidateExternal;
  type.admit = [](const Resource& service, const WriteContext&, std::vector<Violation>& violations) {
    Checker checker(violations);
    CheckLength(checker, Path("name"), 63, DisplayName(service.meta));
  };
  return type;
}

}  // namespace kuma::resources
