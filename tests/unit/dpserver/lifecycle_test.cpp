#include <catch2/catch.hpp>

#include "pkg/dpserver/lifecycle.h"
#include "pkg/model/document.h"
#include "pkg/resources/all.h"
#include "pkg/store/memory/memory_store.h"
#include "tests/support/failing_store.h"

using namespace kuma;
using namespace kuma::dpserver;

namespace {

struct Fixture : ProxyRegistrar, ProxyAuthenticator {
  Fixture() : store(RealClock()) {
    resources::RegisterCoreTypes(types);
    auto mesh = FromDocument(Json{{"type", "Mesh"}, {"name", "demo"}}, types);
    REQUIRE(store.Create(std::move(*mesh), std::nullopt).ok());
    LifecycleOptions options;
    options.control_plane_id = "cp-1";
    options.call_after = [this](std::chrono::nanoseconds, std::function<void()> fn) { delayed.push_back(std::move(fn)); };
    workers.Stop();  // then work runs in the caller
    lifecycle = std::make_unique<ProxyLifecycle>(std::move(options), failing, types, *this, *this, workers);
  }
  Status Upsert(const Resource& proxy) override {
    ++writes;
    auto stored = failing.Get(proxy.meta.key);
    if (!stored.ok() && stored.error().code != ErrorCode::kNotFound) return std::move(stored).error();
    Resource copy = proxy;
    if (stored.ok()) copy.meta.version = (*stored)->meta.version;
    auto written = stored.ok() ? failing.Update(copy) : failing.Create(copy, std::nullopt);
    if (!written.ok()) return std::move(written).error();
    return Ok();
  }
  Status Remove(const ResourceKey& key) override { return failing.Delete(key); }
  Status Authenticate(const xds::ProxyNode&, const std::string& credential, const Resource& resource) override {
    if (!credential.empty() && credential != GetString(Get(resource.spec, "networking"), "address")) return MakeError(ErrorCode::kUnauthorized, "no");
    return Ok();
  }
  static xds::ProxyNode Node(const std::string& address = "10.0.0.1", const std::string& name = "web-1") {
    xds::ProxyNode node;
    node.mesh = "demo";
    node.name = name;
    node.proxy_type = "dataplane";
    const Json document = {{"type", "Dataplane"},
                           {"mesh", "demo"},
                           {"name", "web-1"},
                           {"networking", {{"address", address}, {"inbound", Json::array({{{"port", 80}, {"tags", {{"kuma.io/service", "web"}}}}})}}}};
    node.metadata = {{"dataplane.resource", document.dump()}};
    return node;
  }
  bool Exists() { return store.Get({"Dataplane", "demo", "web-1"}).ok(); }
  void Elapse() {
    for (auto& fn : std::exchange(delayed, {})) fn();
  }
  store::MemoryStore store;
  test::FailingStore failing{store};
  TypeRegistry types;
  io::WorkerPool workers{1, 1};
  std::vector<std::function<void()>> delayed;
  int writes = 0;
  std::unique_ptr<ProxyLifecycle> lifecycle;
};

}  // namespace

TEST_CASE_METHOD(Fixture, "a dataplane lives as long as its proxy") {
  REQUIRE(lifecycle->Admit(Node(), "", 1).ok());
  CHECK(Exists());

  SECTION("removed after the delay") {
    lifecycle->Leave(Node(), 1);
    CHECK(Exists());
    Elapse();
    CHECK_FALSE(Exists());
  }
  SECTION("kept when the proxy came back, without another write") {
    lifecycle->Leave(Node(), 1);
    REQUIRE(lifecycle->Admit(Node(), "", 2).ok());
    Elapse();
    CHECK(Exists());
    CHECK(writes == 1);
    lifecycle->Leave(Node(), 2);
    Elapse();
    CHECK_FALSE(Exists());
  }
  SECTION("the end of an older stream does not count") {
    REQUIRE(lifecycle->Admit(Node(), "", 2).ok());
    lifecycle->Leave(Node(), 1);
    CHECK(delayed.empty());
  }
  SECTION("an older delay does not end a newer absence") {
    lifecycle->Leave(Node(), 1);
    auto first = std::exchange(delayed, {});
    REQUIRE(lifecycle->Admit(Node(), "", 2).ok());
    lifecycle->Leave(Node(), 2);
    for (auto& fn : first) fn();
    CHECK(Exists());
    Elapse();
    CHECK_FALSE(Exists());
  }
  SECTION("kept when another control plane has it") {
    Resource insight;
    insight.meta.key = {"DataplaneInsight", "demo", "web-1"};
    insight.spec = {{"subscriptions", Json::array({{{"controlPlaneInstanceId", "cp-1"}}, {{"controlPlaneInstanceId", "cp-2"}}})}};
    REQUIRE(store.Create(insight, std::nullopt).ok());
    lifecycle->Leave(Node(), 1);
    Elapse();
    CHECK(Exists());
  }
  SECTION("kept when the control plane stops") {
    lifecycle->Leave(Node(), 1);
    lifecycle->Stop();
    Elapse();
    CHECK(Exists());
  }
}

