#include <catch2/catch.hpp>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/config/loader.h"
#include "pkg/dp/bootstrap_client.h"
#include "pkg/dp/bootstrap_request.h"
#include "pkg/dp/envoy_binary.h"
#include "pkg/dp/envoy_process.h"
#include "pkg/dp/token.h"
#include "pkg/dp/work_dir.h"

namespace kuma::dp {
namespace {

Settings SettingsFrom(const config::Environment& environment) {
  config::LoadInput input;
  input.environment = environment;
  const auto loaded = config::LoadDataplane(input);
  REQUIRE(loaded.ok());
  return MakeSettings(loaded->config, environment, Json());
}

std::string ReplyWith(const std::string& yaml) {
  return ToJsonText({{"bootstrap", Base64Encode(yaml)}, {"kumaSidecarConfiguration", {{"networking", {{"address", "10.0.0.1"}}}}}});
}

}  // namespace

TEST_CASE("bootstrap request: fields of the wire, defaults and options") {
  const config::Environment base = {{"KUMA_DATAPLANE_NAME", "dp-1"}, {"KUMA_DATAPLANE_MESH", "demo"}};
  BootstrapFacts facts;
  facts.envoy = {"1.40.0", "abc/1.40.0/Clean/RELEASE/BoringSSL", true, 40};
  facts.readiness_port = 4711;
  facts.work_dir = "/w";
  const Json plain = MakeBootstrapRequest(SettingsFrom(base), facts);
  CHECK(plain["name"] == "dp-1");
  CHECK(plain["mesh"] == "demo");
  CHECK(plain["proxyType"] == "dataplane");
  CHECK(plain["dnsPort"] == 15054);
  CHECK(plain["readinessPort"] == 4711);
  CHECK(plain["workdir"] == "/w");
  CHECK(plain["version"]["envoy"]["kumaDpCompatible"] == true);
  CHECK(plain["otelEnv"] == Json{{"pipeEnabled", true}});
  CHECK(plain["features"] ==
        Json({"feature-tcp-accesslog-via-named-pipe", "feature-otel-via-kuma-dp", "feature-strict-inbound-ports", "feature-reuse-port"}));
  for (const char* absent : {"dataplaneToken", "dataplaneTokenPath", "dataplaneResource", "dataplaneConfig"}) {
    INFO(absent);
    CHECK_FALSE(plain.contains(absent));
  }

  config::Environment full = base;
  full["KUMA_DNS_PROXY_PORT"] = "15053";
  full["KUMA_DATAPLANE_RUNTIME_ENVOY_XDS_TRANSPORT_PROTOCOL_VARIANT"] = "DELTA_GRPC";
  full["KUMA_DATAPLANE_RUNTIME_BIND_OUTBOUNDS"] = "true";
  full["KUMA_DATAPLANE_RUNTIME_STRICT_INBOUND_PORTS_ENABLED"] = "false";
  full["KUMA_DATAPLANE_RUNTIME_TRANSPARENT_PROXY"] = R"({"ipFamilyMode": "ipv4"})";
  full["HOST_IP"] = "1.2.3.4";
  const Json document = {{"type", "Dataplane"}};
  facts.resource = &document;
  facts.token = "t";
  const Json rich = MakeBootstrapRequest(SettingsFrom(full), facts);
  CHECK(rich["features"] ==
        Json({"feature-tcp-accesslog-via-named-pipe", "feature-otel-via-kuma-dp", "feature-embedded-dns",
              "feature-transparent-proxy-in-dataplane-metadata", "feature-bind-outbounds", "feature-delta-grpc", "feature-reuse-port"}));
  CHECK(rich["dataplaneResource"] == R"({"type":"Dataplane"})");
  CHECK(rich["dataplaneToken"] == "t");
  CHECK(rich["dynamicMetadata"]["HOST_IP"] == "1.2.3.4");
  CHECK(rich["dataplaneConfig"]["redirect"]["dns"] == Json({{"enabled", true}, {"port", 15054}}));
}

TEST_CASE("bootstrap reply: what each answer of a control plane means") {
  ControlPlaneTrust trust;
  trust.origin = "the system's certificate authorities";
  trust.tried_local = "there is no /h/.kuma/kuma-cp.crt";
  struct Case {
    std::string name;
    Result<io::HttpResponse> reply;
    bool retry;
    std::vector<std::string> texts;  // empty: success
  };
  for (const Case& c : std::vector<Case>{
           {"good", io::HttpResponse{200, {}, ReplyWith("admin: {address: {pipe: {path: /w/a.sock}}}")}, false, {}},
           {"refused", Unavailable("localhost:5678: Connection refused"), true, {"Is the control plane running there?", "--cp-address"}},
           {"unknown CA",
            Unavailable("localhost:5678: certificate of \"x\" is signed by an unknown authority (…)"),
            false,
            {"--ca-cert-file", "there is no /h/.kuma/kuma-cp.crt", "the system's"}},
           {"expired", Unavailable("localhost:5678: certificate of \"x\" expired on 2020-01-01"), false, {"expired", "the system's"}},
           {"token", io::HttpResponse{422, {}, "token is required"}, false, {"Invalid request: token is required", "422"}},
           {"denied", io::HttpResponse{401, {}, ""}, false, {"401"}},
           {"no mesh",
            io::HttpResponse{422, {}, "mesh: mesh \"x\" does not exist.\n Create it"},
            false,
            {"mesh \"x\" does not exist.  Create it"}},
           {"not there yet", io::HttpResponse{404, {}, ""}, true, {"Dataplane entity not found"}},
           {"wrong port", io::HttpResponse{404, {}, "404: Page Not Found"}, false, {"5678"}},
           {"broken", io::HttpResponse{500, {}, "oops"}, true, {"500: oops"}},
           {"no JSON", io::HttpResponse{200, {}, "<html>"}, false, {"no bootstrap configuration"}},
           {"no base64", io::HttpResponse{200, {}, R"({"bootstrap": "***"})"}, false, {"no bootstrap configuration"}},
       }) {
    INFO(c.name);
    const BootstrapAttempt attempt = JudgeBootstrapReply("https://localhost:5678", trust, c.reply);
    CHECK(attempt.outcome.ok() == c.texts.empty());
    CHECK(attempt.retry == c.retry);
    for (const std::string& text : c.texts) CHECK_THAT(attempt.outcome.error().message, Catch::Contains(text));
  }
}

TEST_CASE("bootstrap config: admin addresses in both spellings, and moving the port") {
  auto pipe = ParseBootstrapReply(ReplyWith("admin: {address: {pipe: {path: /w/a.sock}}}"));
  REQUIRE(pipe.ok());
  CHECK(pipe->admin.Url("/ready") == "unix:/w/a.sock:/ready");
  CHECK(pipe->sidecar_address == "10.0.0.1");
  auto none = ParseBootstrapReply(ReplyWith("node: {id: a}"));
  REQUIRE(none.ok());
  CHECK_FALSE(none->admin.IsSet());

  for (const std::string port_key :
       {"socketAddress: {address: 127.0.0.1, portValue: 9901}", "socket_address: {address: 127.0.0.1, port_value: 9901}"}) {
    auto tcp = ParseBootstrapReply(ReplyWith("admin: {address: {" + port_key + "}}\nnode: {metadata: {dataplane.admin.port: '9901'}}\n"));
    REQUIRE(tcp.ok());
    CHECK(tcp->admin.Url("/ready") == "http://127.0.0.1:9901/ready");
    REQUIRE(tcp->MoveAdmin(4711).ok());
    auto again = ParseBootstrapReply(ReplyWith(tcp->yaml));
    REQUIRE(again.ok());
    CHECK(again->admin.port == 4711);
    CHECK(GetPath(*ParseYaml(tcp->yaml), {"node", "metadata", "dataplane.admin.port"}) == "4711");
  }
}

TEST_CASE("Envoy: versions") {
  const auto parse = [](const std::string& version) {
    return ParseEnvoyVersion("\nenvoy  version: abc/" + version + "/Clean/RELEASE/BoringSSL\n\n");
  };
  for (const auto& [version, compatible] : std::vector<std::pair<std::string, bool>>{{"1.40.0", true},
                                                                                     {"1.36.2", true},
                                                                                     {"1.38.0-dev", true},
                                                                                     {"1.35.9", false},
                                                                                     {"1.41.0", false},
                                                                                     {"2.38.0", false},
                                                                                     {"x", false}}) {
    INFO(version);
    const auto parsed = parse(version);
    REQUIRE(parsed.ok());
    CHECK(parsed->version == version);
    CHECK(parsed->compatible == compatible);
  }
  CHECK_FALSE(ParseEnvoyVersion("hello").ok());
  CHECK_FALSE(ParseEnvoyVersion("version: 1.40.0").ok());
}

TEST_CASE("Envoy: where it is looked for") {
  auto folder = WorkDir::Open("");
  REQUIRE(folder.ok());
  const std::string root = folder->path();
  for (const char* sub : {"/bin", "/lib/kuma/envoy", "/path"}) REQUIRE(MakeDirs(root + sub).ok());
  const std::string own = root + "/bin/kuma";
  const auto find = [&](const std::string& name) { return FindEnvoy(name, own, "/nonexistent:" + root + "/path"); };

  const auto nothing = find("envoy");
  REQUIRE_FALSE(nothing.ok());
  CHECK_THAT(nothing.error().message, Catch::Contains(own) && Catch::Contains("/nonexistent") && Catch::Contains("--binary-path"));
  REQUIRE(WriteFileAtomic(root + "/path/envoy", "#!/bin/sh\n", 0644).ok());
  CHECK_THAT(find("envoy").error().message, Catch::Contains("chmod +x " + root + "/path/envoy"));
  REQUIRE(WriteFileAtomic(root + "/path/envoy", "#!/bin/sh\n", 0755).ok());
  CHECK(find("envoy").value() == root + "/path/envoy");
  REQUIRE(WriteFileAtomic(root + "/lib/kuma/envoy/envoy", "#!/bin/sh\n", 0755).ok());
  CHECK(find("envoy").value() == root + "/bin/../lib/kuma/envoy/envoy");
  REQUIRE(WriteFileAtomic(root + "/bin/envoy", "#!/bin/sh\n", 0755).ok());
  CHECK(find("envoy").value() == root + "/bin/envoy");

  CHECK(find(root + "/path/envoy").value() == root + "/path/envoy");
  CHECK_THAT(find(root + "/path/other").error().message, Catch::Contains("there is no Envoy at"));
  CHECK_THAT(find(root + "/path").error().message, Catch::Contains("is a directory"));
}

TEST_CASE("Envoy: arguments") {
  Settings settings;
  settings.drain_time = std::chrono::seconds(7);
  const std::vector<std::string> start = {"--config-path", "/w/bootstrap.yaml",     "--drain-time-s", "7",   "--drain-strategy",
                                          "immediate",     "--disable-hot-restart", "--log-level",    "info"};
  auto expected = start;
  expected.emplace_back("--cpuset-threads");
  EnvoyVersion version{"1.38.0", "", true, 38};
  CHECK(EnvoyArguments(settings, version, "/w/bootstrap.yaml") == expected);
  version.minor = 40;
  CHECK(EnvoyArguments(settings, version, "/w/bootstrap.yaml") == start);
  settings.concurrency = 3;
  settings.envoy_component_log_level = "http:debug";
  expected = start;
  expected.insert(expected.end(), {"--component-log-level", "http:debug", "--concurrency", "3"});
  CHECK(EnvoyArguments(settings, version, "/w/bootstrap.yaml") == expected);
}

TEST_CASE("token: from flag and file, and what is refused") {
  auto folder = WorkDir::Open("");
  REQUIRE(folder.ok());
  const std::string jwt = Base64UrlEncode(R"({"alg":"RS256"})") + ".e30.c2ln";
  Settings settings;
  settings.name = "dp-1";
  CHECK(LoadToken(settings, folder->path())->text.empty());

  settings.token = " " + jwt + "\n";
  const auto from_flag = LoadToken(settings, folder->path());
  REQUIRE(from_flag.ok());
  CHECK(from_flag->text == jwt);
  CHECK(from_flag->path == folder->path() + "/dp-1");
  CHECK(ReadFile(from_flag->path).value() == jwt);

  settings.token.clear();
  settings.token_path = folder->path() + "/token";
  CHECK_THAT(LoadToken(settings, folder->path()).error().message, Catch::Contains("could not read the token"));
  for (const auto& [text, why] : std::vector<std::pair<std::string, std::string>>{
           {"\n", "is empty"}, {"abc", "three parts"}, {jwt + "\n" + jwt, "line breaks"}, {"e30.e30.x", "No Alg"}, {"?.e30.x", "header"}}) {
    INFO(text);
    REQUIRE(WriteFileAtomic(settings.token_path, text).ok());
    const auto loaded = LoadToken(settings, folder->path());
    REQUIRE_FALSE(loaded.ok());
    CHECK_THAT(loaded.error().message, Catch::Contains(why));
  }
}

}  // namespace kuma::dp
