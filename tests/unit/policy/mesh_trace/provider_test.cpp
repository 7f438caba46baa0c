#include "pkg/policy/mesh_trace/provider.h"

#include <catch2/catch.hpp>

#include "envoy/config/trace/v3/datadog.pb.h"
#include "envoy/config/trace/v3/opentelemetry.pb.h"

namespace kuma::policy {

namespace {

ProxyFacts Facts() {
  ProxyFacts facts;
  facts.mesh = "demo";
  facts.service = "web";
  facts.zone = "east";
  return facts;
}

Json Conf(const char* type, const char* member, Json backend) { return {{"backends", {{{"type", type}, {member, std::move(backend)}}}}}; }

template <typename Config>
Config ProviderOf(const Tracing& tracing) {
  Config config;
  REQUIRE(tracing.provider().typed_config().UnpackTo(&config));
  return config;
}

}  // namespace

TEST_CASE("URLs of collectors") {
  const UrlParts url = ParseUrl("https://user@zipkin.test:9411/api/v2/spans?x=1");
  CHECK(url.scheme == "https");
  CHECK(url.authority == "zipkin.test:9411");
  CHECK(url.host == "zipkin.test");
  CHECK(url.port == 9411);
  CHECK(url.path == "/api/v2/spans");
  CHECK(ParseUrl("http://[fd00::1]:80").host == "fd00::1");
  CHECK(ParseUrl("http://[fd00::1]:80").port == 80);
  CHECK(ParseUrl("http://zipkin").port == 0);
}

TEST_CASE("no backend turns tracing off; tags of the policy go before standard ones") {
  CHECK_FALSE(MakeTracing({{"backends", Json::array()}}, Facts(), "INBOUND", {}));
  Json conf = Conf("Zipkin", "zipkin", {{"url", "http://z:1/"}});
  conf["tags"] = {{{"name", "kuma.zone"}, {"literal", "mine"}}};
  conf["sampling"] = {{"overall", "12.5"}};
  const auto tracing = MakeTracing(conf, Facts(), "INBOUND", {});
  REQUIRE(tracing->custom_tags_size() == 2);
  CHECK(tracing->custom_tags(0).literal().value() == "mine");
  CHECK(tracing->custom_tags(1).tag() == "kuma.mesh");
  CHECK(tracing->overall_sampling().value() == 12.5);
  CHECK_FALSE(tracing->has_client_sampling());
}

TEST_CASE("Datadog's services are split by direction and destination") {
  const Json conf = Conf("Datadog", "datadog", {{"url", "http://agent:8126"}, {"splitService", true}});
  const auto service = [&](std::string_view direction) {
    return ProviderOf<::envoy::config::trace::v3::DatadogConfig>(*MakeTracing(conf, Facts(), direction, "backend")).service_name();
  };
  CHECK(service("INBOUND") == "web_INBOUND");
  CHECK(service("OUTBOUND") == "web_OUTBOUND_backend");
  CHECK(service("") == "web");
}

TEST_CASE("OpenTelemetry: direct over HTTP, through kuma-dp over gRPC, nowhere") {
  ProxyFacts facts = Facts();
  OtelBackend backend;
  backend.name = "collector";
  backend.labels = {{"a", "b"}};
  backend.address = "otel";
  backend.port = 4318;
  backend.http = true;
  facts.telemetry.backends = {backend};
  facts.work_dir = "/w";
  const Json conf = Conf("OpenTelemetry", "openTelemetry", {{"backendRef", {{"labels", {{"a", "b"}}}}}});
  using Config = ::envoy::config::trace::v3::OpenTelemetryConfig;
  CHECK(ProviderOf<Config>(*MakeTracing(conf, facts, "", {})).http_service().http_uri().uri() == "http://otel:4318/v1/traces");

  facts.telemetry.otel_pipe = true;
  CHECK(ProviderOf<Config>(*MakeTracing(conf, facts, "", {})).grpc_service().envoy_grpc().cluster_name() == "meshtrace:opentelemetry");
  const auto cluster = MakeTraceCluster(conf, facts);
  REQUIRE(cluster);
  CHECK(cluster->cluster.load_assignment().endpoints(0).lb_endpoints(0).endpoint().address().pipe().path() ==
        "/w/kuma-otel-collector.sock");

  facts.telemetry.backends.clear();
  CHECK_FALSE(MakeTracing(conf, facts, "", {})->has_provider());
  CHECK_FALSE(MakeTraceCluster(conf, facts));
}

}  // namespace kuma::policy
