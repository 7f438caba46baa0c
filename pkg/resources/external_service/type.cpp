#include "pkg/resources/external_service/type.h"

#include "pkg/base/strings.h"
#include "pkg/resources/common_fields.h"
#include "pkg/resources/validate.h"

namespace kuma::resources {
namespace {

void CheckExternalAddress(Checker& checker, const Path& path, const std::string& address) {
  const Path at = path.Field("address");
  if (address.empty()) {
    checker.Add(at, "address can't be empty");
    return;
  }
  const auto parts = SplitHostPort(address);
  const std::string host = parts ? parts->host : "";
  if (!parts) checker.Add(at, "unable to parse address");
  if (!IsIp(host) && !IsDnsName(host)) checker.Add(at, "address has to be a valid IP address or a domain name");
  const auto port = ParseInt(parts ? parts->port : "");
  if (!port || *port < 0) checker.Add(at, "unable to parse port in address");
  CheckProtoPort(checker, at, port.value_or(0));
}

void ValidateExternalService(const Resource& service, const ValidationContext&, std::vector<Violation>& violations) {
  Checker checker(violations);
  const Path path("networking");
  const Json& networking = Get(service.spec, "networking");
  if (networking.is_null()) {
    checker.Add(path, "should have networking");
  } else {
    CheckExternalAddress(checker, path, GetString(networking, "address"));
  }
  const Json& tls = Get(networking, "tls");
  if (const Json& name = Get(tls, "serverName"); name.is_string() && name.get_ref<const std::string&>().empty()) {
    checker.Add(path.Field("tls").Field("serverName"), "cannot be empty");
  }
  for (const char* part : {"caCert", "clientCert", "clientKey"}) {
    const Json& source = Get(tls, part);
    if (source.is_null()) continue;
    bool empty = true;
    for (const auto& [key, value] : source.items()) empty = empty && (!value.is_string() || value.get_ref<const std::string&>().empty());
    if (empty) checker.Add(path.Field("tls").Field(part), "data source cannot be empty");
  }
  const Json& tags = Get(service.spec, "tags");
  CheckTags(checker, Path("tags"), tags, {.require_service = true, .extra = [](Checker& c, const Path& at, const Json& given) {
              const Json& protocol = Get(given, kProtocolTag);
              if (protocol.is_string() && !IsKnownProtocol(protocol.get<std::string>())) {
                c.Add(at.Key(kProtocolTag), "tag \"kuma.io/protocol\" has an invalid value " + QuoteGo(protocol.get<std::string>()) + ". " +
                                                AllowedValuesHint(SupportedProtocols()));
              }
            }});
  const std::string name = GetString(tags, kServiceTag);
  const auto parts = SplitHostPort(GetString(networking, "address"));
  if (!name.empty() && parts && parts->host == name) {
    checker.Add(Path("tags").Key(kServiceTag), "cannot be the same as networking.address");
  }
}

}  // namespace

TypeDescriptor MakeExternalServiceType() {
  TypeDescriptor type;
  type.name = "ExternalService";
  type.path = "external-services";
  type.singular_display = "External Service";
  type.plural_display = "External Services";
  type.kumactl_arg = "external-service";
  type.inlined_spec = true;
  type.kds.global_to_zone = true;
  type.schema = ProtoSchema(
      {Field::Object("networking",
                     {Field::String("address", "host:port of the service."),
                      Field::Object("tls",
                                    {Field::Bool("enabled", "Whether the proxy originates TLS."), ProtoDataSource("caCert", "CA of the server."),
                                     ProtoDataSource("clientCert", "Certificate of the client."), ProtoDataSource("clientKey", "Key of the client."),
                                     Field::Bool("allowRenegotiation", "Allow TLS renegotiation.").KeepZero(),
                                     Field::String("serverName", "Server name sent in the handshake.").KeepZero(),
                                     Field::Bool("skipHostnameVerification", "Do not check the name.").KeepZero()},
                                    "TLS towards the service."),
                      Field::Bool("disableHostDNSEntry", "Do not answer DNS queries for the host.")},
                     "Where it is."),
       StringMap("tags", "Tags of the service.")});
  type.validate = ValidateExternalService;
  return type;
}

}  // namespace kuma::resources
