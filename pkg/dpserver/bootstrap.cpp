#include "pkg/dpserver/bootstrap.h"

#include <arpa/inet.h>

#include <algorithm>
#include <set>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/ca/certificate.h"
#include "pkg/envoy/bootstrap.h"
#include "pkg/envoy/names.h"
#include "pkg/io/name_service.h"
#include "pkg/model/document.h"

namespace kuma::dpserver {
namespace {

constexpr const char* kTokenRequired =
    "Dataplane Token is required. Generate token using 'kumactl generate dataplane-token > /path/file' and provide it via "
    "--dataplane-token-file=/path/file argument to Kuma DP";
constexpr const char* kNotCa =
    "A data plane proxy is trying to verify the control plane using the certificate which is not a certificate authority (basic constraint "
    "'CA' is set to 'false').\nProvide CA that was used to sign a certificate used in the control plane by using 'kuma-dp run "
    "--ca-cert-file=file' or via KUMA_CONTROL_PLANE_CA_CERT_FILE";

// Errors of this handler: the code picks the status, `violations` or kInvalid the text.
constexpr int kUnprocessable = 422;

std::string HostOf(const std::string& host_header) {
  if (!host_header.empty() && host_header.front() == '[') return host_header.substr(1, host_header.find(']') - 1);
  const size_t colon = host_header.rfind(':');
  if (colon == std::string::npos || host_header.find(':') != colon) return host_header;
  return host_header.substr(0, colon);
}

std::string CanonicalIp(const std::string& text) {
  unsigned char bytes[16];
  for (const int family : {AF_INET, AF_INET6}) {
    if (inet_pton(family, text.c_str(), bytes) == 1) {
      char out[INET6_ADDRSTRLEN];
      return inet_ntop(family, bytes, out, sizeof(out));
    }
  }
  return {};
}

bool MatchesDnsName(std::string pattern, std::string host) {
  pattern = ToLower(pattern);
  host = ToLower(host);
  if (!host.empty() && host.back() == '.') host.pop_back();
  if (pattern.rfind("*.", 0) != 0) return pattern == host;
  const size_t dot = host.find('.');
  return dot != std::string::npos && dot > 0 && host.substr(dot) == pattern.substr(1);
}

// Envoy prefers IPv6 where there is any; on hosts without it a name with only IPv4 must say so.
bool HasOnlyIpv4(const std::string& host) {
  if (host == "localhost" || !CanonicalIp(host).empty()) return false;
  const std::vector<std::string> addresses = io::LookUpAddresses(host);
  return !addresses.empty() && std::all_of(addresses.begin(), addresses.end(), [](const std::string& address) { return address.find(':') == std::string::npos; });
}

std::string QuotedList(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) out += (out.size() > 1 ? " \"" : "\"") + item + "\"";
  return out + "]";
}

io::HttpResponse Text(int status, std::string body) {
  io::HttpResponse response;
  response.status = status;
  if (!body.empty()) response.headers.Set("Content-Type", "text/plain; charset=utf-8");
  response.body = std::move(body);
  return response;
}

// Applications whose metrics kuma-dp gathers: the mesh's list, overridden by name in the dataplane.
Json AggregatedMetrics(const Resource& mesh, const Resource& dataplane) {
  Json out = Json::array();
  const Json& metrics = Get(mesh.spec, "metrics");
  const std::string enabled = GetString(metrics, "enabledBackend");
  std::vector<std::pair<std::string, Json>> merged;
  auto merge = [&](const Json& conf) {
    for (const Json& entry : Get(conf, "aggregate")) {
      const std::string name = GetString(entry, "name");
      auto same = std::find_if(merged.begin(), merged.end(), [&](const auto& known) { return known.first == name; });
      if (same == merged.end()) {
        merged.emplace_back(name, entry);
      } else {
        same->second.update(entry);
      }
    }
  };
  for (const Json& backend : Get(metrics, "backends")) {
    if (enabled.empty() || GetString(backend, "name") != enabled || GetString(backend, "type") != "prometheus") continue;
    merge(Get(backend, "conf"));
    const Json& own = Get(dataplane.spec, "metrics");
    if (GetString(own, "type") == "prometheus") merge(Get(own, "conf"));
  }
  for (const auto& [name, entry] : merged) {
    if (!GetBool(entry, "enabled", true)) continue;
    out.push_back({{"name", name},
                   {"address", GetString(entry, "address", GetString(Get(dataplane.spec, "networking"), "address"))},
                   {"port", GetInt(entry, "port")},
                   {"path", GetString(entry, "path")}});
  }
  return out;
}

}  // namespace

