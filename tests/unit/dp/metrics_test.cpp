#include <opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h>
#include <catch2/catch.hpp>

#include "pkg/base/strings.h"
#include "pkg/dp/metrics/collector.h"
#include "pkg/dp/metrics/mesh_metrics.h"
#include "pkg/dp/metrics/otlp.h"
#include "pkg/dp/metrics/profile.h"

namespace kuma::dp::metrics {
namespace {

std::string Names(const Families& families) {
  std::string names;
  for (const auto& [name, family] : families) names += (names.empty() ? "" : " ") + name;
  return names;
}

Families Parse(std::string_view text, bool open_metrics = false) { return ParseText(text, open_metrics).families; }

TEST_CASE("text format: what is read is written again") {
  const std::string text =
      "# HELP calls Calls \\\\ and\\nmore.\n# TYPE calls counter\ncalls{path=\"/a\\\"b\\\\c\\n\",code=\"200\"} 7 1500\ncalls 1\n"
      "# HELP size \n# TYPE size histogram\nsize_bucket{le=\"0.5\"} 1\nsize_bucket{le=\"+Inf\"} 4\nsize_sum 5.5\nsize_count 4\n"
      "# HELP temperature \n# TYPE temperature gauge\ntemperature -36.6\ntemperature{at=\"x\"} NaN\ntemperature{at=\"y\"} -Inf\n"
      "# HELP wait \n# TYPE wait summary\nwait{quantile=\"0.5\"} 1e+30\nwait_sum 3\nwait_count 2\n"
      "# HELP word \n# TYPE word untyped\nword 3\n";
  CHECK(WriteText(Parse(text)) == text);
}

TEST_CASE("text format: odd lines") {
  struct Case {
    const char* line;
    bool good;
  };
  const Case cases[] = {
      {"a 1", true},
      {"a{} 1", true},
      {"a{b=\"c\",} 1", true},
      {"a{b=\"c\" , d=\"\"}\t2.5e3", true},
      {"a +Inf", true},
      {"a", false},
      {"a x", false},
      {"a{b=c} 1", false},
      {"a{b=\"c} 1", false},
      {"a{b=\"c\"", false},
      {"a{b=\"c\"} 1 x", false},
      {"{b=\"c\"} 1", false},
      {"a 1 1.5 2", true},
  };
  for (const Case& one : cases) {
    INFO(one.line);
    const ParsedText parsed = ParseText(std::string("fine 1\n") + one.line + "\r\nfine{x=\"y\"} 2\n", false);
    CHECK((parsed.bad_lines == 0) == one.good);
    CHECK(parsed.families.at("fine").samples.size() == 2);
  }
}

TEST_CASE("OpenMetrics: totals, infos, no creation times, no exemplars, seconds") {
  CHECK(IsOpenMetrics("Application/OpenMetrics-Text; version=1.0.0"));
  CHECK_FALSE(IsOpenMetrics("text/plain; version=0.0.4"));
  const Families families = Parse(
      "# TYPE moves counter\n# HELP moves Moves.\nmoves_total{to=\"a\"} 3 12.5 # {trace=\"x\"} 1.0 1.5\nmoves_created{to=\"a\"} 1.5\n"
      "# TYPE build info\nbuild_info{v=\"1\"} 1\n# TYPE what unknown\nwhat 2\n# TYPE lag histogram\nlag_bucket{le=\"+Inf\"} 1\nlag_count "
      "1\n"
      "lag_sum 2\nlag_created 3\n# EOF\n",
      true);
  CHECK(Names(families) == "build_info lag moves_total what");
  const Family& moves = families.at("moves_total");
  CHECK(moves.type == FamilyType::kCounter);
  CHECK(moves.help == "Moves.");
  REQUIRE(moves.samples.size() == 1);
  CHECK(moves.samples[0].value == 3);
  CHECK(moves.samples[0].time_ms == 12500);
  CHECK(families.at("lag").samples.size() == 3);
}

TEST_CASE("profiles") {
  const std::string text =
      "envoy_cluster_upstream_rq_total{envoy_cluster_name=\"backend\"} "
      "1\nenvoy_cluster_upstream_rq_total{envoy_cluster_name=\"ads_cluster\"} 2\n"
      "envoy_cluster_assignment_stale{envoy_cluster_name=\"backend\"} 1\nenvoy_server_live 1\n"
      "envoy_cluster_upstream_cx_total{envoy_cluster_name=\"_kuma_x\"} 1\n";
  struct Case {
    const char* sidecar;
    const char* names;
  };
  const Case cases[] = {
      {"null", "envoy_cluster_upstream_rq_total envoy_server_live"},
      {R"({"includeUnused":true})", "envoy_cluster_upstream_rq_total envoy_server_live"},
      {R"({"profiles":{"appendProfiles":[]}})", "envoy_cluster_upstream_rq_total envoy_server_live"},
      {R"({"profiles":{"appendProfiles":[{"name":"None"}]}})", ""},
      {R"({"profiles":{"appendProfiles":[{"name":"None"},{"name":"Basic"}]}})", "envoy_cluster_upstream_rq_total envoy_server_live"},
      {R"({"profiles":{"appendProfiles":[{"name":"Basic"},{"name":"All"}]}})",
       "envoy_cluster_assignment_stale envoy_cluster_upstream_cx_total envoy_cluster_upstream_rq_total envoy_server_live"},
      {R"({"profiles":{"exclude":[{"type":"Prefix","match":"envoy_server"}]}})", "envoy_cluster_upstream_rq_total"},
      {R"({"profiles":{"exclude":[{"type":"Contains","match":"e"}],"include":[{"type":"Exact","match":"envoy_server_live"}]}})",
       "envoy_server_live"},
      {R"({"profiles":{"appendProfiles":[{"name":"None"}],"include":[{"type":"Regex","match":"stale$"}]}})",
       "envoy_cluster_assignment_stale"},
      {R"({"profiles":{"appendProfiles":[{"name":"None"}],"include":[{"type":"Regex","match":"("}]}})", ""},
  };
  for (const Case& one : cases) {
    INFO(one.sidecar);
    Families families = Parse(text);
    Profile(ParseJson(one.sidecar).value()).Apply(families);
    CHECK(Names(families) == one.names);
  }
  Families families = Parse(text);
  Profile().Apply(families);
  CHECK(families.at("envoy_cluster_upstream_rq_total").samples.size() == 1);
}

TEST_CASE("plan: targets, labels and exports of the document") {
  const PlanContext context{{"/run/admin.sock", {}, 0}, "10.0.0.1", true};
  const auto plan = MakePlan(R"({"observability":{"metrics":{"applications":[{"name":"a","path":"m","port":80,"address":""},
      {"path":"/x","port":81,"address":"::1"}],"backends":[{"type":"Prometheus","name":null},{"type":"OpenTelemetry","name":"c",
      "openTelemetry":{"endpoint":"/run/c.sock","refreshInterval":"5s"}}],"extraLabels":{"mesh":"demo"}}}})",
                             context)
                        .value();
  REQUIRE(plan->targets.size() == 3);
  CHECK(plan->targets[0].url == "http://10.0.0.1:80/m");
  CHECK(plan->targets[0].source_address == "127.0.0.6");
  CHECK(plan->targets[1].url == "http://[::1]:81/x");
  CHECK(plan->targets[1].source_address == "::6");
  CHECK(plan->targets[2].url == "unix:/run/admin.sock:/stats?format=prometheus&text_readouts&usedonly");
  CHECK(plan->targets[2].source_address.empty());
  CHECK(plan->extra_labels == Labels{{"mesh", "demo"}});
  CHECK(plan->exports == std::vector<ExportTarget>{{"c", "/run/c.sock", std::chrono::seconds(5)}});
  const auto unused = MakePlan(R"({"observability":{"metrics":{"sidecar":{"includeUnused":true}}}})", context).value();
  CHECK(unused->targets.back().url == "unix:/run/admin.sock:/stats?format=prometheus&text_readouts");
  CHECK_FALSE(MakePlan("{", context).ok());
}

