#include "pkg/policy/mesh_access_log/format.h"

#include <google/protobuf/unknown_field_set.h>
#include <google/protobuf/util/json_util.h>

#include <vector>

#include "envoy/config/core/v3/grpc_service.pb.h"
#include "pkg/base/strings.h"
#include "pkg/envoy/message.h"
#include "pkg/envoy/names.h"

namespace kuma::policy {

namespace {

using ::opentelemetry::proto::common::v1::AnyValue;
using ::opentelemetry::proto::common::v1::KeyValue;
using ::opentelemetry::proto::common::v1::KeyValueList;

constexpr std::string_view kNetworkFormat =
    "[%START_TIME%] %RESPONSE_FLAGS% %KUMA_MESH% %KUMA_SOURCE_ADDRESS_WITHOUT_PORT%(%KUMA_SOURCE_SERVICE%)->"
    "%UPSTREAM_HOST%(%KUMA_DESTINATION_SERVICE%) took %DURATION%ms, sent %BYTES_SENT% bytes, received: %BYTES_RECEIVED% bytes";
constexpr std::string_view kHttpFormat =
    "[%START_TIME%] %KUMA_MESH% \"%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%\" %RESPONSE_CODE% %RESPONSE_FLAGS% "
    "%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% \"%REQ(X-FORWARDED-FOR)%\" \"%REQ(USER-AGENT)%\" "
    "\"%REQ(X-B3-TRACEID?X-DATADOG-TRACEID)%\" \"%REQ(X-REQUEST-ID)%\" \"%REQ(:AUTHORITY)%\" \"%KUMA_SOURCE_SERVICE%\" "
    "\"%KUMA_DESTINATION_SERVICE%\" \"%KUMA_SOURCE_ADDRESS_WITHOUT_PORT%\" \"%UPSTREAM_HOST%\"";

std::string Line(std::string_view format, const LogValues& values) { return FillPlaceholders(std::string(format) + "\n", values); }

void FillFields(const Json& items, const LogValues& values, google::protobuf::Struct& fields) {
  for (const Json& item : items) {
    (*fields.mutable_fields())[GetString(item, "key")].set_string_value(FillPlaceholders(GetString(item, "value"), values));
  }
}

void FillValue(AnyValue& value, const LogValues& values) {
  if (value.has_string_value()) value.set_string_value(FillPlaceholders(value.string_value(), values));
  if (value.has_array_value()) {
    for (AnyValue& item : *value.mutable_array_value()->mutable_values()) FillValue(item, values);
  }
  if (value.has_kvlist_value()) {
    for (KeyValue& item : *value.mutable_kvlist_value()->mutable_values()) {
      item.set_key(FillPlaceholders(item.key(), values));
      FillValue(*item.mutable_value(), values);
    }
  }
}

void AddText(KeyValueList& list, std::string key, std::string text) {
  KeyValue& entry = *list.add_values();
  entry.set_key(std::move(key));
  entry.mutable_value()->set_string_value(std::move(text));
}

AnyValue Body(const Json& body, std::string_view otherwise, const LogValues& values) {
  AnyValue standard;
  standard.set_string_value(FillPlaceholders(std::string(otherwise), values));
  if (body.is_null()) return standard;
  AnyValue value;
  const std::string text = ToJsonText(body);
  google::protobuf::util::JsonParseOptions lenient;
  lenient.ignore_unknown_fields = true;
  if (google::protobuf::util::JsonStringToMessage(text, &value, lenient).ok()) {
    if (value.value_case() == AnyValue::VALUE_NOT_SET) return standard;  // an object that is no AnyValue
    FillValue(value, values);
    return value;
  }
  value.Clear();
  value.set_string_value(FillPlaceholders(text, values));
  return value;
}

}  // namespace

std::string FillPlaceholders(std::string text, const LogValues& values) {
  if (text.find("%KUMA_") == std::string::npos) return text;
  const std::pair<std::string_view, std::string> known[] = {
      {"%KUMA_SOURCE_ADDRESS%", envoy::HostPort(values.source_address, 0)},
      {"%KUMA_SOURCE_ADDRESS_WITHOUT_PORT%", values.source_address},
      {"%KUMA_SOURCE_SERVICE%", values.source_service},
      {"%KUMA_DESTINATION_SERVICE%", values.destination_service},
      {"%KUMA_MESH%", values.mesh},
      {"%KUMA_TRAFFIC_DIRECTION%", std::string(values.direction)},
      {"%KUMA_ZONE%", values.zone},
      {"%KUMA_WORKLOAD%", values.workload},
  };
  for (const auto& [placeholder, value] : known) text = ReplaceAll(std::move(text), placeholder, value);
  return text;
}

std::string_view DefaultLogFormat(bool http) { return http ? kHttpFormat : kNetworkFormat; }

SubstitutionFormat FileFormat(const Json& format, std::string_view otherwise, const LogValues& values) {
  SubstitutionFormat result;
  result.set_omit_empty_values(GetBool(format, "omitEmptyValues"));
  if (const Json& items = Get(format, "json"); items.is_array() && Get(format, "plain").is_null()) {
    FillFields(items, values, *result.mutable_json_format());
    return result;
  }
  const std::string plain = GetString(format, "plain", otherwise);
  result.mutable_text_format_source()->set_inline_string(Line(plain, values));
  return result;
}

SubstitutionFormat TcpFormat(const Json& tcp, std::string_view otherwise, const LogValues& values) {
  const Json& format = Get(tcp, "format");
  SubstitutionFormat result;
  result.set_omit_empty_values(GetBool(format, "omitEmptyValues"));
  auto& fields = *result.mutable_json_format()->mutable_fields();
  fields["address"].set_string_value(GetString(tcp, "address"));
  if (const Json& items = Get(format, "json"); items.is_array() && Get(format, "plain").is_null()) {
    FillFields(items, values, *fields["message"].mutable_struct_value());
  } else {
    fields["message"].set_string_value(Line(GetString(format, "plain", otherwise), values));
  }
  return result;
}

OtelLogConfig OtelLog(const Json& open_telemetry, std::string_view otherwise, const LogValues& values, const std::string& cluster) {
  OtelLogConfig config;
  *config.mutable_body() = Body(Get(open_telemetry, "body"), otherwise, values);
  KeyValueList& attributes = *config.mutable_attributes();
  if (const Json& list = Get(open_telemetry, "attributes"); list.is_array()) {
    for (const Json& item : list) {
      AddText(attributes, FillPlaceholders(GetString(item, "key"), values), FillPlaceholders(GetString(item, "value"), values));
    }
  }
  KeyValueList& resource = *config.mutable_resource_attributes();
  AddText(resource, "kuma.mesh", values.mesh);
  if (!values.zone.empty()) AddText(resource, "kuma.zone", values.zone);
  if (!values.workload.empty()) AddText(resource, "kuma.workload", values.workload);
  // Two fields of the message that are younger than our copy of its definition; common_config is deprecated.
  constexpr int kGrpcService = 9;
  constexpr int kLogName = 10;
  ::envoy::config::core::v3::GrpcService service;
  service.mutable_envoy_grpc()->set_cluster_name(cluster);
  auto* younger = config.GetReflection()->MutableUnknownFields(&config);
  younger->AddLengthDelimited(kGrpcService)->assign(envoy::SerializeDeterministic(service));
  younger->AddLengthDelimited(kLogName)->assign("MeshAccessLog");
  return config;
}

std::string LogCondition(const Json& match) {
  std::vector<std::string> parts;
  const Json& spiffe = Get(match, "spiffeID");
  const std::string id = ToJsonText(Json(GetString(spiffe, "value")));
  if (GetString(spiffe, "type") == "Exact") parts.push_back("connection.uri_san_peer_certificate == " + id);
  if (GetString(spiffe, "type") == "Prefix") parts.push_back("connection.uri_san_peer_certificate.startsWith(" + id + ")");
  const Json& sni = Get(match, "sni");
  if (GetString(sni, "type") == "Exact") {
    parts.push_back("connection.requested_server_name == " + ToJsonText(Json(GetString(sni, "value"))));
  }
  return Join(parts, " && ");
}

}  // namespace kuma::policy
