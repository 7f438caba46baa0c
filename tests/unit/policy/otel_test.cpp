#include "pkg/policy/otel.h"

#include <catch2/catch.hpp>

namespace kuma::policy {

namespace {

ResourcePtr Backend(const std::string& name, int age, Labels labels, Json spec) {
  auto resource = std::make_shared<Resource>();
  resource->meta.key = {"MeshOpenTelemetryBackend", "demo", name};
  resource->meta.labels = std::move(labels);
  resource->meta.creation_time = SystemTime(std::chrono::hours(1000 - age));
  resource->spec = std::move(spec);
  return resource;
}

Json Ref(Json labels) { return {{"backendRef", {{"kind", "MeshOpenTelemetryBackend"}, {"labels", std::move(labels)}}}}; }

}  // namespace

TEST_CASE("endpoints of collectors") {
  using End = std::pair<std::string, uint32_t>;
  CHECK(ParseOtelEndpoint("otel:4318") == End{"otel", 4318});
  CHECK(ParseOtelEndpoint("otel") == End{"otel", 4317});
  CHECK(ParseOtelEndpoint("[fd00::1]:99") == End{"fd00::1", 99});
  CHECK(ParseOtelEndpoint("[fd00::1]") == End{"fd00::1", 4317});
  CHECK(ParseOtelEndpoint("fd00::1") == End{"fd00::1", 4317});
  CHECK(ParseOtelEndpoint("otel:0") == End{"otel", 4317});
  CHECK(ParseOtelEndpoint("otel:99999") == End{"otel", 4317});
  CHECK(ParseOtelEndpoint("otel:x") == End{"otel:x", 4317});
  CHECK(ParseOtelEndpoint("otel:4317/path") == End{"otel", 4317});
}

TEST_CASE("names of system resources") {
  CHECK(CleanSystemName("http://Zipkin:9411/api_v2") == "http----ipkin-9411-api_v2");
  CHECK(CleanSystemName("a.b\xc3\xa9") == "a-b-");
}

TEST_CASE("references are resolved by labels, the oldest wins") {
  const OtelBackends backends = MakeOtelBackends({
      Backend("young", 1, {{"team", "a"}, {"env", "prod"}}, {{"endpoint", {{"address", "young"}}}}),
      Backend("old-x1", 9, {{"team", "a"}, {"kuma.io/display-name", "old"}},
              {{"endpoint", {{"address", "old"}, {"port", 443}, {"path", "/base/"}}}, {"protocol", "http"}}),
  });
  const auto oldest = ResolveOtel(Ref({{"team", "a"}}), backends);
  REQUIRE(oldest);
  CHECK(oldest->backend.name == "old");
  CHECK(oldest->UsesHttps());
  CHECK(oldest->SignalPath("v1/traces") == "/base/v1/traces");
  CHECK(ResolveOtel(Ref({{"team", "a"}, {"env", "prod"}}), backends)->backend.name == "young");
  CHECK_FALSE(ResolveOtel(Ref({{"team", "b"}}), backends));
  CHECK_FALSE(ResolveOtel(Ref(Json::object()), backends));
  const auto inline_one = ResolveOtel({{"endpoint", "otel:4317"}}, backends);
  CHECK(inline_one->backend.name == "otel:4317");
  CHECK_FALSE(inline_one->by_reference);
}

TEST_CASE("the document for kuma-dp says what each socket carries and what the environment may not say") {
  OtelPipes pipes;
  CHECK(pipes.empty());
  const Json inventory = {{"shared", {{"endpointPresent", true}}},
                          {"traces", {{"overrideKinds", {"endpoint"}}}},
                          {"validationErrors", {"traces.mtls", "logs.endpoint"}}};
  OtelTarget one;
  one.backend.name = "one";
  one.backend.address = "otel";
  one.backend.port = 4317;
  one.backend.env = {{"mode", "Required"}, {"allowSignalOverrides", false}};
  pipes.Add(one, OtelSignal::kTraces, "/w", inventory);
  OtelTarget two;
  two.backend.name = "two";
  two.backend.port = 443;
  two.backend.http = true;
  pipes.Add(two, OtelSignal::kTraces, "/w", Json());
  pipes.Add(two, OtelSignal::kMetrics, "/w", Json(), "30s");
  CHECK(pipes.ToText() == R"({"backends":[{"name":"one","socketPath":"/w/kuma-otel-one.sock","endpoint":"otel:4317","useHTTP":false,)"
                          R"("envPolicy":{"mode":"Required","precedence":"EnvFirst"},"traces":{"enabled":true,"envInputPresent":true,)"
                          R"("overrideKinds":["endpoint"],"missingFields":["client_certificate","client_key"],)"
                          R"("blockedReasons":["RequiredEnvMissing","SignalOverridesDisallowed","MultipleBackendsForSignal"]}},)"
                          R"({"name":"two","socketPath":"/w/kuma-otel-two.sock","endpoint":":443","useHTTP":true,"useHTTPS":true,)"
                          R"("traces":{"enabled":true},"metrics":{"enabled":true,"refreshInterval":"30s"}}]})");

  const Json status = pipes.ToStatus();
  CHECK(status["backends"][0]["traces"] == ParseJson(R"({"enabled": true, "envAllowed": true, "envInputPresent": true, "state": "ambiguous",
    "overrideKinds": ["endpoint"], "missingFields": ["client_certificate", "client_key"],
    "blockedReasons": ["RequiredEnvMissing", "SignalOverridesDisallowed", "MultipleBackendsForSignal"]})").value());
  CHECK(status["backends"][1] == ParseJson(R"({"name": "two", "traces": {"enabled": true, "envAllowed": true, "state": "ready"},
    "metrics": {"enabled": true, "envAllowed": true, "state": "ready"}})").value());
}

TEST_CASE("a backend that needs the environment's say is missing without it, one that refuses it is ready") {
  const auto status = [](const char* mode) {
    OtelTarget target;
    target.backend.name = "one";
    target.backend.env = {{"mode", mode}};
    OtelPipes pipes;
    pipes.Add(target, OtelSignal::kLogs, "/w", Json());
    return pipes.ToStatus()["backends"][0]["logs"];
  };
  CHECK(status("Required")["state"] == "missing");
  CHECK(status("Disabled") == Json{{"enabled", true}, {"state", "ready"}});
}

}  // namespace kuma::policy
