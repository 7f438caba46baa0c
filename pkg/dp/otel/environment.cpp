#include "pkg/dp/otel/environment.h"

#include <algorithm>

#include "pkg/base/strings.h"

namespace kuma::dp::otel {
namespace {

struct FieldName {
  const char* name;      // in override kinds
  const char* variable;  // ending
  const char* present;   // in the inventory
};

// By name.
constexpr FieldName kFields[] = {
    {"certificate", "CERTIFICATE", "certificatePresent"},
    {"clientCertificate", "CLIENT_CERTIFICATE", "clientCertificatePresent"},
    {"clientKey", "CLIENT_KEY", "clientKeyPresent"},
    {"compression", "COMPRESSION", "compressionPresent"},
    {"endpoint", "ENDPOINT", "endpointPresent"},
    {"headers", "HEADERS", "headersPresent"},
    {"insecure", "INSECURE", "insecurePresent"},
    {"protocol", "PROTOCOL", "protocolPresent"},
    {"timeout", "TIMEOUT", "timeoutPresent"},
};

template <typename Layer>
const std::string* Find(const Layer& layer, const char* field) {
  const auto it = layer.find(field);
  return it == layer.end() ? nullptr : &it->second;
}

std::optional<Protocol> ParseProtocol(std::string_view text) {
  if (text == "grpc") return Protocol::kGrpc;
  if (text == "http/protobuf") return Protocol::kHttp;
  return std::nullopt;
}

std::optional<bool> ParseGzip(std::string_view text) {
  const std::string lower = ToLower(text);
  if (lower == "gzip") return true;
  if (lower == "none" || lower.empty()) return false;
  return std::nullopt;
}

std::optional<bool> ParseBool(std::string_view text) {
  const std::string lower = ToLower(text);
  if (lower == "1" || lower == "t" || lower == "true") return true;
  if (lower == "0" || lower == "f" || lower == "false") return false;
  return std::nullopt;
}

// scheme://host[:port][/path]; nothing when it is no such URL.
struct Url {
  std::string scheme;
  std::string host;
  std::string path;
};
std::optional<Url> ParseEndpointUrl(std::string_view text) {
  const size_t mark = text.find("://");
  if (mark == std::string_view::npos || mark == 0) return std::nullopt;
  Url url;
  url.scheme = ToLower(text.substr(0, mark));
  std::string_view rest = text.substr(mark + 3);
  const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  url.host = rest.substr(0, end);
  std::string_view path = rest.substr(end);
  url.path = path.substr(0, path.find_first_of("?#"));
  if (url.host.empty()) return std::nullopt;
  return url;
}

std::string CleanPath(std::string_view text) {
  std::string path;
  for (const std::string& part : Split(text, '/')) {
    if (!part.empty()) path += "/" + part;
  }
  return path.empty() ? "/" : path;
}

std::string SignalPath(std::string_view base, std::string_view signal) {
  return CleanPath(std::string(base) + "/v1/" + std::string(signal));
}

// key=value,key=value with percent-encoded values.
std::map<std::string, std::string> ParseHeaders(std::string_view text) {
  std::map<std::string, std::string> headers;
  for (const std::string& pair : Split(text, ',')) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos) continue;
    const std::string key(Trim(std::string_view(pair).substr(0, equals)));
    if (!key.empty()) headers[key] = UrlDecode(std::string_view(pair).substr(equals + 1));
  }
  return headers;
}

bool Has(const Json& list, std::string_view text) {
  return list.is_array() &&
         std::any_of(list.begin(), list.end(), [&](const Json& one) { return one.is_string() && one.get<std::string>() == text; });
}

std::string HostWithPort(const std::string& endpoint, const std::string& host_ip) {
  if (!endpoint.starts_with(':')) return endpoint;
  const std::string host = host_ip.empty() ? "127.0.0.1" : host_ip;
  return (Contains(host, ":") ? "[" + host + "]" : host) + endpoint;
}

