#include "pkg/policy/mesh_health_check/apply.h"

#include "envoy/extensions/health_check/event_sinks/file/v3/file.pb.h"
#include "pkg/base/strings.h"
#include "pkg/policy/conf.h"
#include "pkg/policy/tags_header.h"

namespace kuma::policy {

namespace {

using namespace std::chrono_literals;
using HealthCheck = ::envoy::config::core::v3::HealthCheck;
using HeaderOption = ::envoy::config::core::v3::HeaderValueOption;

enum class Kind { kNone, kTcp, kHttp, kGrpc };

// The check that speaks the service's protocol; a plain connection when that one is turned off, or nothing.
Kind ChooseKind(mesh::Protocol protocol, const Json& conf) {
  const auto given = [&](const char* name) { return Get(conf, name).is_object(); };
  const auto enabled = [&](const char* name) { return given(name) && !GetBool(Get(conf, name), "disabled"); };
  const bool http = protocol == mesh::Protocol::kHttp || protocol == mesh::Protocol::kHttp2;
  const bool grpc = protocol == mesh::Protocol::kGrpc;
  if (http && enabled("http")) return Kind::kHttp;
  if (grpc && enabled("grpc")) return Kind::kGrpc;
  if (!enabled("tcp")) return Kind::kNone;
  if (protocol == mesh::Protocol::kTcp || (http && given("http")) || (grpc && given("grpc"))) return Kind::kTcp;
  return Kind::kNone;
}

std::string Text(const Json& value) { return value.is_string() ? HexEncode(value.get_ref<const std::string&>()) : std::string(); }

void SetTcp(HealthCheck::TcpHealthCheck& check, const Json& conf) {
  if (const Json& send = Get(conf, "send"); !send.is_null()) check.mutable_send()->set_text(Text(send));
  for (const Json& block : Get(conf, "receive")) check.add_receive()->set_text(Text(block));
}

void AddHeaders(HealthCheck::HttpHealthCheck& check, const Json& headers, HeaderOption::HeaderAppendAction action) {
  for (const Json& header : headers) {
    for (const std::string& value : Split(GetString(header, "value"), ',')) {
      HeaderOption* option = check.add_request_headers_to_add();
      option->mutable_header()->set_key(GetString(header, "name"));
      option->mutable_header()->set_value(value);
      option->set_append_action(action);
    }
  }
}

void SetHttp(HealthCheck::HttpHealthCheck& check, const Json& conf, const OutboundClusterDraft& draft) {
  check.set_path(GetString(conf, "path", "/"));
  if (!draft.proxy.tags.empty()) {
    auto* header = check.add_request_headers_to_add()->mutable_header();
    header->set_key(kTagsHeader);
    header->set_value(TagsHeader(draft.proxy.tags));
  }
  const Json& headers = Get(conf, "requestHeadersToAdd");
  AddHeaders(check, Get(headers, "add"), HeaderOption::APPEND_IF_EXISTS_OR_ADD);
  AddHeaders(check, Get(headers, "set"), HeaderOption::OVERWRITE_IF_EXISTS_OR_ADD);
  for (const Json& status : Get(conf, "expectedStatuses")) {
    if (!status.is_number_integer()) continue;
    auto* range = check.add_expected_statuses();
    range->set_start(status.get<int64_t>());
    range->set_end(status.get<int64_t>() + 1);
  }
  if (draft.protocol == mesh::Protocol::kHttp2) check.set_codec_client_type(::envoy::type::v3::HTTP2);
}

void SetIntervals(HealthCheck& check, const Json& conf) {
  envoy::SetDuration(check.mutable_interval(), FindDuration(conf, "interval").value_or(1min));
  envoy::SetDuration(check.mutable_timeout(), FindDuration(conf, "timeout").value_or(15s));
  check.mutable_unhealthy_threshold()->set_value(FindUint(conf, "unhealthyThreshold").value_or(5));
  check.mutable_healthy_threshold()->set_value(FindUint(conf, "healthyThreshold").value_or(1));
  if (const auto jitter = FindDuration(conf, "initialJitter")) envoy::SetDuration(check.mutable_initial_jitter(), *jitter);
  if (const auto jitter = FindDuration(conf, "intervalJitter")) envoy::SetDuration(check.mutable_interval_jitter(), *jitter);
  if (const auto percent = FindUint(conf, "intervalJitterPercent")) check.set_interval_jitter_percent(*percent);
  if (const auto interval = FindDuration(conf, "noTrafficInterval")) envoy::SetDuration(check.mutable_no_traffic_interval(), *interval);
}

HealthCheck MakeCheck(const Json& conf, Kind kind, const OutboundClusterDraft& draft) {
  HealthCheck check;
  SetIntervals(check, conf);
  if (const Json& path = Get(conf, "eventLogPath"); path.is_string()) {
    ::envoy::extensions::health_check::event_sinks::file::v3::HealthCheckEventFileSink sink;
    sink.set_event_log_path(path.get<std::string>());
    auto* logger = check.add_event_logger();
    logger->set_name("envoy.health_check.event_sinks.file");
    envoy::Pack(sink, logger->mutable_typed_config());
  }
  check.set_always_log_health_check_failures(GetBool(conf, "alwaysLogHealthCheckFailures"));
  if (const Json& reuse = Get(conf, "reuseConnection"); reuse.is_boolean()) check.mutable_reuse_connection()->set_value(reuse.get<bool>());
  switch (kind) {
    case Kind::kNone:
      break;
    case Kind::kTcp:
      SetTcp(*check.mutable_tcp_health_check(), Get(conf, "tcp"));
      break;
    case Kind::kHttp:
      SetHttp(*check.mutable_http_health_check(), Get(conf, "http"), draft);
      break;
    case Kind::kGrpc:
      check.mutable_grpc_health_check()->set_service_name(GetString(Get(conf, "grpc"), "serviceName"));
      check.mutable_grpc_health_check()->set_authority(GetString(Get(conf, "grpc"), "authority"));
      break;
  }
  return check;
}

void SetPanic(envoy::Cluster& cluster, const Json& conf) {
  if (const auto threshold = FindDecimal(conf, "healthyPanicThreshold")) {
    cluster.mutable_common_lb_config()->mutable_healthy_panic_threshold()->set_value(*threshold);
  }
  const Json& fail = Get(conf, "failTrafficOnPanic");
  // Weighted localities know no such switch, and Envoy takes one of the two.
  if (!fail.is_boolean() || cluster.common_lb_config().has_locality_weighted_lb_config()) return;
  cluster.mutable_common_lb_config()->mutable_zone_aware_lb_config()->set_fail_traffic_on_panic(fail.get<bool>());
}

void Cluster(OutboundClusterDraft& draft, const PolicySlice& slice) {
  const Json* conf = nullptr;
  if (draft.destination) {
    const ResourceRule* rule = slice.ToResource(*draft.destination);
    conf = rule == nullptr ? nullptr : &rule->confs.front();
  } else if (draft.has_outbound) {
    conf = slice.ToService(draft.service);
  }
  if (conf == nullptr) return;
  SetPanic(draft.cluster.cluster, *conf);
  const Kind kind = ChooseKind(draft.protocol, *conf);
  if (kind != Kind::kNone) *draft.cluster.cluster.add_health_checks() = MakeCheck(*conf, kind, draft);
}

}  // namespace

PolicyHooks MeshHealthCheckHooks() { return {.type = "MeshHealthCheck", .order = 1200, .cluster = Cluster, .reads_tags = true}; }

}  // namespace kuma::policy
