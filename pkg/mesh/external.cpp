#include "pkg/mesh/external.h"

#include <algorithm>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/mesh/endpoints.h"
#include "pkg/resources/validate.h"

namespace kuma::mesh {
namespace {

constexpr std::string_view kExternalServiceTag = "kuma.io/external-service-name";

Result<std::string> ReadOptional(const Json& source, const ResourceList& secrets, const char* what) {
  if (!source.is_object()) return std::string();
  Result<std::string> read = ReadDataSource(source, secrets);
  if (!read.ok()) return Invalid("could not load " + std::string(what) + ": " + read.error().message);
  return read;
}

}  // namespace

bool IsReachableFromZone(std::string_view zone_of_service, std::string_view zone) { return zone_of_service.empty() || zone_of_service == zone; }

Result<std::string> ReadDataSource(const Json& source, const ResourceList& secrets) {
  if (const std::string name = GetString(source, "secret"); !name.empty()) {
    const auto found = std::lower_bound(secrets.begin(), secrets.end(), name, [](const ResourcePtr& secret, const std::string& wanted) { return secret->meta.name() < wanted; });
    if (found == secrets.end() || (*found)->meta.name() != name) return NotFound("secret \"" + name + "\" does not exist");
    return Base64Decode(GetString((*found)->spec, "data"));
  }
  if (const std::string text = GetString(source, "inlineString"); !text.empty()) return text;
  if (const std::string text = GetString(source, "inline"); !text.empty()) return Base64Decode(text);
  if (const std::string path = GetString(source, "file"); !path.empty()) return ReadFile(path);
  return Invalid("a data source needs one of: secret, inline, inlineString, file");
}

Result<Endpoint> ExternalServiceEndpoint(const Resource& service, const ExternalSources& sources) {
  const Json& networking = Get(service.spec, "networking");
  const Json& tls = Get(networking, "tls");
  auto external = std::make_shared<ExternalEndpoint>();
  external->protocol = Protocol::kUnknown;  // its tag says
  external->tls_enabled = GetBool(tls, "enabled");
  external->allow_renegotiation = GetBool(tls, "allowRenegotiation");
  external->skip_hostname_verification = GetBool(tls, "skipHostnameVerification");
  external->server_name = GetString(tls, "serverName");
  KUMA_TRY_ASSIGN(external->ca_cert, ReadOptional(Get(tls, "caCert"), sources.secrets, "caCert"));
  KUMA_TRY_ASSIGN(external->client_cert, ReadOptional(Get(tls, "clientCert"), sources.secrets, "clientCert"));
  KUMA_TRY_ASSIGN(external->client_key, ReadOptional(Get(tls, "clientKey"), sources.secrets, "clientKey"));

  Endpoint endpoint;
  const auto parts = resources::SplitHostPort(GetString(networking, "address"));
  const auto port = ParseInt(parts ? parts->port : "");
  if (!parts || !port) return Invalid("networking.address is not host:port");
  endpoint.address = parts->host;
  endpoint.port = static_cast<uint32_t>(*port);
  endpoint.tags = TextMembers(Get(service.spec, "tags"));
  const auto zone = endpoint.tags.find(kZoneTag);
  endpoint.locality = LocalityOf(sources.zone, zone == endpoint.tags.end() ? std::string_view() : std::string_view(zone->second), sources.locality_aware);
  // Hosts with TLS of their own are told apart by this tag.
  if (external->tls_enabled) endpoint.tags[std::string(kExternalServiceTag)] = service.meta.name();
  endpoint.external = std::move(external);
  return endpoint;
}

Result<std::vector<Endpoint>> MeshExternalServiceEndpoints(const Destination& service, const ExternalSources& sources) {
  const Json& spec = service.resource->spec;
  const Json& hosts = Get(spec, "endpoints");
  auto external = std::make_shared<ExternalEndpoint>();
  external->protocol = ParseProtocol(GetString(Get(spec, "match"), "protocol", "tcp"));
  external->tls = Get(spec, "tls");
  external->tls_enabled = GetBool(external->tls, "enabled");
  if (external->tls_enabled) {
    const Json& verification = Get(external->tls, "verification");
    const std::string mode = GetString(verification, "mode");
    const bool skip_all = mode == "SkipAll";
    external->allow_renegotiation = GetBool(external->tls, "allowRenegotiation");
    external->skip_hostname_verification = skip_all || mode == "SkipSAN";
    KUMA_TRY_ASSIGN(std::string ca, ReadOptional(Get(verification, "caCert"), sources.secrets, "caCert"));
    if (!skip_all && mode != "SkipCA") external->ca_cert = std::move(ca);
    const Json& cert = Get(verification, "clientCert");
    const Json& key = Get(verification, "clientKey");
    if (!skip_all && cert.is_object() && key.is_object()) {
      KUMA_TRY_ASSIGN(external->client_cert, ReadOptional(cert, sources.secrets, "clientCert"));
      KUMA_TRY_ASSIGN(external->client_key, ReadOptional(key, sources.secrets, "clientKey"));
    }
    if (!external->skip_hostname_verification) external->server_name = GetString(verification, "serverName");
    if (external->server_name.empty() && hosts.is_array() && !hosts.empty()) {
      const std::string first = GetString(hosts[0], "address");
      if (resources::IsDnsName(first) && !resources::IsIp(first)) external->server_name = first;
    }
  }

  std::vector<Endpoint> out;
  const Labels& labels = service.resource->meta.labels;
  for (const Json& host : hosts) {
    Endpoint endpoint;
    const std::string address = GetString(host, "address");
    constexpr std::string_view kUnix = "unix://";
    if (address.starts_with(kUnix)) {
      endpoint.unix_path = address.substr(kUnix.size());
    }
    endpoint.address = address;
    endpoint.port = static_cast<uint32_t>(GetInt(host, "port"));
    endpoint.tags = Tags(labels.begin(), labels.end());
    const auto priority = static_cast<uint32_t>(GetInt(host, "priority"));
    endpoint.locality = Locality{{}, "priority-" + std::to_string(priority), priority, 0};
    endpoint.external = external;
    out.push_back(std::move(endpoint));
  }
  return out;
}

}  // namespace kuma::mesh
