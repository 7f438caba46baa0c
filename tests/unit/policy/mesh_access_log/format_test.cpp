#include "pkg/policy/mesh_access_log/format.h"

#include <google/protobuf/unknown_field_set.h>

#include <catch2/catch.hpp>

#include "envoy/config/core/v3/grpc_service.pb.h"

namespace kuma::policy {

namespace {

LogValues Values() { return {"web", "10.0.0.1", "backend", "demo", "east", "kri_wl_demo_east__web_", "OUTBOUND"}; }

std::string Body(Json body) { return OtelLog({{"body", std::move(body)}}, "std %KUMA_MESH%", Values(), "c").body().ShortDebugString(); }

}  // namespace

TEST_CASE("Kuma's placeholders are filled in, Envoy's stay") {
  LogValues values = Values();
  struct Case {
    const char *text, *expected;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"%KUMA_SOURCE_ADDRESS%|%KUMA_SOURCE_ADDRESS_WITHOUT_PORT%", "10.0.0.1:0|10.0.0.1"},
           {"%KUMA_SOURCE_SERVICE%->%KUMA_DESTINATION_SERVICE% %UPSTREAM_HOST%", "web->backend %UPSTREAM_HOST%"},
           {"%KUMA_MESH%/%KUMA_ZONE%/%KUMA_WORKLOAD%/%KUMA_TRAFFIC_DIRECTION%", "demo/east/kri_wl_demo_east__web_/OUTBOUND"},
           {"%KUMA_MESH%%KUMA_MESH%", "demodemo"},
           {"%KUMA_OTHER% %kuma_mesh%", "%KUMA_OTHER% %kuma_mesh%"},
       }) {
    CHECK(FillPlaceholders(c.text, values) == c.expected);
  }
  values.source_address = "fd00::1";
  CHECK(FillPlaceholders("%KUMA_SOURCE_ADDRESS%", values) == "[fd00::1]:0");
}

TEST_CASE("lines of files and of TCP servers end with a newline, fields do not") {
  CHECK(FileFormat(Json(), "%KUMA_MESH%", Values()).text_format_source().inline_string() == "demo\n");
  const Json as_json = {{"type", "Json"}, {"omitEmptyValues", true}, {"json", {{{"key", "m"}, {"value", "%KUMA_MESH%"}}}}};
  const SubstitutionFormat file = FileFormat(as_json, "x", Values());
  CHECK(file.json_format().fields().at("m").string_value() == "demo");
  CHECK(file.omit_empty_values());

  const SubstitutionFormat plain = TcpFormat({{"address", "logs:99"}, {"format", {{"plain", "a %KUMA_ZONE%"}}}}, "x", Values());
  CHECK(plain.json_format().fields().at("address").string_value() == "logs:99");
  CHECK(plain.json_format().fields().at("message").string_value() == "a east\n");
  const SubstitutionFormat fields = TcpFormat({{"address", "logs:99"}, {"format", as_json}}, "x", Values());
  CHECK(fields.json_format().fields().at("message").struct_value().fields().at("m").string_value() == "demo");
}

TEST_CASE("bodies of OpenTelemetry records: an AnyValue, or the text of the document") {
  CHECK(Body(nullptr) == "string_value: \"std demo\"");
  CHECK(Body({{"stringValue", "in %KUMA_MESH%"}}) == "string_value: \"in demo\"");
  CHECK(Body({{"kvlistValue", {{"values", {{{"key", "%KUMA_ZONE%"}, {"value", {{"stringValue", "%KUMA_MESH%"}}}}}}}}}) ==
        "kvlist_value { values { key: \"east\" value { string_value: \"demo\" } } }");
  CHECK(Body("%KUMA_MESH%") == "string_value: \"\\\"demo\\\"\"");
  CHECK(Body({{"mesh", "x"}}) == "string_value: \"std demo\"");
}

TEST_CASE("attributes of OpenTelemetry records, and the fields younger than the message's definition") {
  const Json otel = {{"attributes", {{{"key", "mesh"}, {"value", "%KUMA_MESH%"}}, {{"key", "code"}, {"value", "%RESPONSE_CODE%"}}}}};
  LogValues values = Values();
  values.workload.clear();
  const OtelLogConfig config = OtelLog(otel, "x", values, "collectors");
  REQUIRE(config.attributes().values_size() == 2);
  CHECK(config.attributes().values(0).value().string_value() == "demo");
  CHECK(config.attributes().values(1).value().string_value() == "%RESPONSE_CODE%");
  REQUIRE(config.resource_attributes().values_size() == 2);
  CHECK(config.resource_attributes().values(1).key() == "kuma.zone");

  const auto& younger = config.GetReflection()->GetUnknownFields(config);
  REQUIRE(younger.field_count() == 2);
  ::envoy::config::core::v3::GrpcService service;
  REQUIRE(service.ParseFromString(younger.field(0).length_delimited()));
  CHECK(younger.field(0).number() == 9);
  CHECK(service.envoy_grpc().cluster_name() == "collectors");
  CHECK(younger.field(1).number() == 10);
  CHECK(younger.field(1).length_delimited() == "MeshAccessLog");
}

TEST_CASE("conditions of rules are quoted for CEL") {
  CHECK(LogCondition(Json()).empty());
  CHECK(LogCondition({{"spiffeID", {{"type", "Exact"}, {"value", "spiffe://a\"b"}}}}) ==
        "connection.uri_san_peer_certificate == \"spiffe://a\\\"b\"");
  CHECK(LogCondition({{"spiffeID", {{"type", "Prefix"}, {"value", "spiffe://a/"}}}, {"sni", {{"type", "Exact"}, {"value", "b"}}}}) ==
        "connection.uri_san_peer_certificate.startsWith(\"spiffe://a/\") && connection.requested_server_name == \"b\"");
}

}  // namespace kuma::policy
