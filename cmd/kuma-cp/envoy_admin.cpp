#include "cmd/kuma-cp/envoy_admin.h"

#include "pkg/api/config_dump.h"
#include "pkg/base/strings.h"
#include "pkg/io/socket.h"

namespace kuma::cp {
namespace {

std::string TargetOf(const api::ProxyAdminQuery& query) {
  std::vector<std::string> parameters;
  if (query.what == "xds") {
    if (query.include_endpoints) parameters.push_back("include_eds=true");
    return "/config_dump" + (parameters.empty() ? std::string() : "?" + Join(parameters, "&"));
  }
  if (query.json) parameters.push_back("format=json");
  if (query.what == "stats" && query.used_only) parameters.push_back("usedonly");
  return "/" + query.what + (parameters.empty() ? std::string() : "?" + Join(parameters, "&"));
}

// Proxies say where it is; only a name that kuma-dp gives is believed, or they could point at any socket of this machine.
bool IsAdminSocket(const std::string& path) {
  const size_t slash = path.rfind('/');
  return path.starts_with('/') && path.substr(slash + 1).starts_with("kuma-envoy-admin") && path.ends_with(".sock") && !Contains(path, ":") && !Contains(path, "..");
}

}  // namespace

EnvoyAdmin::EnvoyAdmin(store::Store& store, AdminCerts& certs, EnvoyAdminOptions options)
    : store_(store), certs_(certs), options_(options), pool_(options.max_calls, options.max_waiting, 0) {}

Json EnvoyAdmin::AnnouncedBy(const Resource& proxy) const {
  const Result<ResourcePtr> insight = store_.Get({proxy.meta.type() + "Insight", proxy.meta.mesh(), proxy.meta.name()});
  return insight.ok() ? Get(insight.value()->spec, "metadata") : Json::object();
}

Result<io::HttpClientRequest> EnvoyAdmin::MakeRequest(const api::ProxyAdminQuery& query) const {
  const Json& networking = Get(query.proxy->spec, "networking");
  const std::string address = GetString(networking, "address");
  if (address.empty()) return Unavailable("the proxy has no address");
  const Json announced = AnnouncedBy(*query.proxy);
  io::HttpClientRequest request;
  request.timeout = options_.timeout;
  request.max_response_bytes = size_t{256} << 20;
  const bool is_local = address == "127.0.0.1" || address == "::1";
  const std::string socket = GetString(announced, "dataplane.admin.socketPath");
  if (is_local && IsAdminSocket(socket)) {
    request.url = "unix:" + socket + ":" + TargetOf(query);
    return request;
  }
  // The Dataplane says it, or the proxy announced it when it connected.
  int64_t port = GetInt(Get(networking, "admin"), "port");
  if (port == 0) port = ParseInt(GetString(announced, "dataplane.admin.port")).value_or(0);
  if (port <= 0 || port > 65535) port = options_.default_port;
  request.url = (is_local ? "http://" : "https://") + io::HostPort(address, static_cast<uint16_t>(port)) + TargetOf(query);
  if (!is_local) {
    const xds::AdminMaterialPtr material = certs_.ForControlPlane();
    if (material == nullptr) return Unavailable("there is no certificate for calling proxies");
    request.tls.ca_pem = material->ca_pem;
    request.tls.cert_pem = material->cert_pem;
    request.tls.key_pem = material->key_pem;
    request.tls.server_name = address;
  }
  return request;
}

Result<std::string> EnvoyAdmin::Fetch(const api::ProxyAdminQuery& query) const {
  KUMA_TRY_ASSIGN(const io::HttpClientRequest request, MakeRequest(query));
  KUMA_TRY_ASSIGN(const io::HttpResponse response, io::HttpFetch(request));
  if (response.status != 200) return Unavailable("Envoy at " + request.url + " answered " + std::to_string(response.status));
  return query.what == "xds" ? api::SanitizeConfigDump(response.body) : Result<std::string>(response.body);
}

void EnvoyAdmin::Call(api::ProxyAdminQuery query, std::function<void(Result<std::string>)> done) {
  auto shared = std::make_shared<std::function<void(Result<std::string>)>>(std::move(done));
  if (!pool_.TrySubmit([this, query = std::move(query), shared] { (*shared)(Fetch(query)); })) {
    (*shared)(Unavailable("too many calls of Envoy's admin interface are waiting; try again"));
  }
}

}  // namespace kuma::cp
