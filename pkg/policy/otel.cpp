#include "pkg/policy/otel.h"

#include <algorithm>

#include "pkg/base/strings.h"
#include "pkg/envoy/names.h"

namespace kuma::policy {

namespace {

using namespace std::chrono_literals;
using OrderedJson = nlohmann::ordered_json;  // the order of fields is part of the document's ETag

constexpr uint32_t kOtlpGrpcPort = 4317;

std::string_view SignalName(OtelSignal signal) {
  switch (signal) {
    case OtelSignal::kTraces:
      return "traces";
    case OtelSignal::kLogs:
      return "logs";
    case OtelSignal::kMetrics:
      break;
  }
  return "metrics";
}

bool Selects(const Json& wanted, const Labels& labels) {
  if (!wanted.is_object() || wanted.empty()) return false;
  for (const auto& [key, value] : wanted.items()) {
    const auto it = labels.find(key);
    if (it == labels.end() || value != it->second) return false;
  }
  return true;
}

bool HasInput(const Json& inventory) {
  if (!inventory.is_object()) return false;
  for (const char* field : {"endpointPresent", "protocolPresent", "headersPresent", "timeoutPresent", "compressionPresent",
                            "insecurePresent", "certificatePresent", "clientCertificatePresent", "clientKeyPresent"}) {
    if (GetBool(inventory, field)) return true;
  }
  return !Get(inventory, "overrideKinds").empty();
}

void AddUnique(std::vector<std::string>& list, std::string text) {
  if (!text.empty() && std::find(list.begin(), list.end(), text) == list.end()) list.push_back(std::move(text));
}

// "shared.endpoint", "traces.mtls": what kuma-dp found wrong in its environment.
std::vector<std::string> MissingFields(const Json& inventory, std::string_view signal) {
  std::vector<std::string> missing;
  const Json& errors = Get(inventory, "validationErrors");
  if (!errors.is_array()) return missing;
  for (const Json& error : errors) {
    if (!error.is_string()) continue;
    const std::string text = error.get<std::string>();
    const size_t dot = text.find('.');
    if (dot == std::string::npos) continue;
    const std::string scope = text.substr(0, dot);
    if (scope != "shared" && scope != signal) continue;
    std::string field(Trim(text.substr(dot + 1)));
    if (field == "mtls") {
      AddUnique(missing, "client_certificate");
      AddUnique(missing, "client_key");
      continue;
    }
    std::replace(field.begin(), field.end(), '-', '_');
    std::replace(field.begin(), field.end(), ' ', '_');
    AddUnique(missing, std::move(field));
  }
  return missing;
}

std::string EnvMode(const Json& env) {
  const std::string mode = GetString(env, "mode");
  return mode.empty() ? "Optional" : mode;
}

constexpr char kDisabledByPolicy[] = "EnvDisabledByPolicy";
constexpr char kRequiredMissing[] = "RequiredEnvMissing";
constexpr char kMultipleBackends[] = "MultipleBackendsForSignal";

}  // namespace

OtelBackends MakeOtelBackends(const std::vector<ResourcePtr>& resources) {
  std::vector<ResourcePtr> sorted = resources;
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ResourcePtr& a, const ResourcePtr& b) { return a->meta.creation_time < b->meta.creation_time; });
  OtelBackends backends;
  for (const ResourcePtr& resource : sorted) {
    OtelBackend backend;
    backend.name = std::string(resource->Label(kDisplayNameLabel));
    if (backend.name.empty()) backend.name = resource->meta.name();
    backend.labels = resource->meta.labels;
    const Json& endpoint = Get(resource->spec, "endpoint");
    backend.address = GetString(endpoint, "address");
    backend.port = static_cast<uint32_t>(GetInt(endpoint, "port", kOtlpGrpcPort));
    backend.path = GetString(endpoint, "path");
    backend.http = GetString(resource->spec, "protocol") == "http";
    backend.env = Get(resource->spec, "env");
    backends.push_back(std::move(backend));
  }
  return backends;
}

std::string OtelTarget::SignalPath(std::string_view suffix) const {
  std::string path;
  for (const std::string& part : Split(backend.path, '/')) {
    if (!part.empty()) path += "/" + part;
  }
  return path + "/" + std::string(suffix);
}