TEST_CASE_METHOD(Fixture, "proxies that are not admitted") {
  CHECK_THAT(lifecycle->Admit(Node("10.0.0.1", "other"), "", 1).error().message, Catch::Contains("does not match proxy resource"));
  xds::ProxyNode bare = Node();
  bare.metadata = Json::object();
  CHECK(lifecycle->Admit(bare, "", 1).error().message ==
        "resource \"demo.web-1\" not found; create a Dataplane in Kuma CP first or pass it as an argument to kuma-dp");
  CHECK(lifecycle->Admit(Node(), "10.9.9.9", 1).error().message == "authentication failed: no");
  CHECK_FALSE(Exists());

  REQUIRE(lifecycle->Admit(Node("10.0.0.1"), "10.0.0.1", 1).ok());
  CHECK(lifecycle->Admit(bare, "10.0.0.1", 2).ok());
  // It may be what it says, but not take what is another's.
  CHECK_THAT(lifecycle->Admit(Node("10.0.0.2"), "10.0.0.2", 3).error().message, Catch::Contains("trying to override existing proxy"));
}

TEST_CASE_METHOD(Fixture, "a store that is away: who comes is told so, who leaves is removed later") {
  constexpr int kFailures = 3;
  SECTION("a proxy that comes is refused with the reason, and admitted once the store is back") {
    for (std::atomic<int>* kind : {&failing.fail_reads, &failing.fail_writes}) {
      *kind = 1;
      const Status refused = lifecycle->Admit(Node(), "", 1);
      REQUIRE_FALSE(refused.ok());
      CHECK(refused.error().code == ErrorCode::kUnavailable);
      CHECK(refused.error().message == "could not register proxy passed in kuma-dp run: the store is away");
      CHECK_FALSE(Exists());
      lifecycle->Leave(Node(), 1);  // nothing was registered, so nothing is to be removed
      CHECK(delayed.empty());
    }
    REQUIRE(lifecycle->Admit(Node(), "", 2).ok());
    CHECK(Exists());
  }
  SECTION("one without a resource of its own, too") {
    REQUIRE(lifecycle->Admit(Node(), "", 1).ok());
    xds::ProxyNode bare = Node();
    bare.metadata = Json::object();
    failing.fail_reads = 1;
    CHECK(lifecycle->Admit(bare, "", 2).error().code == ErrorCode::kUnavailable);
    CHECK(lifecycle->Admit(bare, "", 2).ok());
  }
  SECTION("a removal is tried again until it is done") {
    REQUIRE(lifecycle->Admit(Node(), "", 1).ok());
    lifecycle->Leave(Node(), 1);
    failing.fail_writes = kFailures;
    for (int round = 1; round <= kFailures; ++round) {
      Elapse();
      CHECK(failing.failed == round);
      CHECK(delayed.size() == 1);
      CHECK(Exists());
    }
    Elapse();
    CHECK_FALSE(Exists());
    CHECK(delayed.empty());
  }
  SECTION("not if the proxy came back meanwhile") {
    REQUIRE(lifecycle->Admit(Node(), "", 1).ok());
    lifecycle->Leave(Node(), 1);
    failing.fail_writes = 1;
    Elapse();
    REQUIRE(lifecycle->Admit(Node(), "", 2).ok());
    Elapse();
    CHECK(Exists());
    lifecycle->Leave(Node(), 2);
    Elapse();
    CHECK_FALSE(Exists());
  }
  SECTION("not if another control plane has it by now, also when that cannot be read at first") {
    REQUIRE(lifecycle->Admit(Node(), "", 1).ok());
    Resource insight;
    insight.meta.key = {"DataplaneInsight", "demo", "web-1"};
    insight.spec = {{"subscriptions", Json::array({{{"controlPlaneInstanceId", "cp-2"}}})}};
    REQUIRE(store.Create(insight, std::nullopt).ok());
    lifecycle->Leave(Node(), 1);
    failing.fail_reads = 1;
    Elapse();
    CHECK(Exists());
    Elapse();
    CHECK(Exists());
    CHECK(delayed.empty());
  }
  SECTION("not when the control plane stops") {
    REQUIRE(lifecycle->Admit(Node(), "", 1).ok());
    lifecycle->Leave(Node(), 1);
    failing.fail_writes = 1;
    Elapse();
    lifecycle->Stop();
    Elapse();
    CHECK(Exists());
  }
}
