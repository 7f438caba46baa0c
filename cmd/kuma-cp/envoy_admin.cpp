#include "cmd/kuma-cp/envoy_admin.h"

#include "pkg/base/strings.h"
#include "pkg/envoy/names.h"

namespace kuma::cp {
namespace {

constexpr std::string_view kRedacted = "[redacted]";
constexpr size_t kMaxDepth = 200;

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

bool IsSecretField(std::string_view key) { return key == "private_key" || key == "password" || key == "session_ticket_keys"; }

// Envoy itself redacts fields that it knows to be sensitive; the headers of the stream to the control plane are not among them.
void Redact(Json& value, size_t depth) {
  if (depth > kMaxDepth) return;
  if (value.is_array()) {
    for (Json& item : value) Redact(item, depth + 1);
    return;
  }
  if (!value.is_object()) return;
  const Json& key = Get(value, "key");
  if (key.is_string() && ToLower(key.get_ref<const std::string&>()) == "authorization" && Get(value, "value").is_string()) value["value"] = kRedacted;
  for (auto& [name, member] : value.items()) {
    if (!IsSecretField(name)) {
      Redact(member, depth + 1);
    } else if (member.is_object()) {
      for (const char* source : {"inline_string", "inline_bytes"}) {
        if (member.contains(source)) member[source] = kRedacted;
      }
    }
  }
}

}  // namespace

Result<std::string> SanitizeConfigDump(const std::string& dump) {
  KUMA_TRY_ASSIGN(Json document, ParseJson(dump));
  Redact(document, 0);
  return ToPrettyJson(document) + "\n";
}

EnvoyAdmin::EnvoyAdmin(store::Store& store, AdminCerts& certs, EnvoyAdminOptions options)
    : store_(store), certs_(certs), options_(options), pool_(options.max_calls, options.max_waiting, 0) {}

// The Dataplane says it, or the proxy announced it when it connected.
uint32_t EnvoyAdmin::PortOf(const Resource& proxy) const {
  const int64_t own = GetInt(GetPath(proxy.spec, {"networking", "admin"}), "port");
  if (own > 0 && own <= 65535) return static_cast<uint32_t>(own);
  const Result<ResourcePtr> insight = store_.Get({proxy.meta.type() + "Insight", proxy.meta.mesh(), proxy.meta.name()});
  if (insight.ok()) {
    const std::optional<int64_t> announced = ParseInt(GetString(Get(insight.value()->spec, "metadata"), "dataplane.admin.port"));
    if (announced.has_value() && *announced > 0 && *announced <= 65535) return static_cast<uint32_t>(*announced);
  }
  return options_.default_port;
}

Result<io::HttpClientRequest> EnvoyAdmin::MakeRequest(const api::ProxyAdminQuery& query) const {
  const std::string address = GetString(Get(query.proxy->spec, "networking"), "address");
  if (address.empty()) return Unavailable("the proxy has no address");
  const std::string authority = (envoy::IsIpv6Address(address) ? "[" + address + "]" : address) + ":" + std::to_string(PortOf(*query.proxy));
  io::HttpClientRequest request;
  request.timeout = options_.timeout;
  request.max_response_bytes = size_t{256} << 20;
  const bool is_local = address == "127.0.0.1" || address == "::1";
  request.url = (is_local ? "http://" : "https://") + authority + TargetOf(query);
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
  return query.what == "xds" ? SanitizeConfigDump(response.body) : Result<std::string>(response.body);
}

void EnvoyAdmin::Call(api::ProxyAdminQuery query, std::function<void(Result<std::string>)> done) {
  auto shared = std::make_shared<std::function<void(Result<std::string>)>>(std::move(done));
  if (!pool_.TrySubmit([this, query = std::move(query), shared] { (*shared)(Fetch(query)); })) {
    (*shared)(Unavailable("too many calls of Envoy's admin interface are waiting; try again"));
  }
}

}  // namespace kuma::cp