struct BootstrapHandler::Proxy {
  Resource resource;
  std::string service;
  Resource mesh;  // of dataplanes
};

std::string IdentifyingName(const Resource& dataplane, bool inbound_tags_disabled) {
  if (inbound_tags_disabled) {
    const std::string_view workload = dataplane.Label(kWorkloadLabel);
    if (!workload.empty()) return std::string(workload);
  }
  std::set<std::string> services;
  const Json& networking = Get(dataplane.spec, "networking");
  const Json& gateway_tags = GetPath(networking, {"gateway", "tags"});
  if (gateway_tags.is_object()) {
    services.insert(GetString(gateway_tags, kServiceTag));
  } else {
    for (const Json& inbound : Get(networking, "inbound")) services.insert(GetString(Get(inbound, "tags"), kServiceTag));
  }
  services.erase("");
  return services.empty() ? "unknown" : *services.begin();
}

BootstrapHandler::BootstrapHandler(BootstrapOptions options, store::Store& store, const TypeRegistry& types, ValidationContext context)
    : options_(std::move(options)), store_(store), types_(types), context_(std::move(context)) {}

Result<Resource> BootstrapHandler::ParseInline(const BootstrapRequest& request, const std::string& type) const {
  KUMA_TRY_ASSIGN(const Json document, ParseYaml(request.dataplane_resource));
  KUMA_TRY_ASSIGN(Resource resource, FromDocument(document, types_));
  if (resource.meta.type() != type) return Internal("invalid resource");
  std::vector<Violation> violations = Validate(resource, *types_.Find(type), context_);
  if (!violations.empty()) return ViolationsError(std::move(violations));
  return resource;
}

Result<BootstrapHandler::Proxy> BootstrapHandler::FindProxy(const BootstrapRequest& request) const {
  Proxy proxy;
  std::string type;
  if (request.proxy_type == "dataplane") {
    type = "Dataplane";
  } else if (request.proxy_type == "ingress") {
    type = "ZoneIngress";
    proxy.service = "ingress";
  } else if (request.proxy_type == "egress") {
    type = "ZoneEgress";
    proxy.service = "egress";
  } else {
    return Internal("unknown proxy type " + request.proxy_type);
  }
  const std::string mesh = type == "Dataplane" ? request.mesh : std::string();
  if (request.dataplane_resource.empty()) {
    KUMA_TRY_ASSIGN(const ResourcePtr stored, store_.Get({type, mesh, request.name}));
    proxy.resource = *stored;
  } else {
    KUMA_TRY_ASSIGN(proxy.resource, ParseInline(request, type));
    const Json& networking = Get(proxy.resource.spec, "networking");
    if (type == "Dataplane" && request.RedirectsTraffic("") && !Get(networking, "outbound").empty()) {
      return ViolationsError({{"outbound", "should be empty since dataplane is in Transparent Proxying mode"}});
    }
  }
  if (type != "Dataplane") return proxy;

  proxy.service = IdentifyingName(proxy.resource, options_.inbound_tags_disabled);
  const std::string& mesh_name = proxy.resource.meta.mesh();
  Result<ResourcePtr> stored_mesh = store_.Get({"Mesh", "", mesh_name});
  if (!stored_mesh.ok()) {
    if (stored_mesh.error().code != ErrorCode::kNotFound || request.dataplane_resource.empty()) return std::move(stored_mesh).error();
    return ViolationsError({{"mesh", "mesh \"" + mesh_name + "\" does not exist"}});
  }
  proxy.mesh = **stored_mesh;
  return proxy;
}