Parts TwoApplications() {
  Parts parts(3);
  parts[0].families = Parse(
      "# TYPE hits counter\nhits{otel_scope_name=\"lib\",otel_scope_x=\"y\"} 1\n# TYPE wait summary\nwait{quantile=\"0.5\"} 2\nwait_sum "
      "4\nwait_count 3\n");
  parts[1].families = Parse(
      "# TYPE hits counter\nhits{otel_scope_name=\"lib\",otel_scope_x=\"y\"} 9\nhits{b=\"c\"} 2\n# TYPE wait_sum gauge\nwait_sum{a=\"b\"} "
      "8\n");
  parts[2].families = Parse("own 5\n");
  parts[2].own = true;
  for (Part& part : parts) part.time_ms = 1000;
  return parts;
}

TEST_CASE("merged: labels and scopes, the first of equal series, summaries in parts, one type a name") {
  Plan plan;
  plan.extra_labels = {{"kuma.proxy_role", "sidecar"}, {"mesh", "demo"}};
  const std::string text = WriteText(Merge(TwoApplications(), plan));
  const std::string kuma =
      "kuma_proxy_role=\"sidecar\",mesh=\"demo\",otel_scope_name=\"kuma\",otel_scope_schema_url=\"\",otel_scope_version=";
  CHECK(Contains(text,
                 "hits{kuma_proxy_role=\"sidecar\",mesh=\"demo\",otel_scope_name=\"lib\",otel_scope_schema_url=\"\",otel_scope_version="
                 "\"\",otel_scope_x=\"y\"} 1\n"));
  CHECK_FALSE(Contains(text, " 9\n"));
  CHECK(Contains(text, "hits{b=\"c\"," + kuma));
  CHECK(Contains(text, "# TYPE wait gauge\n"));
  CHECK(Contains(text, "# TYPE wait_count counter\n"));
  CHECK(Contains(text, "# TYPE wait_sum counter\n"));
  CHECK_FALSE(Contains(text, " 8\n"));
  CHECK(Contains(text, "\nown 5\n"));
}