// One layer over what `route` has. `own` is set for the layer of the signal itself, whose URL is taken as it is.
template <typename Layer>
void ApplyLayer(const Layer& layer, std::string_view signal, bool own, Route& route) {
  bool tls_from_scheme = false;
  if (const std::string* endpoint = Find(layer, "endpoint")) {
    const std::optional<Url> url = ParseEndpointUrl(*endpoint);
    if (!url) {
      route.endpoint = *endpoint;
    } else if (url->path.empty() || route.protocol == Protocol::kHttp) {
      route.endpoint = url->host;
      route.tls = url->scheme != "http" && url->scheme != "unix";
      tls_from_scheme = true;
      if (route.protocol == Protocol::kHttp) route.http_path = own ? (url->path.empty() ? "/" : url->path) : SignalPath(url->path, signal);
    }
  }
  if (const std::string* insecure = Find(layer, "insecure"); insecure != nullptr && !tls_from_scheme) {
    if (const auto value = ParseBool(*insecure)) route.tls = !*value;
  }
  if (const std::string* headers = Find(layer, "headers")) {
    if (auto parsed = ParseHeaders(*headers); !parsed.empty()) route.headers = std::move(parsed);
  }
  if (const std::string* compression = Find(layer, "compression")) {
    if (const auto gzip = ParseGzip(*compression)) route.gzip = *gzip;
  }
  if (const std::string* timeout = Find(layer, "timeout")) {
    if (const auto number = ParseInt(*timeout); number && *number >= 0) route.timeout = std::chrono::milliseconds(*number);
  }
  if (const std::string* ca = Find(layer, "certificate")) route.ca_file = *ca;
  const std::string* cert = Find(layer, "clientCertificate");
  const std::string* key = Find(layer, "clientKey");
  if (cert != nullptr && key != nullptr) {
    route.cert_file = *cert;
    route.key_file = *key;
  }
}

}  // namespace

Environment::Environment(const std::map<std::string, std::string>& variables) {
  for (const std::string& scope : {std::string("shared"), std::string("traces"), std::string("logs"), std::string("metrics")}) {
    const std::string prefix = "OTEL_EXPORTER_OTLP_" + (scope == "shared" ? std::string() : ToUpper(scope) + "_");
    Layer& layer = layers_[scope];
    for (const FieldName& field : kFields) {
      const auto it = variables.find(prefix + field.variable);
      if (it == variables.end()) continue;
      if (const std::string value(Trim(it->second)); !value.empty()) layer[field.name] = value;
    }
  }
}

const Environment::Layer& Environment::LayerOf(std::string_view signal) const {
  static const Layer kNone;
  const auto it = layers_.find(signal);
  return it == layers_.end() ? kNone : it->second;
}

Json Environment::Describe(std::string_view scope, Json& errors) const {
  const Layer& layer = LayerOf(scope);
  if (layer.empty()) return nullptr;
  const Layer& shared = LayerOf("shared");
  Json out = {{"signal", std::string(scope)}};
  Json wrong = Json::array();
  const auto complain = [&](const char* field) { wrong.push_back(std::string(scope) + "." + field); };
  Json kinds = Json::array();
  for (const FieldName& field : kFields) {
    const std::string* value = Find(layer, field.name);
    if (value == nullptr) continue;
    out[field.present] = true;
    const std::string* common = Find(shared, field.name);
    if (scope != "shared" && (common == nullptr || *common != *value)) kinds.push_back(field.name);
  }
  if (!kinds.empty()) out["overrideKinds"] = kinds;
  const std::string* protocol = Find(layer, "protocol");
  if (protocol != nullptr) {
    const bool known = ParseProtocol(*protocol).has_value();
    out["effectiveProtocol"] = known ? *protocol : "unknown";
    if (!known) complain("protocol");
  }
  if (const std::string* endpoint = Find(layer, "endpoint")) {
    if (const auto url = ParseEndpointUrl(*endpoint)) {
      out["endpointParsedAsURL"] = true;
      if (!url->path.empty()) out["endpointHasPath"] = true;
      const std::string* effective = protocol != nullptr ? protocol : (scope == "shared" ? nullptr : Find(shared, "protocol"));
      if (!url->path.empty() && (effective == nullptr || *effective == "grpc")) complain("endpoint");
    }
  }
  if (const std::string* text = Find(layer, "compression"); text != nullptr && !ParseGzip(*text)) complain("compression");
  if (const std::string* text = Find(layer, "timeout")) {
    const auto number = ParseInt(*text);
    if (!number || *number < 0) complain("timeout");
  }
  const bool has_cert = Find(layer, "clientCertificate") != nullptr;
  const bool has_key = Find(layer, "clientKey") != nullptr;
  if (has_cert != has_key) complain("mtls");
  out["effectiveAuthMode"] = has_cert && has_key                     ? "mtls"
                             : Find(layer, "certificate") != nullptr ? "tls"
                             : Find(layer, "headers") != nullptr     ? "headers"
                                                                     : "none";
  if (!wrong.empty()) {
    out["validationErrors"] = wrong;
    for (Json& one : wrong) errors.push_back(std::move(one));
  }
  return out;
}