Status BootstrapHandler::CheckHost(const std::string& host) const {
  KUMA_TRY_ASSIGN(const ca::CertFacts facts, ca::ParseCertificate(options_.tls_cert_pem));
  const std::string ip = CanonicalIp(host);
  if (!ip.empty()) {
    for (const std::string& san : facts.ip_sans) {
      if (CanonicalIp(san) == ip) return Ok();
    }
  } else {
    for (const std::string& san : facts.dns_sans) {
      if (MatchesDnsName(san, host)) return Ok();
    }
  }
  std::vector<std::string> sans = facts.ip_sans;
  sans.insert(sans.end(), facts.dns_sans.begin(), facts.dns_sans.end());
  return Invalid("A data plane proxy is trying to connect to the control plane using \"" + host +
                 "\" address, but the certificate in the control plane has the following SANs " + QuotedList(sans) +
                 ". Either change the --cp-address in kuma-dp to one of those or execute the following steps:\n"
                 "1) Generate a new certificate with the address you are trying to use. It is recommended to use trusted Certificate Authority, "
                 "but you can also generate self-signed certificates using 'kumactl generate tls-certificate --type=server --hostname=" +
                 host +
                 "'\n"
                 "2) Set KUMA_GENERAL_TLS_CERT_FILE and KUMA_GENERAL_TLS_KEY_FILE or the equivalent in Kuma CP config file to the new "
                 "certificate.\n"
                 "3) Restart the control plane to read the new certificate and start kuma-dp.");
}

Result<std::string> BootstrapHandler::CaFor(const BootstrapRequest& request) const {
  const std::string& pem = request.ca_cert.empty() ? options_.tls_cert_pem : request.ca_cert;
  if (pem.empty()) return std::string();
  const Result<ca::CertFacts> facts = ca::ParseCertificate(pem);
  if (!facts.ok()) return Internal("could not parse certificate from " + std::string(request.ca_cert.empty() ? "the data plane server" : "request .CaCert"));
  // Old CAs have no basic constraints at all; those sign their own certificate.
  if (!facts->is_ca && !facts->self_signed) return Invalid(kNotCa);
  return pem;
}

