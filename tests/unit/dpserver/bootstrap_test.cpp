#include <catch2/catch.hpp>

#include "pkg/base/strings.h"
#include "pkg/dpserver/bootstrap.h"
#include "pkg/model/document.h"
#include "pkg/resources/all.h"
#include "pkg/store/memory/memory_store.h"

using namespace kuma;
using namespace kuma::dpserver;

namespace {

// Self-made CAs for localhost and 127.0.0.1 are what a control plane has by default; the leaf is signed by another one.
#include "tests/unit/dpserver/test_certs.inc"

struct Fixture {
  Fixture() : store(RealClock()) {
    resources::RegisterCoreTypes(types);
    options.tls_cert_pem = kServerCert;
    Put({{"type", "Mesh"}, {"name", "demo"}});
    Put({{"type", "Mesh"}, {"name", "exclusive"}, {"meshServices", {{"mode", "Exclusive"}}}});
    Put(Dataplane("demo", "web-1"));
    Put(Dataplane("exclusive", "web-1"));
    Put({{"type", "ZoneEgress"}, {"name", "egress-1"}, {"networking", {{"address", "10.0.0.9"}, {"port", 10002}}}});
  }
  static Json Dataplane(const std::string& mesh, const std::string& name) {
    return {{"type", "Dataplane"},
            {"mesh", mesh},
            {"name", name},
            {"networking",
             {{"address", "10.0.0.1"},
              {"inbound", Json::array({{{"port", 80}, {"tags", {{"kuma.io/service", "web"}}}}, {{"port", 81}, {"tags", {{"kuma.io/service", "admin"}}}}})},
              {"outbound", Json::array({{{"port", 9000}, {"tags", {{"kuma.io/service", "db"}}}}})}}}};
  }
  void Put(const Json& document) {
    auto resource = FromDocument(document, types);
    REQUIRE(resource.ok());
    REQUIRE(store.Create(std::move(*resource), std::nullopt).ok());
  }
  io::HttpResponse Post(const Json& body, const std::string& host = "localhost:5678", bool json = false) {
    ValidationContext context;
    context.types = &types;
    BootstrapHandler handler(options, store, types, context);
    io::HttpRequest request;
    request.method = "POST";
    request.host = host;
    request.body = body.is_string() ? body.get<std::string>() : ToJsonText(body);
    if (json) request.headers.Set("Accept", "application/json");
    return handler.Handle(request);
  }
  Json Render(const Json& body) {
    const io::HttpResponse response = Post(body);
    INFO(response.body);
    REQUIRE(response.status == 200);
    auto document = ParseYaml(response.body);
    REQUIRE(document.ok());
    return *document;
  }
  store::MemoryStore store;
  TypeRegistry types;
  BootstrapOptions options;
};

const Json kMinimal = {{"mesh", "demo"}, {"name", "web-1"}};

Json With(Json request, const Json& more) {
  request.update(more);
  return request;
}

}  // namespace

TEST_CASE_METHOD(Fixture, "bootstrap of a plain dataplane") {
  const Json out = Render(With(kMinimal, {{"workdir", "/tmp/w"},
                                          {"features", {"b", "a"}},
                                          {"dnsPort", 15053},
                                          {"readinessPort", 9902},
                                          {"appProbeProxyDisabled", true},
                                          {"dynamicMetadata", {{"k", "v"}}},
                                          {"version", {{"kumaDp", {{"version", "1"}, {"gitTag", ""}}}, {"envoy", {{"kumaDpCompatible", false}}}}}}));
  const Json& metadata = out["node"]["metadata"];
  CHECK(out["node"]["id"] == "demo.web-1");
  CHECK(out["node"]["cluster"] == "admin");  // first by name
  CHECK(metadata["features"] == Json({"a", "b"}));
  CHECK(metadata["dataplane.dns.port"] == "15053");
  CHECK(metadata["dataplane.readinessReporter.port"] == "9902");
  CHECK(metadata["dataplane.appProbeProxy.enabled"] == "true");
  CHECK(metadata["dataplane.admin.port"] == "9901");
  CHECK(metadata["dataplane.admin.socketPath"] == "/tmp/w/kuma-envoy-admin.sock");
  CHECK(metadata["dynamicMetadata"] == Json({{"k", "v"}}));
  CHECK(metadata["version"] == Json({{"kumaDp", {{"version", "1"}}}, {"envoy", Json::object()}}));
  CHECK_FALSE(metadata.contains("otelEnvInventory"));
  CHECK(out["admin"]["address"]["pipe"] == Json({{"path", "/tmp/w/kuma-envoy-admin.sock"}, {"mode", 384}}));
  CHECK(out["hdsConfig"]["apiType"] == "GRPC");
  CHECK(out["dynamicResources"]["adsConfig"]["apiType"] == "GRPC");
  CHECK(out["dynamicResources"]["ldsConfig"]["initialFetchTimeout"] == "0s");
  CHECK(out["layeredRuntime"]["layers"][0]["staticLayer"]["re2.max_program_size.error_level"] == 4294967295);
  CHECK(out["staticResources"]["secrets"][0]["validationContext"]["trustedCa"]["inlineBytes"] == Base64Encode(kServerCert));
  CHECK(out["staticResources"]["clusters"][1]["transportSocket"]["typedConfig"]["sni"] == "localhost");
  CHECK(out["staticResources"]["clusters"][1]["type"] == "STRICT_DNS");
  CHECK(GetPath(out["staticResources"]["clusters"][0]["loadAssignment"]["endpoints"][0]["lbEndpoints"][0], {"endpoint", "address", "pipe", "path"}) ==
        "/tmp/w/kuma-al-web-1-demo.sock");
}