TEST_CASE("a Mesh's own metrics: clusters are summed, the mesh's traffic is marked") {
  const PlanContext context{{"/run/admin.sock", {}, 0}, "10.0.0.1", false};
  const auto plan =
      MakeMeshPlan(ParseJson(R"([{"name":"a","address":"127.0.0.1","port":80,"path":"/m"}])").value(), "filter=x&usedonly", context);
  REQUIRE(plan->targets.size() == 2);
  CHECK(plan->targets[0].url == "http://127.0.0.1:80/m");
  CHECK(plan->targets[1].url == "unix:/run/admin.sock:/stats?format=prometheus&text_readouts&filter=x&usedonly");
  Parts parts(3);
  parts[0].families = Parse("# TYPE app counter\napp 1\n");
  parts[1].families = Parse(
      "# TYPE rq counter\nrq{envoy_cluster_name=\"b-0123456789abcdef\",code=\"200\"} "
      "10\nrq{envoy_cluster_name=\"b-0123456789ABCDEF\",code=\"200\"} 20\n"
      "rq{envoy_cluster_name=\"b-0123456789abcdef\",code=\"503\"} 1\nrq{envoy_cluster_name=\"ads_cluster\",code=\"200\"} 4\n"
      "# TYPE cx gauge\ncx{envoy_http_conn_manager_prefix=\"in\"} 1\ncx{envoy_http_conn_manager_prefix=\"admin\"} 2\n");
  parts[2].families = Parse("own 1\n");
  CHECK(
      WriteMeshMetrics(std::move(parts), *plan) ==
      "# HELP app \n# TYPE app counter\napp 1\n"
      "# HELP cx \n# TYPE cx gauge\ncx{envoy_http_conn_manager_prefix=\"in\",kuma_io_mesh_traffic=\"true\"} 1\n"
      "cx{envoy_http_conn_manager_prefix=\"admin\"} 2\n"
      "# HELP rq \n# TYPE rq counter\nrq{envoy_cluster_name=\"b\",code=\"200\",kuma_io_mesh_traffic=\"true\"} 30\n"
      "rq{envoy_cluster_name=\"b\",code=\"503\",kuma_io_mesh_traffic=\"true\"} 1\nrq{envoy_cluster_name=\"ads_cluster\",code=\"200\"} 4\n");
}

TEST_CASE("OTLP: scopes, sums, gauges and histograms") {
  Plan plan;
  plan.extra_labels = {{"kuma.proxy_role", "sidecar"}};
  Parts parts = TwoApplications();
  parts[1].families = Parse(
      "# TYPE lag histogram\nlag_bucket{le=\"0.5\"} 1\nlag_bucket{le=\"2\"} 3\nlag_bucket{le=\"+Inf\"} 4\nlag_sum 5.5\nlag_count 4\n");
  const std::string message = EncodeOtlp(std::move(parts), plan, {{"service.name", "x"}});
  opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceRequest request;
  REQUIRE(request.ParseFromString(message));
  REQUIRE(request.resource_metrics_size() == 1);
  CHECK(request.resource_metrics(0).resource().attributes(0).key() == "service.name");
  CHECK(request.resource_metrics(0).resource().attributes(0).value().string_value() == "x");
  std::map<std::string, const opentelemetry::proto::metrics::v1::Metric*> metrics;  // by scope and name
  for (const auto& scope : request.resource_metrics(0).instrumentation_library_metrics()) {
    for (const auto& metric : scope.metrics()) metrics[scope.instrumentation_library().name() + " " + metric.name()] = &metric;
  }
  REQUIRE(metrics.size() == 6);
  const auto& hits = metrics.at("lib hits")->sum();
  CHECK(hits.is_monotonic());
  CHECK(hits.aggregation_temporality() == opentelemetry::proto::metrics::v1::AGGREGATION_TEMPORALITY_CUMULATIVE);
  CHECK(hits.data_points(0).as_double() == 1);
  CHECK(hits.data_points(0).time_unix_nano() == 1'000'000'000);
  REQUIRE(hits.data_points(0).attributes_size() == 1);
  CHECK(hits.data_points(0).attributes(0).key() == "kuma.proxy_role");
  CHECK(metrics.at("kuma wait")->gauge().data_points(0).attributes(1).key() == "quantile");
  CHECK(metrics.at("kuma wait_count")->sum().data_points(0).as_double() == 3);
  const auto& lag = metrics.at("kuma lag")->histogram().data_points(0);
  CHECK(std::vector<uint64_t>(lag.bucket_counts().begin(), lag.bucket_counts().end()) == std::vector<uint64_t>{1, 2, 1});
  CHECK(std::vector<double>(lag.explicit_bounds().begin(), lag.explicit_bounds().end()) == std::vector<double>{0.5, 2});
  CHECK(lag.sum() == 5.5);
  CHECK(lag.count() == 4);
  CHECK(metrics.at("kuma own")->gauge().data_points(0).attributes().empty());
  CHECK(EncodeOtlp({}, plan, {}).empty());
}

}  // namespace
}  // namespace kuma::dp::metrics