Result<Json> BootstrapHandler::Render(BootstrapRequest request) const {
  if (auto it = options_.token_required.find(request.proxy_type);
      it != options_.token_required.end() && it->second && request.dataplane_token.empty() && request.dataplane_token_path.empty()) {
    Error error = Invalid(kTokenRequired);
    error.path = "token";
    return error;
  }
  if (options_.xds_host.empty()) KUMA_TRY(CheckHost(request.host));
  KUMA_TRY_ASSIGN(const Proxy proxy, FindProxy(request));
  KUMA_TRY_ASSIGN(std::string ca_pem, CaFor(request));

  envoy::BootstrapParams params;
  const bool is_dataplane = request.proxy_type == "dataplane";
  const Json& networking = Get(proxy.resource.spec, "networking");
  params.node_id = request.mesh + "." + request.name;
  params.node_cluster = proxy.service;
  params.delta_xds = request.HasFeature("feature-delta-grpc");
  params.health_discovery = is_dataplane && options_.health_discovery;
  params.unified_names = is_dataplane && request.HasFeature("feature-unified-resource-naming") &&
                         GetString(Get(proxy.mesh.spec, "meshServices"), "mode") == "Exclusive";
  params.xds_host = options_.xds_host.empty() ? request.host : options_.xds_host;
  params.xds_port = options_.xds_port;
  params.xds_connect_timeout = options_.xds_connect_timeout;
  params.xds_max_receive_bytes = options_.xds_max_receive_bytes;
  params.v4_only_lookup = HasOnlyIpv4(params.xds_host);
  params.ca_pem = std::move(ca_pem);
  if (options_.reloadable_tokens && !request.dataplane_token_path.empty()) {
    params.token_path = request.dataplane_token_path;
  } else {
    params.token = request.dataplane_token;
  }
  params.access_log_socket_path = envoy::SocketPath(JoinPath(request.workdir, "kuma-al-" + request.name + "-" + request.mesh));
  params.builtin_gateway = is_dataplane && GetString(Get(networking, "gateway"), "type") == "BUILTIN";
  params.gateway_max_connections = options_.gateway_max_connections;
  params.max_heap_bytes = request.max_heap_bytes;
  params.metadata = MakeNodeMetadata(request);

  const int64_t own_port = GetInt(Get(networking, "admin"), "port");
  params.admin_port = own_port != 0 ? static_cast<uint32_t>(own_port) : options_.default_admin_port;
  params.admin_address = options_.admin_address;
  params.admin_access_log_path = options_.admin_access_log_path;
  if (options_.admin_unix_socket && !request.workdir.empty()) params.admin_socket_path = envoy::SocketPath(JoinPath(request.workdir, "kuma-envoy-admin"));
  if (params.admin_port != 0) {
    params.metadata["dataplane.admin.port"] = std::to_string(params.admin_port);
    params.metadata["dataplane.admin.address"] = params.admin_address;
    if (!params.admin_socket_path.empty()) params.metadata["dataplane.admin.socketPath"] = params.admin_socket_path;
  }

  Json corefile;  // null: kuma-dp uses its own
  if (is_dataplane && !options_.corefile_template_path.empty()) {
    KUMA_TRY_ASSIGN(const std::string text, ReadFile(options_.corefile_template_path));
    corefile = Base64Encode(text);
  }
  KUMA_TRY_ASSIGN(std::string yaml, envoy::MakeBootstrap(params));
  return Json{{"bootstrap", std::move(yaml)},
              {"sidecar",
               {{"networking", {{"address", is_dataplane ? GetString(networking, "address") : ""}, {"corefileTemplate", corefile}}},
                {"metrics", {{"aggregate", is_dataplane ? AggregatedMetrics(proxy.mesh, proxy.resource) : Json::array()}}}}}};
}

io::HttpResponse BootstrapHandler::Handle(const io::HttpRequest& http) const {
  Result<BootstrapRequest> request = ParseBootstrapRequest(http.body);
  if (!request.ok()) {
    log_.Error("could not parse a bootstrap request", {{"reason", request.error().ToString()}});
    return Text(400, "could not parse the bootstrap request: " + request.error().ToString());
  }
  request->host = HostOf(http.host);
  const std::string name = request->mesh + "." + request->name;
  const Result<Json> rendered = Render(std::move(*request));
  if (!rendered.ok()) {
    const Error& error = rendered.error();
    log_.Info("bootstrap refused", {{"proxyId", name}, {"reason", error.ToString()}});
    if (!error.violations.empty() || error.path == "token") return Text(kUnprocessable, error.message);
    if (error.code == ErrorCode::kInvalid) return Text(400, error.message);
    if (error.code == ErrorCode::kNotFound) return Text(404, {});
    return Text(error.code == ErrorCode::kUnavailable ? 503 : 500, {});
  }
  io::HttpResponse response;
  const std::string& yaml = Get(*rendered, "bootstrap").get_ref<const std::string&>();
  if (http.headers.Get("accept") == "application/json") {
    response.headers.Set("Content-Type", "application/json");
    response.body = ToJsonText({{"bootstrap", Base64Encode(yaml)}, {"kumaSidecarConfiguration", Get(*rendered, "sidecar")}});
  } else {
    response.headers.Set("Content-Type", "text/x-yaml");
    response.body = yaml;
  }
  return response;
}

}  // namespace kuma::dpserver
