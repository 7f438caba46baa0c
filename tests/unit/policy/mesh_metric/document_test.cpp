#include "pkg/policy/mesh_metric/document.h"

#include <catch2/catch.hpp>

namespace kuma::policy {

TEST_CASE("the metrics document keeps the order that its ETag depends on") {
  ProxyFacts facts;
  facts.mesh = "demo";
  facts.service = "backend";
  facts.telemetry.zone_label = "east";
  ProxySelf self;
  self.name = "backend-1";
  self.role = "sidecar";
  self.tags = {{"kuma.io/service", {"backend", "other"}}};
  const Json conf = {{"applications", {{{"port", 8888}}}},
                     {"sidecar", {{"includeUnused", true}, {"profiles", {{"include", {{{"match", "a<b"}, {"type", "Regex"}}}}}}}}};
  CHECK(
      MetricDocument(conf, true, {{"otel-4317", "/w/s.sock", "1m0s"}}, facts, self) ==
      R"({"observability":{"metrics":{"applications":[{"path":"/metrics","port":8888,"address":""}],)"
      R"("backends":[{"type":"Prometheus","name":null},{"type":"OpenTelemetry","name":"otel-4317",)"
      R"("openTelemetry":{"endpoint":"/w/s.sock","refreshInterval":"1m0s"}}],)"
      R"("sidecar":{"profiles":{"include":[{"type":"Regex","match":"a\u003cb"}]},"includeUnused":true},)"
      R"("extraLabels":{"dataplane":"backend-1","kuma.proxy_role":"sidecar","kuma_io_service":"backend","kuma_io_services":",backend,other,",)"
      R"("mesh":"demo","service":"backend","zone":"east"}}}})");
}

TEST_CASE("names of the labels: a workload replaces the service, zone proxies have neither it nor applications") {
  ProxyFacts facts;
  facts.mesh = "demo";
  facts.service = "unknown";
  facts.unified_naming = true;
  ProxySelf self;
  self.role = "zone-egress";
  self.labels = {{"kuma.io/workload", "w"}};
  const Json conf = {{"applications", {{{"port", 1}}}}};
  const auto labels = [&] {
    return ParseJson(MetricDocument(conf, false, {}, facts, self)).value()["observability"]["metrics"]["extraLabels"];
  };
  CHECK(labels() == Json{{"kuma.proxy_role", "zone-egress"}, {"kuma.workload", "w"}, {"mesh", "demo"}});
  self.zone_proxy_only = true;
  CHECK(labels() == Json{{"kuma.proxy_role", "zone-egress"}, {"mesh", "demo"}});
  CHECK(MetricDocument(conf, false, {}, facts, self).starts_with(R"({"observability":{"metrics":{"applications":null,"backends":null,)"));
  CHECK(MetricBackendName("http://otel:4317") == "http-otel-4317");
}

}  // namespace kuma::policy
