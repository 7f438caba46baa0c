// Lines and records of access logs: Kuma's own placeholders are filled in here, Envoy fills in the rest per request.
#pragma once

#include <string>
#include <string_view>

#include "envoy/config/accesslog/v3/accesslog.pb.h"
#include "envoy/config/core/v3/substitution_format_string.pb.h"
#include "envoy/extensions/access_loggers/open_telemetry/v3/logs_service.pb.h"
#include "pkg/base/json.h"

namespace kuma::policy {

// What Kuma's placeholders stand for in the logs of one listener.
struct LogValues {
  std::string source_service;
  std::string source_address;
  std::string destination_service;
  std::string mesh;
  std::string zone;
  std::string workload;
  std::string_view direction;
};

// %KUMA_SOURCE_SERVICE% and the like; %START_TIME% and other placeholders of Envoy stay.
std::string FillPlaceholders(std::string text, const LogValues& values);

std::string_view DefaultLogFormat(bool http);

using SubstitutionFormat = ::envoy::config::core::v3::SubstitutionFormatString;
// `format`: of the policy; null: `otherwise`.
SubstitutionFormat FileFormat(const Json& format, std::string_view otherwise, const LogValues& values);
// What kuma-dp reads from its pipe: the server and the line for it.
SubstitutionFormat TcpFormat(const Json& tcp, std::string_view otherwise, const LogValues& values);

using OtelLogConfig = ::envoy::extensions::access_loggers::open_telemetry::v3::OpenTelemetryAccessLogConfig;
OtelLogConfig OtelLog(const Json& open_telemetry, std::string_view otherwise, const LogValues& values, const std::string& cluster);

// Condition under which a rule's logs are written, in CEL; "": always.
std::string LogCondition(const Json& match);

}  // namespace kuma::policy
