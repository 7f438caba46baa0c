#include "pkg/envoy/bootstrap.h"

#include <google/protobuf/util/json_util.h>

#include "envoy/config/accesslog/v3/accesslog.pb.h"
#include "envoy/config/bootstrap/v3/bootstrap.pb.h"
#include "envoy/config/grpc_credential/v3/file_based_metadata.pb.h"
#include "envoy/config/overload/v3/overload.pb.h"
#include "envoy/extensions/access_loggers/file/v3/file.pb.h"
#include "envoy/extensions/regex_engines/v3/google_re2.pb.h"
#include "envoy/extensions/resource_monitors/downstream_connections/v3/downstream_connections.pb.h"
#include "envoy/extensions/resource_monitors/fixed_heap/v3/fixed_heap.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/tls.pb.h"
#include "envoy/extensions/upstreams/http/v3/http_protocol_options.pb.h"
#include "pkg/envoy/message.h"

#include <arpa/inet.h>

namespace kuma::envoy {
namespace {

namespace bootstrap_v3 = ::envoy::config::bootstrap::v3;
namespace cluster_v3 = ::envoy::config::cluster::v3;
namespace core_v3 = ::envoy::config::core::v3;
namespace overload_v3 = ::envoy::config::overload::v3;
namespace tls_v3 = ::envoy::extensions::transport_sockets::tls::v3;

constexpr const char* kControlPlaneCa = "cp_validation_ctx";
constexpr const char* kHttpOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
constexpr const char* kHeapMonitor = "envoy.resource_monitors.fixed_heap";

bool IsIp(const std::string& host) {
  unsigned char buffer[16];
  return inet_pton(AF_INET, host.c_str(), buffer) == 1 || inet_pton(AF_INET6, host.c_str(), buffer) == 1;
}

void SetValue(const Json& json, google::protobuf::Value* value) {
  if (json.is_object()) {
    auto* fields = value->mutable_struct_value()->mutable_fields();
    for (const auto& [key, item] : json.items()) SetValue(item, &(*fields)[key]);
  } else if (json.is_array()) {
    auto* list = value->mutable_list_value();
    for (const Json& item : json) SetValue(item, list->add_values());
  } else if (json.is_string()) {
    value->set_string_value(json.get<std::string>());
  } else if (json.is_boolean()) {
    value->set_bool_value(json.get<bool>());
  } else if (json.is_number()) {
    value->set_number_value(json.get<double>());
  } else {
    value->set_null_value(google::protobuf::NULL_VALUE);
  }
}

std::string AdsName(const BootstrapParams& params) { return params.unified_names ? "system_ads" : "ads_cluster"; }
std::string LogSinkName(const BootstrapParams& params) { return params.unified_names ? "system_access_log_sink" : "access_log_sink"; }

void SetGrpcService(const BootstrapParams& params, core_v3::GrpcService* service) {
  if (params.token_path.empty()) {
    service->mutable_envoy_grpc()->set_cluster_name(AdsName(params));
    if (!params.token.empty()) {
      auto* header = service->add_initial_metadata();
      header->set_key("authorization");
      header->set_value(params.token);
    }
    return;
  }
  // Only Google's client re-reads the token file.
  auto* google = service->mutable_google_grpc();
  const bool ipv6 = params.xds_host.find(':') != std::string::npos;
  google->set_target_uri((ipv6 ? "[" + params.xds_host + "]" : params.xds_host) + ":" + std::to_string(params.xds_port));
  google->set_stat_prefix("ads");
  google->set_credentials_factory_name("envoy.grpc_credentials.file_based_metadata");
  auto* plugin = google->add_call_credentials()->mutable_from_plugin();
  plugin->set_name("envoy.grpc_credentials.file_based_metadata");
  ::envoy::config::grpc_credential::v3::FileBasedMetadataConfig file;
  file.mutable_secret_data()->set_filename(params.token_path);
  Pack(file, plugin->mutable_typed_config());
  auto& args = *google->mutable_channel_args()->mutable_args();
  args["grpc.keepalive_time_ms"].set_int_value(10000);
  args["grpc.keepalive_timeout_ms"].set_int_value(30000);
  args["grpc.http2.max_pings_without_data"].set_int_value(0);
  // In Envoy this also sizes the stream's receive window: a push that does not fit stalls.
  args["grpc.max_receive_message_length"].set_int_value(params.xds_max_receive_bytes);
  if (!params.ca_pem.empty()) {
    google->mutable_channel_credentials()->mutable_ssl_credentials()->mutable_root_certs()->set_inline_bytes(params.ca_pem);
  }
}

void SetApiSource(const BootstrapParams& params, core_v3::ApiConfigSource::ApiType type, core_v3::ApiConfigSource* source) {
  source->set_api_type(type);
  source->set_transport_api_version(core_v3::ApiVersion::V3);
  source->set_set_node_on_first_message_only(true);
  SetGrpcService(params, source->add_grpc_services());
}

void SetAdsSource(core_v3::ConfigSource* source) {
  source->mutable_ads();
  source->mutable_initial_fetch_timeout();  // 0: wait as long as it takes
  source->set_resource_api_version(core_v3::ApiVersion::V3);
}

cluster_v3::Cluster* AddHttp2Cluster(const BootstrapParams& params, const std::string& name, bootstrap_v3::Bootstrap& bootstrap) {
  auto* cluster = bootstrap.mutable_static_resources()->add_clusters();
  cluster->set_name(name);
  SetDuration(cluster->mutable_connect_timeout(), params.xds_connect_timeout);
  auto* keepalive = cluster->mutable_upstream_connection_options()->mutable_tcp_keepalive();
  keepalive->mutable_keepalive_probes()->set_value(3);
  keepalive->mutable_keepalive_time()->set_value(10);
  keepalive->mutable_keepalive_interval()->set_value(10);
  cluster->mutable_load_assignment()->set_cluster_name(name);
  ::envoy::extensions::upstreams::http::v3::HttpProtocolOptions options;
  options.mutable_explicit_http_config()->mutable_http2_protocol_options();
  Pack(options, &(*cluster->mutable_typed_extension_protocol_options())[kHttpOptions]);
  return cluster;
}

core_v3::Address* AddEndpoint(cluster_v3::Cluster* cluster) {
  return cluster->mutable_load_assignment()->add_endpoints()->add_lb_endpoints()->mutable_endpoint()->mutable_address();
}

void AddClusters(const BootstrapParams& params, bootstrap_v3::Bootstrap& bootstrap) {
  auto* sink = AddHttp2Cluster(params, LogSinkName(params), bootstrap);
  sink->set_type(cluster_v3::Cluster::STATIC);
  AddEndpoint(sink)->mutable_pipe()->set_path(params.access_log_socket_path);
  if (!params.token_path.empty()) return;

  auto* ads = AddHttp2Cluster(params, AdsName(params), bootstrap);
  ads->set_type(IsIp(params.xds_host) ? cluster_v3::Cluster::STATIC : cluster_v3::Cluster::STRICT_DNS);
  if (params.v4_only_lookup) ads->set_dns_lookup_family(cluster_v3::Cluster::V4_ONLY);
  auto* address = AddEndpoint(ads)->mutable_socket_address();
  address->set_address(params.xds_host);
  address->set_port_value(params.xds_port);
  tls_v3::UpstreamTlsContext tls;
  tls.set_sni(params.xds_host);
  tls.mutable_common_tls_context()->mutable_tls_params()->set_tls_minimum_protocol_version(tls_v3::TlsParameters::TLSv1_2);
  tls.mutable_common_tls_context()->mutable_validation_context_sds_secret_config()->set_name(kControlPlaneCa);
  ads->mutable_transport_socket()->set_name("envoy.transport_sockets.tls");
  Pack(tls, ads->mutable_transport_socket()->mutable_typed_config());
}

void AddControlPlaneCa(const BootstrapParams& params, bootstrap_v3::Bootstrap& bootstrap) {
  auto* secret = bootstrap.mutable_static_resources()->add_secrets();
  secret->set_name(kControlPlaneCa);
  auto* validation = secret->mutable_validation_context();
  for (const auto type : {tls_v3::SubjectAltNameMatcher::DNS, tls_v3::SubjectAltNameMatcher::IP_ADDRESS}) {
    auto* matcher = validation->add_match_typed_subject_alt_names();
    matcher->set_san_type(type);
    matcher->mutable_matcher()->set_exact(params.xds_host);
  }
  validation->mutable_trusted_ca()->set_inline_bytes(params.ca_pem);
}

void AddStatsTags(bootstrap_v3::Bootstrap& bootstrap) {
  static constexpr const char* kTags[][2] = {
      {"name", "^grpc\\.((.+)\\.)"},
      {"status", "^grpc.*streams_closed(_([0-9]+))"},
      {"kafka_name", "^kafka(\\.(\\S*[0-9]))\\."},
      {"kafka_type", "^kafka\\..*\\.(.*?(?=_duration|$))"},
      {"worker", "(worker_([0-9]+)\\.)"},
      {"listener", "((.+?)\\.)rbac\\."},
  };
  for (const auto& [name, regex] : kTags) {
    auto* tag = bootstrap.mutable_stats_config()->add_stats_tags();
    tag->set_tag_name(name);
    tag->set_regex(regex);
  }
}

void AddRuntime(const BootstrapParams& params, bootstrap_v3::Bootstrap& bootstrap) {
  auto* layer = bootstrap.mutable_layered_runtime()->add_layers();
  layer->set_name("kuma");
  auto& fields = *layer->mutable_static_layer()->mutable_fields();
  fields["re2.max_program_size.error_level"].set_number_value(4294967295.0);
  fields["re2.max_program_size.warn_level"].set_number_value(1000);
  if (!params.builtin_gateway) return;
  auto* gateway = bootstrap.mutable_layered_runtime()->add_layers();
  gateway->set_name("gateway.listeners");
  gateway->mutable_rtds_layer()->set_name("gateway.listeners");
  gateway->mutable_rtds_layer()->mutable_rtds_config()->mutable_ads();
  gateway->mutable_rtds_layer()->mutable_rtds_config()->set_resource_api_version(core_v3::ApiVersion::V3);
}

void AddOverload(const BootstrapParams& params, bootstrap_v3::Bootstrap& bootstrap) {
  auto* overload = bootstrap.mutable_overload_manager();
  SetDuration(overload->mutable_refresh_interval(), std::chrono::milliseconds(250));
  ::envoy::extensions::resource_monitors::downstream_connections::v3::DownstreamConnectionsConfig connections;
  connections.set_max_active_downstream_connections(static_cast<int64_t>(params.gateway_max_connections));
  auto* monitor = overload->add_resource_monitors();
  monitor->set_name("envoy.resource_monitors.global_downstream_max_connections");
  Pack(connections, monitor->mutable_typed_config());
  if (params.max_heap_bytes == 0) return;

  ::envoy::extensions::resource_monitors::fixed_heap::v3::FixedHeapConfig heap;
  heap.set_max_heap_size_bytes(params.max_heap_bytes);
  monitor = overload->add_resource_monitors();
  monitor->set_name(kHeapMonitor);
  Pack(heap, monitor->mutable_typed_config());
  auto add_action = [&](const char* name, double threshold) {
    auto* action = overload->add_actions();
    action->set_name(name);
    auto* trigger = action->add_triggers();
    trigger->set_name(kHeapMonitor);
    trigger->mutable_threshold()->set_value(threshold);
  };
  add_action("envoy.overload_actions.shrink_heap", 0.95);
  add_action("envoy.overload_actions.stop_accepting_requests", 0.98);
}

void AddAdmin(const BootstrapParams& params, bootstrap_v3::Bootstrap& bootstrap) {
  auto* admin = bootstrap.mutable_admin();
  if (!params.admin_socket_path.empty()) {
    admin->mutable_address()->mutable_pipe()->set_path(params.admin_socket_path);
    admin->mutable_address()->mutable_pipe()->set_mode(0600);
  } else {
    admin->mutable_address()->mutable_socket_address()->set_address(params.admin_address);
    admin->mutable_address()->mutable_socket_address()->set_port_value(params.admin_port);
  }
  if (params.admin_access_log_path.empty()) return;
  ::envoy::extensions::access_loggers::file::v3::FileAccessLog file;
  file.set_path(params.admin_access_log_path);
  auto* log = admin->add_access_log();
  log->set_name("envoy.access_loggers.file");
  Pack(file, log->mutable_typed_config());
}

}  // namespace

Result<std::string> MakeBootstrap(const BootstrapParams& params) {
  bootstrap_v3::Bootstrap bootstrap;
  bootstrap.mutable_node()->set_id(params.node_id);
  bootstrap.mutable_node()->set_cluster(params.node_cluster);
  auto* metadata = bootstrap.mutable_node()->mutable_metadata()->mutable_fields();
  for (const auto& [key, value] : params.metadata.items()) SetValue(value, &(*metadata)[key]);

  AddRuntime(params, bootstrap);
  AddStatsTags(bootstrap);
  auto* dynamic = bootstrap.mutable_dynamic_resources();
  SetAdsSource(dynamic->mutable_lds_config());
  SetAdsSource(dynamic->mutable_cds_config());
  SetApiSource(params, params.delta_xds ? core_v3::ApiConfigSource::DELTA_GRPC : core_v3::ApiConfigSource::GRPC, dynamic->mutable_ads_config());
  if (params.health_discovery) SetApiSource(params, core_v3::ApiConfigSource::GRPC, bootstrap.mutable_hds_config());
  AddControlPlaneCa(params, bootstrap);
  AddClusters(params, bootstrap);
  bootstrap.mutable_default_regex_engine()->set_name("envoy.regex_engines.google_re2");
  Pack(::envoy::extensions::regex_engines::v3::GoogleRE2(), bootstrap.mutable_default_regex_engine()->mutable_typed_config());
  if (params.builtin_gateway) AddOverload(params, bootstrap);
  if (params.admin_port != 0) AddAdmin(params, bootstrap);

  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(bootstrap, &text);
  if (!status.ok()) return Internal("cannot print the bootstrap configuration: " + status.ToString());
  KUMA_TRY_ASSIGN(const Json document, ParseJson(text));
  return ToYaml(document);
}

}  // namespace kuma::envoy
