#include <catch2/catch.hpp>

#include "pkg/insights/dataplane_sink.h"
#include "pkg/store/memory/memory_store.h"
#include "tests/support/failing_store.h"

using namespace kuma;
using namespace kuma::insights;

namespace {

struct FakeClock : Clock {
  SystemTime Now() const override { return SystemTime(std::chrono::seconds(1000) + passed); }
  MonotonicTime Monotonic() const override { return MonotonicTime(passed); }
  std::chrono::seconds passed{0};
};

struct CountingRandom : Random {
  uint64_t Next() override { return ++count; }
  std::string Bytes(size_t size) override { return std::string(size, static_cast<char>(++count)); }
  uint64_t count = 0;
};

struct Fixture {
  Fixture() : store(clock) {
    workers.Stop();  // then work runs in the caller
    sink = MakeSink("cp-1");
    Resource dataplane;
    dataplane.meta.key = {"Dataplane", "demo", "web-1"};
    REQUIRE(store.Create(dataplane, std::nullopt).ok());
  }
  std::unique_ptr<DataplaneSink> MakeSink(const std::string& id) {
    SinkOptions options;
    options.control_plane_id = id;
    options.control_plane_version = "2.14.3";
    options.refresh_interval = refresh_interval;
    options.call_after = [this](std::chrono::nanoseconds, std::function<void()> fn) { delayed.push_back(std::move(fn)); };
    return std::make_unique<DataplaneSink>(std::move(options), failing, workers, clock, random);
  }
  static xds::ProxyNode Node() {
    xds::ProxyNode node;
    node.mesh = "demo";
    node.name = "web-1";
    node.proxy_type = "dataplane";
    node.metadata = {{"version", {{"kumaDp", {{"version", "2.13.0"}}}, {"envoy", {{"version", "1.37.0"}}}}}, {"workdir", "/tmp"}};
    return node;
  }
  static xds::RequestOutcome Outcome(xds::RequestKind kind, xds::ResourceType type, const std::string& error = {}) {
    xds::RequestOutcome outcome;
    outcome.kind = kind;
    outcome.type = type;
    outcome.error = error;
    return outcome;
  }
  void Elapse() {
    for (auto& fn : std::exchange(delayed, {})) fn();
  }
  Json Insight() {
    auto stored = store.Get({"DataplaneInsight", "demo", "web-1"});
    return stored.ok() ? (*stored)->spec : Json();
  }
  uint64_t Version() { return (*store.Get({"DataplaneInsight", "demo", "web-1"}))->meta.version; }