Json Environment::Inventory(bool pipe_enabled) const {
  Json out = Json::object();
  if (pipe_enabled) out["pipeEnabled"] = true;
  Json errors = Json::array();
  for (const char* scope : {"shared", "traces", "logs", "metrics"}) {
    if (Json described = Describe(scope, errors); !described.is_null()) out[scope] = std::move(described);
  }
  if (!errors.empty()) out["validationErrors"] = errors;
  return out;
}

Route Environment::Resolve(const Json& backend, std::string_view signal, const std::string& host_ip) const {
  Route route;
  const Json& plan = Get(backend, signal);
  if (!GetBool(plan, "enabled")) return route;
  route.enabled = true;
  const Json& blocked = Get(plan, "blockedReasons");
  for (const Json& reason : blocked) {
    const std::string text = reason.is_string() ? reason.get<std::string>() : "";
    if (text != "EnvDisabledByPolicy" && text != "SignalOverridesDisallowed") route.unusable = "blocked: " + text;
  }
  if (!Get(plan, "missingFields").empty() || Has(blocked, "RequiredEnvMissing")) {
    if (route.unusable.empty()) route.unusable = "blocked: RequiredEnvMissing";
    return route;
  }
  const bool shared_allowed = !Has(blocked, "EnvDisabledByPolicy") && !Has(blocked, "MultipleBackendsForSignal");
  const bool signal_allowed = shared_allowed && !Has(blocked, "SignalOverridesDisallowed");
  const bool env_first = GetString(Get(backend, "envPolicy"), "precedence") != "ExplicitFirst";
  const Layer& shared = LayerOf("shared");
  const Layer& own = LayerOf(signal);
  const bool explicit_http = GetBool(backend, "useHTTP");

  const auto take_protocol = [&](const Layer& layer) {
    const std::string* text = Find(layer, "protocol");
    if (text == nullptr) return;
    if (const auto protocol = ParseProtocol(*text)) route.protocol = *protocol;
  };
  const auto apply_explicit = [&] {
    route.endpoint = HostWithPort(GetString(backend, "endpoint"), host_ip);
    route.tls = GetBool(backend, "useHTTPS");
    if (explicit_http) route.http_path = SignalPath(GetString(backend, "path"), signal);
  };
  const auto apply_environment = [&] {
    if (shared_allowed) ApplyLayer(shared, signal, false, route);
    if (signal_allowed) ApplyLayer(own, signal, true, route);
  };
  // The protocol first, as paths of endpoints depend on it; whoever comes last wins.
  route.protocol = explicit_http ? Protocol::kHttp : Protocol::kGrpc;
  if (env_first) {
    if (shared_allowed) take_protocol(shared);
    if (signal_allowed) take_protocol(own);
    apply_explicit();
    apply_environment();
  } else {
    apply_environment();
    apply_explicit();
  }
  if (route.protocol == Protocol::kHttp && route.http_path.empty()) route.http_path = SignalPath(GetString(backend, "path"), signal);
  if (route.endpoint.empty() && route.unusable.empty()) route.unusable = "transport endpoint is not configured";
  return route;
}

}  // namespace kuma::dp::otel
