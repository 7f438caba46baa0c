#include "pkg/policy/mesh_access_log/apply.h"

#include <algorithm>
#include <set>

#include "envoy/extensions/access_loggers/file/v3/file.pb.h"
#include "envoy/extensions/access_loggers/filters/cel/v3/cel.pb.h"
#include "envoy/extensions/filters/http/lua/v3/lua.pb.h"
#include "pkg/envoy/names.h"
#include "pkg/policy/mesh_access_log/collectors.h"
#include "pkg/policy/mesh_access_log/format.h"

namespace kuma::policy {

namespace {

using AccessLog = ::envoy::config::accesslog::v3::AccessLog;
using AccessLogs = std::vector<AccessLog>;

constexpr char kFileLogger[] = "envoy.access_loggers.file";
constexpr char kOtelLogger[] = "envoy.access_loggers.open_telemetry";
constexpr char kLuaFilter[] = "envoy.filters.http.lua";
constexpr char kRouteNamespace[] = "kuma.routes";
constexpr char kRouteKey[] = "route_kri";

// Routes carry their identity as metadata; filters of access logs read dynamic metadata only, hence the copy.
constexpr char kCopyRouteIdentity[] =
    "function envoy_on_request(handle)\n"
    "  local meta = handle:metadata():get(\"route_kri\")\n"
    "  if meta ~= nil then\n"
    "    handle:streamInfo():dynamicMetadata():set(\"kuma.routes\", \"route_kri\", meta)\n"
    "  end\n"
    "end\n";

LogValues InboundValues(const ProxyFacts& proxy) {
  return {"unknown", proxy.proxy_address, proxy.service, proxy.mesh, proxy.telemetry.zone_label, proxy.telemetry.workload, "INBOUND"};
}

LogValues OutboundValues(const ProxyFacts& proxy, std::string destination) {
  return {proxy.service, proxy.proxy_address, std::move(destination), proxy.mesh, proxy.telemetry.zone_label, proxy.telemetry.workload,
          "OUTBOUND"};
}

template <typename Config>
AccessLog Logger(const char* name, const Config& config) {
  AccessLog log;
  log.set_name(name);
  envoy::Pack(config, log.mutable_typed_config());
  return log;
}

AccessLog FileLogger(std::string path, SubstitutionFormat format) {
  ::envoy::extensions::access_loggers::file::v3::FileAccessLog file;
  file.set_path(std::move(path));
  *file.mutable_log_format() = std::move(format);
  return Logger(kFileLogger, file);
}

// One for each backend of the conf that exists.
AccessLogs MakeLogs(const Json& conf, std::string_view default_format, const LogValues& values, const ProxyFacts& proxy) {
  AccessLogs logs;
  const Json& backends = Get(conf, "backends");
  if (!backends.is_array()) return logs;
  for (const Json& backend : backends) {
    const std::string type = GetString(backend, "type");
    if (type == "File") {
      const Json& file = Get(backend, "file");
      logs.push_back(FileLogger(GetString(file, "path"), FileFormat(Get(file, "format"), default_format, values)));
    } else if (type == "Tcp") {
      const std::string pipe = envoy::SocketPath(proxy.work_dir + "/kuma-al-" + proxy.proxy_name + "-" + proxy.mesh);
      logs.push_back(FileLogger(pipe, TcpFormat(Get(backend, "tcp"), default_format, values)));
    } else if (const Json& otel = Get(backend, "openTelemetry"); type == "OpenTelemetry" && !otel.is_null()) {
      const std::optional<LogCollector> collector = FindLogCollector(otel, proxy.telemetry, proxy.work_dir);
      if (!collector) continue;
      logs.push_back(Logger(kOtelLogger, OtelLog(otel, default_format, values, LogCollectorCluster(*collector, proxy))));
    }
  }
  return logs;
}

void Add(envoy::ListenerDraft& listener, const AccessLogs& logs) {
  for (envoy::FilterChainDraft& chain : listener.chains) {
    if (envoy::HttpConnectionManager* manager = chain.Http()) {
      for (const AccessLog& log : logs) *manager->add_access_log() = log;
    }
    if (envoy::TcpProxy* tcp = chain.Tcp()) {
      for (const AccessLog& log : logs) *tcp->add_access_log() = log;
    }
  }
}

// Every rule whose clients match writes its own logs; they do not override each other.
void Inbound(InboundDraft& draft, const PolicySlice& slice) {
  const LogValues values = InboundValues(draft.proxy);
  bool reads_sni = false;
  for (const InboundRule* rule : slice.inbound) {
    AccessLogs logs = MakeLogs(rule->conf, DefaultLogFormat(mesh::IsHttp(draft.protocol)), values, draft.proxy);
    const std::string condition = LogCondition(rule->match);
    reads_sni |= !Get(rule->match, "sni").is_null();
    if (!condition.empty()) {
      ::envoy::extensions::access_loggers::filters::cel::v3::ExpressionFilter filter;
      filter.set_expression(condition);
      for (AccessLog& log : logs) {
        auto* extension = log.mutable_filter()->mutable_extension_filter();
        extension->set_name("envoy.access_loggers.extension_filters.cel");
        envoy::Pack(filter, extension->mutable_typed_config());
      }
    }
    Add(draft.listener, logs);
  }
  if (reads_sni) draft.listener.EnsureTlsInspector();
}

// Only requests whose route has (or, `route` empty, has no) logs of its own.
void LimitToRoute(AccessLogs& logs, const std::string& route) {
  for (AccessLog& log : logs) {
    auto* filter = log.mutable_filter()->mutable_metadata_filter();
    filter->mutable_match_if_key_not_found()->set_value(route.empty());
    filter->mutable_matcher()->set_filter(kRouteNamespace);
    filter->mutable_matcher()->add_path()->set_key(kRouteKey);
    if (route.empty()) {
      filter->mutable_matcher()->mutable_value()->mutable_null_match();
    } else {
      filter->mutable_matcher()->mutable_value()->mutable_string_match()->set_exact(route);
    }
  }
}

// Conf that is for this very route, or for all rules of its MeshHTTPRoute.
const Json* RouteConf(const PolicySlice& slice, const Kri& route) {
  for (const Kri& id : {route, route.WithoutSection()}) {
    const auto it = slice.to_resources.find(id);
    if (it != slice.to_resources.end() && !it->second->confs.empty()) return &it->second->confs.front();
  }
  return nullptr;
}

void OutboundOfResource(OutboundDraft& draft, const PolicySlice& slice) {
  const bool http = mesh::IsHttp(draft.protocol);
  const std::string_view format = DefaultLogFormat(http);
  const LogValues values = OutboundValues(draft.proxy, draft.destination->name);
  if (const ResourceRule* rule = slice.ToResource(*draft.destination)) {
    AccessLogs logs = MakeLogs(rule->confs.front(), format, values, draft.proxy);
    if (http) LimitToRoute(logs, {});
    Add(draft.listener, logs);
  }

  std::map<Kri, const Json*> confs;
  for (envoy::FilterChainDraft& chain : draft.listener.chains) {
    envoy::HttpConnectionManager* manager = chain.Http();
    if (manager == nullptr) continue;
    for (envoy::VirtualHost& host : *manager->mutable_route_config()->mutable_virtual_hosts()) {
      for (envoy::Route& route : *host.mutable_routes()) {
        const Result<Kri> id = ParseKri(route.name(), *draft.proxy.types);
        const Json* conf = id.ok() ? RouteConf(slice, id.value()) : nullptr;
        if (conf == nullptr) continue;
        confs[id.value()] = conf;
        (*route.mutable_metadata()->mutable_filter_metadata())[kLuaFilter] = envoy::StringStruct({{kRouteKey, route.name()}});
      }
    }
  }
  bool copies = false;
  for (const auto& [id, conf] : confs) {
    AccessLogs logs = MakeLogs(*conf, format, values, draft.proxy);
    copies |= !logs.empty();
    LimitToRoute(logs, ToString(id, *draft.proxy.types));
    Add(draft.listener, logs);
  }
  if (!copies) return;
  ::envoy::extensions::filters::http::lua::v3::Lua lua;
  lua.mutable_default_source_code()->set_inline_string(kCopyRouteIdentity);
  for (envoy::FilterChainDraft& chain : draft.listener.chains) {
    if (envoy::HttpConnectionManager* manager = chain.Http()) envoy::PrependHttpFilter(*manager, kLuaFilter, lua);
  }
}

void Outbound(OutboundDraft& draft, const PolicySlice& slice) {
  if (draft.destination) return OutboundOfResource(draft, slice);
  const Json* conf = slice.ToService(draft.service);
  if (conf == nullptr) return;
  Add(draft.listener,
      MakeLogs(*conf, DefaultLogFormat(mesh::IsHttp(draft.protocol)), OutboundValues(draft.proxy, draft.service), draft.proxy));
}

void AddCollectors(ProxyDraft& draft) {
  const ProxyFacts& proxy = draft.proxy;
  for (const LogCollector& collector : proxy.telemetry.log_collectors) {
    envoy::Host host;
    host.address = collector.address;
    host.port = collector.port;
    host.unix_path = collector.socket_path;
    const std::string name = LogCollectorCluster(collector, proxy);
    draft.clusters[name] = CollectorCluster(name, std::move(host), collector.http2, proxy.ipv6_address);
  }
}

// kuma-dp carries what goes to collectors known by reference.
void AddPipes(ProxyDraft& draft) {
  const TelemetryFacts& telemetry = draft.proxy.telemetry;
  for (const LogCollector& collector : telemetry.log_collectors) {
    if (collector.socket_path.empty()) continue;
    for (const OtelBackend& backend : telemetry.backends) {
      if (backend.name != collector.backend_name) continue;
      draft.otel.Add({backend, true}, OtelSignal::kLogs, draft.proxy.work_dir, draft.self.otel_env);
      break;
    }
  }
}

void Proxy(ProxyDraft& draft, const PolicySlice& slice) {
  AddCollectors(draft);
  AddPipes(draft);
  const Json* conf = slice.ToService("pass_through");
  if (conf == nullptr) return;
  // Known as "tcp" lines to all who parse them: traffic nobody knows has no default format.
  constexpr std::string_view kFormat = "tcp";
  for (const bool ipv6 : {false, true}) {
    const auto it = draft.listeners.find(envoy::TransparentProxyName(false, ipv6, draft.proxy.unified_naming));
    if (it != draft.listeners.end()) Add(it->second, MakeLogs(*conf, kFormat, OutboundValues(draft.proxy, "external"), draft.proxy));
  }
  for (auto& [name, listener] : draft.listeners) {
    if (name.starts_with("direct_access_")) Add(listener, MakeLogs(*conf, kFormat, OutboundValues(draft.proxy, name), draft.proxy));
  }
}

}  // namespace

PolicyHooks MeshAccessLogHooks() {
  return {.type = "MeshAccessLog", .order = 600, .inbound = Inbound, .outbound = Outbound, .proxy = Proxy, .names_proxy = true};
}

}  // namespace kuma::policy