  FakeClock clock;
  std::chrono::nanoseconds refresh_interval{0};
  CountingRandom random;
  store::MemoryStore store;
  test::FailingStore failing{store};
  io::WorkerPool workers{1, 1};
  std::vector<std::function<void()>> delayed;
  std::unique_ptr<DataplaneSink> sink;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "an insight follows its stream") {
  sink->OnConnected(1, false, Node());
  CHECK(delayed.size() == 1);
  Elapse();
  Json spec = Insight();
  REQUIRE(spec["subscriptions"].size() == 1);
  const Json first = spec["subscriptions"][0];
  CHECK(first["controlPlaneInstanceId"] == "cp-1");
  CHECK(first["connectTime"] == "1970-01-01T00:16:40Z");
  CHECK_FALSE(first.contains("disconnectTime"));
  CHECK(first["version"]["kumaDp"] == Json({{"version", "2.13.0"}, {"kumaCpCompatible", true}}));
  CHECK(first["status"]["cds"] == Json::object());
  CHECK(spec["metadata"]["workdir"] == "/tmp");

  xds::Response response;
  response.type = xds::ResourceType::kCluster;
  sink->OnResponse(1, response, 10);
  sink->OnRequest(1, Outcome(xds::RequestKind::kAck, xds::ResourceType::kCluster));
  response.type = xds::ResourceType::kListener;
  sink->OnResponse(1, response, 10);
  sink->OnRequest(1, Outcome(xds::RequestKind::kNack, xds::ResourceType::kListener, "port taken"));
  sink->OnRequest(1, Outcome(xds::RequestKind::kStale, xds::ResourceType::kListener));
  CHECK(delayed.size() == 1);  // one round for all of it
  Elapse();
  const Json status = Insight()["subscriptions"][0]["status"];
  CHECK(status["total"] == Json({{"responsesSent", "2"}, {"responsesAcknowledged", "1"}, {"responsesRejected", "1"}}));
  CHECK(status["cds"] == Json({{"responsesSent", "1"}, {"responsesAcknowledged", "1"}}));
  CHECK(status["lds"] == Json({{"responsesSent", "1"}, {"responsesRejected", "1"}}));
  CHECK(sink->LastRejection("demo", "web-1") == "type.googleapis.com/envoy.config.listener.v3.Listener: port taken");

  const uint64_t version = Version();
  sink->Flush();
  CHECK(Version() == version);  // nothing new, nothing written

  clock.passed += std::chrono::seconds(60);
  sink->OnClosed(1);
  Elapse();
  CHECK(Insight()["subscriptions"][0]["disconnectTime"] == "1970-01-01T00:17:40Z");

  for (xds::StreamId stream : {2, 3}) {
    sink->OnConnected(stream, true, Node());
    Elapse();
  }
  spec = Insight();
  REQUIRE(spec["subscriptions"].size() == 2);  // the limit
  CHECK(spec["subscriptions"][0].contains("disconnectTime"));
  CHECK_FALSE(spec["subscriptions"][1].contains("disconnectTime"));
}

TEST_CASE_METHOD(Fixture, "certificates in the insight") {
  auto identity = std::make_shared<IssuedIdentity>();
  identity->issued_at = clock.Now();
  identity->expires_at = clock.Now() + std::chrono::hours(24);
  identity->backend = "ca-1";
  identity->supported_backends = {"ca-1"};
  sink->OnIdentity("demo", "web-1", identity);  // may come before the stream is known
  sink->OnConnected(1, false, Node());
  Elapse();
  CHECK(Insight()["mTLS"] == Json({{"certificateExpirationTime", "1970-01-02T00:16:40Z"},
                                   {"lastCertificateRegeneration", "1970-01-01T00:16:40Z"},
                                   {"certificateRegenerations", 1},
                                   {"issuedBackend", "ca-1"},
                                   {"supportedBackends", {"ca-1"}}}));
  auto renewed = std::make_shared<IssuedIdentity>(*identity);
  renewed->expires_at += std::chrono::hours(1);
  sink->OnIdentity("demo", "web-1", renewed);
  Elapse();
  CHECK(Insight()["mTLS"]["certificateRegenerations"] == 2);
  sink->OnIdentity("demo", "web-1", nullptr);
  Elapse();
  CHECK_FALSE(Insight().contains("mTLS"));
}

TEST_CASE_METHOD(Fixture, "a shared store hears that a stream is still held") {
  refresh_interval = std::chrono::seconds(150);
  sink = MakeSink("cp-1");
  sink->OnConnected(1, false, Node());
  Elapse();
  const auto generation = [&] { return GetInt(Insight()["subscriptions"][0], "generation"); };
  CHECK(generation() == 0);
  for (int round = 1; round <= 3; ++round) {
    clock.passed += std::chrono::seconds(150);
    Elapse();  // the timer
    CHECK(delayed.size() == 2);  // one write, one timer
    Elapse();
    CHECK(generation() == round);
  }

  // Another control plane has the proxy by now: a stream that does not know yet must not seem open again.
  const auto other = MakeSink("cp-2");
  other->OnConnected(7, false, Node());
  other->Flush();
  CHECK(Insight()["subscriptions"][0].contains("disconnectTime"));
  clock.passed += std::chrono::seconds(150);
  Elapse();
  Elapse();
  Json spec = Insight();
  REQUIRE(spec["subscriptions"].size() == 2);
  CHECK(spec["subscriptions"][0].contains("disconnectTime"));
  CHECK_FALSE(spec["subscriptions"][1].contains("disconnectTime"));

  // Somebody took this control plane for dead; its next word corrects that.
  spec["subscriptions"][1]["disconnectTime"] = "2026-01-01T00:00:00Z";
  Resource insight = **store.Get({"DataplaneInsight", "demo", "web-1"});
  insight.spec = spec;
  REQUIRE(store.Update(insight).ok());
  clock.passed += std::chrono::seconds(150);
  Elapse();
  Elapse();
  CHECK_FALSE(Insight()["subscriptions"][1].contains("disconnectTime"));
  sink->OnClosed(1);
  other->OnClosed(7);
  Elapse();
  Elapse();
  CHECK(delayed.empty());  // nothing runs while nobody is connected
}

TEST_CASE_METHOD(Fixture, "a proxy whose resource is gone leaves no insight") {
  sink->OnConnected(1, false, Node());
  sink->OnClosed(1);
  REQUIRE(store.Delete({"Dataplane", "demo", "web-1"}).ok());
  Elapse();
  CHECK(delayed.empty());
}

TEST_CASE("versions") {
  CHECK(VersionsCompatible("2.14.3", "2.12.0"));
  CHECK_FALSE(VersionsCompatible("2.14.3", "2.11.9"));
  CHECK_FALSE(VersionsCompatible("2.14.3", "1.8.0"));
  CHECK(VersionsCompatible("2.14.3", "dev"));
}

TEST_CASE_METHOD(Fixture, "an insight tells what was left out and what Envoy rejected, until that is over") {
  auto notes = std::make_shared<xds::ViewNotes>();
  notes->warnings = {{"kri_mhttpr_demo___r_", "spec.to[0]", "left out"}};
  notes->patched_by = {{"added", "kri_mpp_demo___p_"}, {"other", "kri_mpp_demo___q_"}};
  sink->OnNotes(Node(), notes);
  sink->OnConnected(1, false, Node());
  sink->OnRequest(1, Outcome(xds::RequestKind::kNack, xds::ResourceType::kCluster, "Error adding/updating cluster(s) added: no good"));
  Elapse();
  const Json left_out = {{"resource", "kri_mhttpr_demo___r_"}, {"path", "spec.to[0]"}, {"message", "left out"}};
  CHECK(Insight()["warnings"] ==
        Json::array({{{"resource", "kri_mpp_demo___p_"},
                      {"message", "Envoy rejected Cluster, the last good configuration stays: Error adding/updating cluster(s) added: no good"}},
                     left_out}));

  sink->OnRequest(1, Outcome(xds::RequestKind::kAck, xds::ResourceType::kListener));
  sink->OnRequest(1, Outcome(xds::RequestKind::kAck, xds::ResourceType::kCluster));
  Elapse();
  CHECK(Insight()["warnings"] == Json::array({left_out}));

  sink->OnNotes(Node(), nullptr);
  Elapse();
  CHECK_FALSE(Insight().contains("warnings"));
}

TEST_CASE_METHOD(Fixture, "what could not be written while the store was away is written once it is back") {
  struct Row {
    const char* what;
    std::atomic<int> test::FailingStore::*kind;
  };
  const Row row = GENERATE(Row{"reads fail", &test::FailingStore::fail_reads}, Row{"writes fail", &test::FailingStore::fail_writes});
  INFO(row.what);
  constexpr int kFailures = 3;
  std::atomic<int>& outage = failing.*row.kind;
  // Each failed round schedules the next one; none is tried in a hurry.
  const auto ride_out = [&] {
    for (int round = 1; round <= kFailures; ++round) {
      Elapse();
      CHECK(failing.failed == round);
      CHECK(delayed.size() == 1);
    }
    failing.failed = 0;
    Elapse();
    CHECK(failing.failed == 0);
    CHECK(delayed.empty());
  };

  SECTION("a proxy that connects, and what it reports meanwhile") {
    outage = kFailures;
    sink->OnConnected(1, false, Node());
    sink->OnRequest(1, Outcome(xds::RequestKind::kAck, xds::ResourceType::kCluster));
    ride_out();
    REQUIRE(Insight()["subscriptions"].size() == 1);
    CHECK(Insight()["subscriptions"][0]["status"]["cds"] == Json({{"responsesAcknowledged", "1"}}));
  }
  SECTION("a proxy that leaves: with the time when it left") {
    sink->OnConnected(1, false, Node());
    Elapse();
    outage = kFailures;
    clock.passed += std::chrono::seconds(60);
    sink->OnClosed(1);
    clock.passed += std::chrono::seconds(60);
    ride_out();
    REQUIRE(Insight()["subscriptions"].size() == 1);
    CHECK(Insight()["subscriptions"][0]["disconnectTime"] == "1970-01-01T00:17:40Z");
  }
  SECTION("a proxy that came, left and came again: the newest subscription is the open one") {
    outage = kFailures;
    sink->OnConnected(1, false, Node());
    sink->OnClosed(1);
    for (int round = 0; round < kFailures; ++round) Elapse();
    sink->OnConnected(2, false, Node());
    for (int round = 0; round < 3; ++round) Elapse();
    const Json spec = Insight();
    REQUIRE_FALSE(spec["subscriptions"].empty());
    CHECK_FALSE(spec["subscriptions"].back().contains("disconnectTime"));
    for (size_t i = 0; i + 1 < spec["subscriptions"].size(); ++i) CHECK(spec["subscriptions"][i].contains("disconnectTime"));
  }
}