TEST_CASE_METHOD(Fixture, "variants of the bootstrap") {
  SECTION("delta, unified names") {
    const Json out = Render({{"mesh", "exclusive"}, {"name", "web-1"}, {"features", {"feature-delta-grpc", "feature-unified-resource-naming"}}});
    CHECK(out["dynamicResources"]["adsConfig"]["apiType"] == "DELTA_GRPC");
    CHECK(out["hdsConfig"]["apiType"] == "GRPC");
    CHECK(out["staticResources"]["clusters"][0]["name"] == "system_access_log_sink");
    CHECK(out["dynamicResources"]["adsConfig"]["grpcServices"][0]["envoyGrpc"]["clusterName"] == "system_ads");
  }
  SECTION("unified names need an exclusive mesh") {
    CHECK(Render(With(kMinimal, {{"features", {"feature-unified-resource-naming"}}}))["staticResources"]["clusters"][1]["name"] == "ads_cluster");
  }
  SECTION("without a work folder the admin interface is a port") {
    CHECK(Render(kMinimal)["admin"]["address"]["socketAddress"]["portValue"] == 9901);
  }
  SECTION("egress") {
    const Json out = Render({{"mesh", ""}, {"name", "egress-1"}, {"proxyType", "egress"}});
    CHECK(out["node"]["id"] == ".egress-1");
    CHECK(out["node"]["cluster"] == "egress");
    CHECK_FALSE(out.contains("hdsConfig"));
  }
  SECTION("token") {
    const Json out = Render(With(kMinimal, {{"dataplaneToken", "t"}}));
    const Json header = Json::array({{{"key", "authorization"}, {"value", "t"}}});
    CHECK(out["dynamicResources"]["adsConfig"]["grpcServices"][0]["initialMetadata"] == header);
    CHECK(out["hdsConfig"]["grpcServices"][0]["initialMetadata"] == header);
  }
  SECTION("token file that Envoy reads") {
    options.reloadable_tokens = true;
    const Json out = Render(With(kMinimal, {{"dataplaneTokenPath", "/t"}}));
    const Json& google = out["dynamicResources"]["adsConfig"]["grpcServices"][0]["googleGrpc"];
    CHECK(google["targetUri"] == "localhost:5678");
    CHECK(google["callCredentials"][0]["fromPlugin"]["typedConfig"]["secretData"]["filename"] == "/t");
    CHECK(out["staticResources"]["clusters"].size() == 1);
  }
  SECTION("transparent proxy and OpenTelemetry environment") {
    const Json out = Render(With(kMinimal, {{"dataplaneConfig", {{"ipFamilyMode", "ipv4"}, {"redirect", {{"inbound", {{"enabled", true}, {"port", 15006}}}}}}},
                                            {"otelEnv", {{"pipeEnabled", true}}}}));
    const Json& metadata = out["node"]["metadata"];
    CHECK(metadata["transparentProxy"]["redirect"]["inbound"] == Json({{"enabled", true}, {"port", 15006}}));
    CHECK(metadata["transparentProxy"]["redirect"]["vnet"] == Json({{"networks", Json::array()}}));
    CHECK(metadata["otelEnvInventory"]["traces"].is_null());
    CHECK(metadata["otelEnvInventory"]["validationErrors"] == Json::array());
  }
  SECTION("an IP of the certificate") {
    const io::HttpResponse response = Post(kMinimal, "127.0.0.1:5678");
    REQUIRE(response.status == 200);
    CHECK(Contains(response.body, "type: STATIC"));
  }
  SECTION("metrics of applications, from the mesh and the dataplane") {
    Put({{"type", "Mesh"},
         {"name", "metrics"},
         {"metrics",
          {{"enabledBackend", "p"},
           {"backends", Json::array({{{"name", "p"},
                                      {"type", "prometheus"},
                                      {"conf", {{"aggregate", Json::array({{{"name", "app"}, {"port", 1}, {"path", "/m"}}, {{"name", "off"}, {"port", 2}, {"enabled", false}}})}}}}})}}}});
    Json dataplane = Dataplane("metrics", "web-1");
    dataplane["metrics"] = {{"type", "prometheus"}, {"conf", {{"aggregate", Json::array({{{"name", "app"}, {"port", 9}}})}}}};
    Put(dataplane);
    const auto document = ParseJson(Post({{"mesh", "metrics"}, {"name", "web-1"}}, "localhost", true).body);
    REQUIRE(document.ok());
    CHECK(GetPath(*document, {"kumaSidecarConfiguration", "metrics", "aggregate"}) ==
          Json::array({{{"name", "app"}, {"address", "10.0.0.1"}, {"port", 9}, {"path", "/m"}}}));
  }
  SECTION("JSON answer for kuma-dp") {
    const io::HttpResponse response = Post(kMinimal, "localhost:5678", true);
    const auto document = ParseJson(response.body);
    REQUIRE(document.ok());
    CHECK((*document)["kumaSidecarConfiguration"] ==
          Json({{"networking", {{"address", "10.0.0.1"}, {"corefileTemplate", nullptr}}}, {"metrics", {{"aggregate", Json::array()}}}}));
    CHECK(Base64Decode(GetString(*document, "bootstrap")).ok());
  }
}

