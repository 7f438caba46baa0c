#include <catch2/catch.hpp>

#include "pkg/dp/otel/environment.h"

namespace kuma::dp::otel {
namespace {

Json Backend(const char* extra = "{}") {
  Json backend = {
      {"name", "c"}, {"socketPath", "/run/c.sock"}, {"endpoint", "col:4317"}, {"useHTTP", false}, {"traces", {{"enabled", true}}}};
  MergePatch(backend, ParseJson(extra).value());
  return backend;
}

std::string Text(const Route& route) {
  if (!route.enabled) return "off";
  if (!route.unusable.empty()) return route.unusable;
  const bool http = route.protocol == Protocol::kHttp;
  std::string text = (http ? "http" : "grpc") + std::string(route.tls ? "+tls " : " ") + route.endpoint + (http ? route.http_path : "");
  for (const auto& [name, value] : route.headers) text += " " + name + "=" + value;
  if (route.gzip) text += " gzip";
  if (route.timeout > Nanos::zero()) text += " " + FormatDuration(route.timeout);
  return text;
}

TEST_CASE("where traces go: the backend and the environment") {
  using Variables = std::map<std::string, std::string>;
  const std::string p = "OTEL_EXPORTER_OTLP_";
  struct Case {
    const char* backend;
    Variables variables;
    const char* expected;
  };
  const Case cases[] = {
      {"{}", {}, "grpc col:4317"},
      {R"({"traces":null})", {}, "off"},
      {R"({"endpoint":":4317"})", {}, "grpc 10.1.1.1:4317"},
      {R"({"useHTTP":true,"path":"/a/"})", {}, "http col:4317/a/v1/traces"},
      {R"({"useHTTP":true,"useHTTPS":true})", {}, "http+tls col:4317/v1/traces"},
      {"{}", {{p + "ENDPOINT", "other:1"}}, "grpc other:1"},
      {"{}", {{p + "ENDPOINT", "  "}}, "grpc col:4317"},
      {"{}", {{p + "ENDPOINT", "https://other:1"}}, "grpc+tls other:1"},
      {"{}", {{p + "ENDPOINT", "https://other:1"}, {p + "INSECURE", "true"}}, "grpc+tls other:1"},
      {"{}", {{p + "INSECURE", "false"}}, "grpc+tls col:4317"},
      {"{}", {{p + "ENDPOINT", "http://other:1/base"}}, "grpc col:4317"},
      {"{}", {{p + "ENDPOINT", "http://other:1/base"}, {p + "PROTOCOL", "http/protobuf"}}, "http other:1/base/v1/traces"},
      {"{}", {{p + "TRACES_ENDPOINT", "http://own:1"}, {p + "PROTOCOL", "http/protobuf"}}, "http own:1/"},
      {"{}", {{p + "TRACES_ENDPOINT", "own:1"}, {p + "ENDPOINT", "other:1"}}, "grpc own:1"},
      {"{}", {{p + "METRICS_ENDPOINT", "own:1"}}, "grpc col:4317"},
      {"{}",
       {{p + "HEADERS", "a=b%20c, d = e,x"}, {p + "COMPRESSION", "gzip"}, {p + "TIMEOUT", "1500"}},
       "grpc col:4317 a=b c d= e gzip 1.5s"},
      {R"({"envPolicy":{"precedence":"ExplicitFirst"}})", {{p + "ENDPOINT", "other:1"}, {p + "HEADERS", "a=b"}}, "grpc col:4317 a=b"},
      {R"({"traces":{"blockedReasons":["EnvDisabledByPolicy"]}})", {{p + "ENDPOINT", "other:1"}}, "grpc col:4317"},
      {R"({"traces":{"blockedReasons":["SignalOverridesDisallowed"]}})",
       {{p + "ENDPOINT", "other:1"}, {p + "TRACES_ENDPOINT", "own:1"}},
       "grpc other:1"},
      {R"({"traces":{"blockedReasons":["RequiredEnvMissing"]}})", {}, "blocked: RequiredEnvMissing"},
      {R"({"traces":{"missingFields":["endpoint"]}})", {}, "blocked: RequiredEnvMissing"},
      {R"({"traces":{"blockedReasons":["MultipleBackendsForSignal"]}})",
       {{p + "ENDPOINT", "other:1"}},
       "blocked: MultipleBackendsForSignal"},
  };
  for (const Case& one : cases) {
    INFO(one.backend << " " << ToJsonText(one.variables));
    CHECK(Text(Environment(one.variables).Resolve(Backend(one.backend), "traces", "10.1.1.1")) == one.expected);
  }
}

TEST_CASE("what the control plane is told has no values") {
  CHECK(Environment().Inventory(true) == Json{{"pipeEnabled", true}});
  const Json inventory = Environment({{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://secret:1/x"},
                                      {"OTEL_EXPORTER_OTLP_HEADERS", "key=secret"},
                                      {"OTEL_EXPORTER_OTLP_LOGS_HEADERS", "key=secret"},
                                      {"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "secret"},
                                      {"OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "secret"},
                                      {"OTEL_OTHER", "secret"}})
                             .Inventory(false);
  CHECK(inventory == ParseJson(R"({
    "shared":{"signal":"shared","endpointPresent":true,"headersPresent":true,"endpointParsedAsURL":true,"endpointHasPath":true,
              "effectiveAuthMode":"headers","validationErrors":["shared.endpoint"]},
    "logs":{"signal":"logs","headersPresent":true,"effectiveAuthMode":"headers"},
    "traces":{"signal":"traces","protocolPresent":true,"clientKeyPresent":true,"effectiveProtocol":"unknown","effectiveAuthMode":"none",
              "overrideKinds":["clientKey","protocol"],"validationErrors":["traces.protocol","traces.mtls"]},
    "validationErrors":["shared.endpoint","traces.protocol","traces.mtls"]})")
                         .value());
}

}  // namespace
}  // namespace kuma::dp::otel
