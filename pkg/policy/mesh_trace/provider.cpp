#include "pkg/policy/mesh_trace/provider.h"

#include <algorithm>

#include "envoy/config/trace/v3/datadog.pb.h"
#include "envoy/config/trace/v3/opentelemetry.pb.h"
#include "envoy/config/trace/v3/zipkin.pb.h"
#include "pkg/base/strings.h"
#include "pkg/envoy/names.h"
#include "pkg/policy/conf.h"

namespace kuma::policy {

namespace {

using namespace std::chrono_literals;
using Provider = ::envoy::config::trace::v3::Tracing::Http;

const Json& BackendOf(const Json& conf) {
  static const Json kNone;
  const Json& backends = Get(conf, "backends");
  return backends.is_array() && !backends.empty() ? backends[0] : kNone;
}

std::string ClusterName(const ProxyFacts& proxy, const char* kind, const char* provider, std::string_view rest) {
  return envoy::SystemName(proxy.unified_naming, std::string("meshtrace_") + kind + "_" + CleanSystemName(rest),
                           std::string("meshtrace:") + provider);
}

std::string ZipkinCluster(const ProxyFacts& proxy, const Json& zipkin) {
  return ClusterName(proxy, "zipkin", "zipkin", GetString(zipkin, "url"));
}
std::string DatadogCluster(const ProxyFacts& proxy, const Json& datadog) {
  return ClusterName(proxy, "datadog", "datadog", GetString(datadog, "url"));
}
std::string OtelCluster(const ProxyFacts& proxy, const OtelTarget& target) {
  return ClusterName(proxy, "otel", "opentelemetry", target.backend.name);
}

bool UsesPipe(const OtelTarget& target, const ProxyFacts& proxy) { return target.by_reference && proxy.telemetry.otel_pipe; }

void SetSampling(Tracing& tracing, const Json& sampling) {
  if (const auto share = FindDecimal(sampling, "overall")) tracing.mutable_overall_sampling()->set_value(*share);
  if (const auto share = FindDecimal(sampling, "client")) tracing.mutable_client_sampling()->set_value(*share);
  if (const auto share = FindDecimal(sampling, "random")) tracing.mutable_random_sampling()->set_value(*share);
}

void AddTags(Tracing& tracing, const Json& tags, const ProxyFacts& proxy) {
  if (tags.is_array()) {
    for (const Json& tag : tags) {
      auto* out = tracing.add_custom_tags();
      out->set_tag(GetString(tag, "name"));
      if (const Json& header = Get(tag, "header"); !header.is_null()) {
        out->mutable_request_header()->set_name(GetString(header, "name"));
        out->mutable_request_header()->set_default_value(GetString(header, "default"));
      } else {
        out->mutable_literal()->set_value(GetString(tag, "literal"));
      }
    }
  }
  const std::pair<const char*, const std::string&> standard[] = {
      {"kuma.mesh", proxy.mesh}, {"kuma.zone", proxy.zone}, {"kuma.workload", proxy.telemetry.workload}};
  for (const auto& [name, value] : standard) {
    const auto& known = tracing.custom_tags();
    if (value.empty() || std::any_of(known.begin(), known.end(), [&](const auto& tag) { return tag.tag() == name; })) continue;
    auto* out = tracing.add_custom_tags();
    out->set_tag(name);
    out->mutable_literal()->set_value(value);
  }
}

template <typename Config>
void SetProvider(Tracing& tracing, const char* name, const Config& config) {
  Provider& provider = *tracing.mutable_provider();
  provider.set_name(name);
  envoy::Pack(config, provider.mutable_typed_config());
}

void SetZipkin(Tracing& tracing, const Json& zipkin, const ProxyFacts& proxy) {
  using Config = ::envoy::config::trace::v3::ZipkinConfig;
  const UrlParts url = ParseUrl(GetString(zipkin, "url"));
  Config config;
  config.set_collector_cluster(ZipkinCluster(proxy, zipkin));
  config.set_collector_endpoint(url.path);
  config.set_collector_hostname(url.authority);
  config.set_trace_id_128bit(GetBool(zipkin, "traceId128bit"));
  config.set_collector_endpoint_version(GetString(zipkin, "apiVersion") == "httpProto" ? Config::HTTP_PROTO : Config::HTTP_JSON);
  config.mutable_shared_span_context()->set_value(GetBool(zipkin, "sharedSpanContext", true));
  SetProvider(tracing, "envoy.tracers.zipkin", config);
}

void SetDatadog(Tracing& tracing, const Json& datadog, const ProxyFacts& proxy, std::string_view direction,
                const std::string& destination) {
  ::envoy::config::trace::v3::DatadogConfig config;
  config.set_collector_cluster(DatadogCluster(proxy, datadog));
  std::string service = proxy.service;
  if (GetBool(datadog, "splitService")) {
    if (!direction.empty()) service += "_" + std::string(direction);
    if (direction == "OUTBOUND") service += "_" + destination;
  }
  config.set_service_name(service);
  SetProvider(tracing, "envoy.tracers.datadog", config);
}

void SetOtel(Tracing& tracing, const OtelTarget& target, const ProxyFacts& proxy) {
  ::envoy::config::trace::v3::OpenTelemetryConfig config;
  config.set_service_name(proxy.service);
  const std::string cluster = OtelCluster(proxy, target);
  if (target.backend.http && !UsesPipe(target, proxy)) {
    auto* uri = config.mutable_http_service()->mutable_http_uri();
    const std::string host = envoy::HostPort(OtelDirectAddress(target, proxy.telemetry.host_ip), target.backend.port);
    uri->set_uri((target.UsesHttps() ? "https://" : "http://") + host + target.SignalPath("v1/traces"));
    uri->set_cluster(cluster);
    envoy::SetDuration(uri->mutable_timeout(), 10s);
  } else {
    config.mutable_grpc_service()->mutable_envoy_grpc()->set_cluster_name(cluster);
  }
  SetProvider(tracing, "envoy.tracers.opentelemetry", config);
}

}  // namespace

UrlParts ParseUrl(const std::string& url) {
  UrlParts parts;
  const size_t scheme = url.find("://");
  if (scheme == std::string::npos) return parts;
  parts.scheme = url.substr(0, scheme);
  const std::string rest = url.substr(scheme + 3);
  const size_t end = rest.find_first_of("/?");
  parts.authority = rest.substr(0, end);
  if (const size_t at = parts.authority.rfind('@'); at != std::string::npos) parts.authority.erase(0, at + 1);
  if (end != std::string::npos && rest[end] == '/') parts.path = UrlDecode(rest.substr(end, rest.find('?') - end));
  const size_t bracket = parts.authority.find(']');
  const size_t colon = parts.authority.find(':', bracket == std::string::npos ? 0 : bracket);
  parts.host = parts.authority.substr(0, colon);
  if (parts.host.starts_with("[")) parts.host = parts.host.substr(1, parts.host.size() - 2);
  if (colon != std::string::npos) parts.port = static_cast<uint32_t>(ParseInt(parts.authority.substr(colon + 1)).value_or(0));
  return parts;
}

std::optional<Tracing> MakeTracing(const Json& conf, const ProxyFacts& proxy, std::string_view direction, const std::string& destination) {
  const Json& backend = BackendOf(conf);
  if (!backend.is_object()) return std::nullopt;
  Tracing tracing;
  tracing.mutable_spawn_upstream_span()->set_value(false);
  SetSampling(tracing, Get(conf, "sampling"));
  AddTags(tracing, Get(conf, "tags"), proxy);
  if (const Json& zipkin = Get(backend, "zipkin"); zipkin.is_object()) SetZipkin(tracing, zipkin, proxy);
  if (const Json& datadog = Get(backend, "datadog"); datadog.is_object()) SetDatadog(tracing, datadog, proxy, direction, destination);
  if (const Json& otel = Get(backend, "openTelemetry"); otel.is_object()) {
    // A reference that leads nowhere leaves tags and sampling: spans are made as soon as the backend exists.
    if (const auto target = ResolveOtel(otel, proxy.telemetry.backends)) SetOtel(tracing, *target, proxy);
  }
  return tracing;
}

std::optional<envoy::ClusterDraft> MakeTraceCluster(const Json& conf, const ProxyFacts& proxy) {
  const Json& backend = BackendOf(conf);
  const bool ipv6 = proxy.ipv6_address;
  envoy::Host host;
  if (const Json& zipkin = Get(backend, "zipkin"); zipkin.is_object()) {
    const UrlParts url = ParseUrl(GetString(zipkin, "url"));
    host.address = url.host;
    host.port = url.port;
    envoy::ClusterDraft cluster = CollectorCluster(ZipkinCluster(proxy, zipkin), host, false, ipv6);
    if (url.scheme == "https") AddOutsideTls(cluster, url.host, true);
    return cluster;
  }
  if (const Json& datadog = Get(backend, "datadog"); datadog.is_object()) {
    const UrlParts url = ParseUrl(GetString(datadog, "url"));
    host.address = url.host;
    host.port = url.port;
    return CollectorCluster(DatadogCluster(proxy, datadog), host, false, ipv6);
  }
  const auto target = ResolveOtel(Get(backend, "openTelemetry"), proxy.telemetry.backends);
  if (!target) return std::nullopt;
  const bool pipe = UsesPipe(*target, proxy);
  if (pipe) {
    host.unix_path = OtelSocketPath(proxy.work_dir, target->backend.name);
  } else {
    host.address = OtelDirectAddress(*target, proxy.telemetry.host_ip);
    host.port = target->backend.port;
  }
  envoy::ClusterDraft cluster = CollectorCluster(OtelCluster(proxy, *target), host, pipe || !target->backend.http, ipv6);
  if (!pipe && target->UsesHttps()) AddOutsideTls(cluster, host.address, false);
  return cluster;
}

}  // namespace kuma::policy