TEST_CASE_METHOD(Fixture, "bootstrap requests that are refused") {
  const std::string inline_no_mesh = ToJsonText(Dataplane("nope", "web-1"));
  const std::string inline_bad = R"({"type":"Dataplane","mesh":"demo","name":"web-1","networking":{}})";
  struct Case {
    const char* name;
    Json body;
    std::string host;
    int status;
    std::string text;
  };
  const Case cases[] = {
      {"not JSON", "{", "localhost:5678", 400, "could not parse"},
      {"wrong type", With(kMinimal, {{"dnsPort", "x"}}), "localhost:5678", 400, "dnsPort must be a whole number"},
      {"unknown dataplane", {{"mesh", "demo"}, {"name", "nobody"}}, "localhost:5678", 404, ""},
      {"unknown mesh", {{"mesh", "nomesh"}, {"name", "web-1"}}, "localhost:5678", 404, ""},
      {"unknown proxy type", With(kMinimal, {{"proxyType", "bogus"}}), "localhost:5678", 500, ""},
      {"host not in the certificate", kMinimal, "cp.example.com:5678", 400, "has the following SANs [\"127.0.0.1\" \"localhost\"]"},
      {"certificate that is no CA", With(kMinimal, {{"caCert", kLeafCert}}), "localhost:5678", 400, "is not a certificate authority"},
      {"mesh of an inline dataplane", {{"mesh", "nope"}, {"name", "web-1"}, {"dataplaneResource", inline_no_mesh}}, "localhost:5678", 422,
       "mesh: mesh \"nope\" does not exist"},
      {"invalid inline dataplane", With(kMinimal, {{"dataplaneResource", inline_bad}}), "localhost:5678", 422, "networking"},
  };
  for (const Case& test : cases) {
    INFO(test.name);
    const io::HttpResponse response = Post(test.body, test.host);
    CHECK(response.status == test.status);
    CHECK_THAT(response.body, Catch::Contains(test.text));
  }
  options.token_required["dataplane"] = true;
  CHECK(Post(kMinimal).status == 422);
  CHECK(Post(With(kMinimal, {{"dataplaneTokenPath", "/t"}})).status == 200);
}