std::optional<OtelTarget> ResolveOtel(const Json& open_telemetry, const OtelBackends& backends) {
  const Json& ref = Get(open_telemetry, "backendRef");
  if (!ref.is_null()) {
    for (const OtelBackend& backend : backends) {
      if (!Selects(Get(ref, "labels"), backend.labels)) continue;
      OtelTarget target{backend, true};
      target.backend.labels.clear();
      return target;
    }
    return std::nullopt;
  }
  const std::string endpoint = GetString(open_telemetry, "endpoint");
  if (endpoint.empty()) return std::nullopt;
  OtelTarget target;
  target.backend.name = endpoint;
  std::tie(target.backend.address, target.backend.port) = ParseOtelEndpoint(endpoint);
  return target;
}

std::pair<std::string, uint32_t> ParseOtelEndpoint(const std::string& text) {
  const std::pair<std::string, uint32_t> whole{text, kOtlpGrpcPort};
  std::string authority = text.substr(0, text.find_first_of("/?#"));
  if (const size_t at = authority.rfind('@'); at != std::string::npos) authority.erase(0, at + 1);
  std::string host;
  std::string port;
  if (authority.starts_with("[")) {
    const size_t end = authority.find(']');
    if (end == std::string::npos) return whole;
    host = authority.substr(1, end - 1);
    if (const std::string rest = authority.substr(end + 1); !rest.empty()) {
      if (rest[0] != ':') return whole;
      port = rest.substr(1);
    }
  } else {
    if (std::count(text.begin(), text.end(), ':') > 1) return whole;  // IPv6 as it is
    const size_t colon = authority.find(':');
    host = authority.substr(0, colon);
    if (colon != std::string::npos) port = authority.substr(colon + 1);
  }
  if (host.empty()) return whole;
  if (port.empty()) return {host, kOtlpGrpcPort};
  if (!std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; })) return whole;
  const auto number = ParseInt(port);
  return {host, number && *number > 0 && *number <= 65535 ? static_cast<uint32_t>(*number) : kOtlpGrpcPort};
}

std::string OtelSocketPath(std::string_view work_dir, std::string_view backend_name) {
  return envoy::SocketPath(std::string(work_dir) + "/kuma-otel-" + std::string(backend_name));
}

std::string OtelDirectAddress(const OtelTarget& target, const std::string& host_ip) {
  if (!target.backend.address.empty()) return target.backend.address;
  return host_ip.empty() ? "127.0.0.1" : host_ip;
}

std::string CleanSystemName(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if ((static_cast<unsigned char>(c) & 0xc0) == 0x80) continue;  // inside of a UTF-8 character
    const bool ok = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    result += ok ? c : '-';
  }
  return result;
}

void AddOutsideTls(envoy::ClusterDraft& cluster, const std::string& address, bool allow_renegotiation) {
  envoy::UpstreamTlsContext context;
  context.set_allow_renegotiation(allow_renegotiation);
  if (!envoy::IsIpAddress(address)) context.set_sni(address);
  auto* match = cluster.cluster.add_transport_socket_matches();
  match->set_name(address);
  match->mutable_match();
  match->mutable_transport_socket()->set_name("envoy.transport_sockets.tls");
  envoy::Pack(context, match->mutable_transport_socket()->mutable_typed_config());
}

envoy::ClusterDraft CollectorCluster(std::string name, envoy::Host host, bool http2, bool ipv6_dns) {
  envoy::ClusterDraft cluster = envoy::FixedCluster(std::move(name), {std::move(host)}, ipv6_dns);
  envoy::SetConnectTimeout(cluster, 5s);
  if (http2) envoy::UseHttp2(cluster);
  return cluster;
}

void OtelPipes::Add(const OtelTarget& target, OtelSignal signal, std::string_view work_dir, const Json& env_inventory,
                    const std::string& refresh_interval) {
  Pipe& pipe = pipes_[target.backend.name];
  pipe.backend = target.backend;
  pipe.socket = OtelSocketPath(work_dir, target.backend.name);
  pipe.https = target.UsesHttps();

  Plan plan;
  plan.refresh_interval = refresh_interval;
  const std::string mode = EnvMode(target.backend.env);
  if (env_inventory.is_object()) {
    const Json& of_signal = Get(env_inventory, SignalName(signal));
    plan.env_given = HasInput(Get(env_inventory, "shared")) || HasInput(of_signal);
    if (const Json& kinds = Get(of_signal, "overrideKinds"); kinds.is_array()) {
      for (const Json& kind : kinds) {
        if (kind.is_string()) plan.overrides.push_back(kind);
      }
    }
    if (mode == "Required") plan.missing = MissingFields(env_inventory, SignalName(signal));
  }
  if (mode == "Disabled" && plan.env_given) plan.blocked.push_back(kDisabledByPolicy);
  if (mode == "Required" && (!plan.env_given || !plan.missing.empty())) plan.blocked.push_back(kRequiredMissing);
  if (!plan.overrides.empty() && !GetBool(target.backend.env, "allowSignalOverrides", true)) {
    plan.blocked.push_back("SignalOverridesDisallowed");
  }
  pipe.plans[signal] = std::move(plan);
}

std::vector<std::string> OtelPipes::BlockedReasons(const Pipe& pipe, OtelSignal signal, const Plan& plan) const {
  std::vector<std::string> blocked = plan.blocked;
  // The environment knows one collector; it cannot stand for several.
  const auto users = std::count_if(pipes_.begin(), pipes_.end(), [&](const auto& other) { return other.second.plans.contains(signal); });
  if (users > 1 && plan.env_given && EnvMode(pipe.backend.env) != "Disabled") AddUnique(blocked, kMultipleBackends);
  return blocked;
}

std::string OtelPipes::ToText() const {
  OrderedJson backends = OrderedJson::array();
  for (const auto& [name, pipe] : pipes_) {
    OrderedJson entry;
    if (!name.empty()) entry["name"] = name;
    entry["socketPath"] = pipe.socket;
    entry["endpoint"] = pipe.backend.port == 0 ? pipe.backend.address : envoy::HostPort(pipe.backend.address, pipe.backend.port);
    entry["useHTTP"] = pipe.backend.http;
    if (pipe.https) entry["useHTTPS"] = true;
    if (!pipe.backend.path.empty()) entry["path"] = pipe.backend.path;
    const std::string mode = EnvMode(pipe.backend.env);
    if (pipe.backend.env.is_object()) {
      OrderedJson& env = entry["envPolicy"];
      const std::string precedence = GetString(pipe.backend.env, "precedence");
      env["mode"] = mode;
      env["precedence"] = precedence.empty() ? "EnvFirst" : precedence;
      if (GetBool(pipe.backend.env, "allowSignalOverrides", true)) env["allowSignalOverrides"] = true;
    }
    for (const auto& [signal, plan] : pipe.plans) {
      OrderedJson& out = entry[std::string(SignalName(signal))];
      out["enabled"] = true;
      if (plan.env_given) out["envInputPresent"] = true;
      if (!plan.overrides.empty()) out["overrideKinds"] = plan.overrides;
      if (!plan.missing.empty()) out["missingFields"] = plan.missing;
      if (const std::vector<std::string> blocked = BlockedReasons(pipe, signal, plan); !blocked.empty()) out["blockedReasons"] = blocked;
      if (!plan.refresh_interval.empty()) out["refreshInterval"] = plan.refresh_interval;
    }
    backends.push_back(std::move(entry));
  }
  OrderedJson document;
  document["backends"] = std::move(backends);
  return EscapeHtml(document.dump(-1, ' ', false, OrderedJson::error_handler_t::replace));
}

Json OtelPipes::ToStatus() const {
  Json backends = Json::array();
  for (const auto& [name, pipe] : pipes_) {
    Json entry = Json::object();
    if (!name.empty()) entry["name"] = name;
    for (const auto& [signal, plan] : pipe.plans) {
      const std::vector<std::string> blocked = BlockedReasons(pipe, signal, plan);
      const auto is_blocked_by = [&](std::string_view reason) { return std::find(blocked.begin(), blocked.end(), reason) != blocked.end(); };
      Json& out = entry[std::string(SignalName(signal))];
      out["enabled"] = true;
      if (EnvMode(pipe.backend.env) != "Disabled" && !is_blocked_by(kDisabledByPolicy)) out["envAllowed"] = true;
      if (plan.env_given) out["envInputPresent"] = true;
      out["state"] = is_blocked_by(kMultipleBackends) ? "ambiguous" : !plan.missing.empty() || is_blocked_by(kRequiredMissing) ? "missing" : "ready";
      if (!plan.overrides.empty()) out["overrideKinds"] = plan.overrides;
      if (!plan.missing.empty()) out["missingFields"] = plan.missing;
      if (!blocked.empty()) out["blockedReasons"] = blocked;
    }
    backends.push_back(std::move(entry));
  }
  return Json{{"backends", std::move(backends)}};
}

std::string EscapeHtml(std::string text) {
  std::string result;
  for (const char c : text) {
    if (c == '<') {
      result += "\\u003c";
    } else if (c == '>') {
      result += "\\u003e";
    } else if (c == '&') {
      result += "\\u0026";
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace kuma::policy
