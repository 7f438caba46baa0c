// What a leader does about proxies and control planes that are gone.
#include <catch2/catch.hpp>

#include "pkg/reconcile/offline_proxies.h"
#include "pkg/reconcile/stale_subscriptions.h"
#include "pkg/resources/all.h"
#include "pkg/store/memory/memory_store.h"

namespace kuma::reconcile {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

struct FakeClock : Clock {
  SystemTime Now() const override { return SystemTime(seconds(1700000000) + passed); }
  MonotonicTime Monotonic() const override { return MonotonicTime(passed); }
  seconds passed{0};
};

struct World {
  World() : store(clock), admission(types, store, {.zone = "default", .system_namespace = "kuma-system"}), watch(store.StartWatch(nullptr)) {
    resources::RegisterCoreTypes(types);
  }
  void Put(const std::string& type, const std::string& mesh, const std::string& name, Json spec = Json::object()) {
    Resource resource;
    resource.meta.key = {type, mesh, name};
    resource.spec = std::move(spec);
    if (const auto known = store.Get(resource.meta.key); known.ok()) {
      resource.meta = (*known)->meta;
      REQUIRE(store.Update(std::move(resource)).ok());
      return;
    }
    REQUIRE(store.Create(std::move(resource), store::OwnerOf(*types.Find(type), {type, mesh, name})).ok());
  }
  Json Subscription(const std::string& id, const std::string& owner, int generation, std::optional<seconds> ended = std::nullopt) {
    Json out = {{"id", id}, {"controlPlaneInstanceId", owner}, {"connectTime", "2023-11-14T00:00:00Z"}, {"generation", generation}};
    if (ended) out["disconnectTime"] = FormatRfc3339(SystemTime(seconds(1700000000) + *ended));
    return out;
  }
  bool Has(const std::string& type, const std::string& name) { return store.Get({type, type == "Dataplane" ? "demo" : "", name}).ok(); }
  bool IsEnded(const std::string& name, size_t index) {
    return (*store.Get({"DataplaneInsight", "demo", name}))->spec["subscriptions"][index].contains("disconnectTime");
  }
  template <typename Reconciler>
  std::optional<Nanos> Run(Reconciler& reconciler) {
    for (const store::Event& event : watch->Take()) reconciler.Apply(event.old_value, event.new_value);
    const std::optional<Nanos> again = reconciler.Run();
    for (const store::Event& event : watch->Take()) reconciler.Apply(event.old_value, event.new_value);
    return again;
  }

  FakeClock clock;
  TypeRegistry types;
  store::MemoryStore store;
  store::Admission admission;
  std::unique_ptr<store::Watch> watch;
};

Json Insight(std::vector<Json> subscriptions) { return {{"subscriptions", Json(std::move(subscriptions))}}; }

}  // namespace

TEST_CASE("a subscription that nobody refreshes for the idle timeout is ended") {
  World world;
  StaleSubscriptions stale(world.store, world.clock, {{"DataplaneInsight"}, minutes(5), "cp-own"});
  world.Put("Mesh", "", "demo");
  for (const char* name : {"own", "dead", "alive"}) world.Put("Dataplane", "demo", name);
  world.Put("DataplaneInsight", "demo", "own", Insight({world.Subscription("a", "cp-own", 0)}));
  world.Put("DataplaneInsight", "demo", "dead", Insight({world.Subscription("b", "cp-dead", 3), world.Subscription("c", "cp-dead", 1)}));
  world.Put("DataplaneInsight", "demo", "alive", Insight({world.Subscription("old", "cp-2", 9, seconds(-60)), world.Subscription("d", "cp-2", 1)}));
  CHECK(world.Run(stale) == std::optional<Nanos>(minutes(5)));

  world.clock.passed = minutes(3);
  world.Put("DataplaneInsight", "demo", "alive", Insight({world.Subscription("old", "cp-2", 9, seconds(-60)), world.Subscription("d", "cp-2", 2)}));
  // A write that is no sign of life.
  world.Put("DataplaneInsight", "demo", "dead", Insight({world.Subscription("b", "cp-dead", 3), world.Subscription("c", "cp-dead", 1)}));
  CHECK(world.Run(stale) == std::optional<Nanos>(minutes(2)));

  world.clock.passed = minutes(5);
  CHECK(world.Run(stale) == std::optional<Nanos>(minutes(3)));
  CHECK(world.IsEnded("dead", 0));
  CHECK(world.IsEnded("dead", 1));
  CHECK_FALSE(world.IsEnded("alive", 1));
  CHECK_FALSE(world.IsEnded("own", 0));

  SECTION("one that was heard of just now") {
    world.clock.passed = minutes(8);
    for (const store::Event& event : world.watch->Take()) stale.Apply(event.old_value, event.new_value);
    world.Put("DataplaneInsight", "demo", "alive", Insight({world.Subscription("d", "cp-2", 3)}));
    stale.Run();  // its event has not come yet
    CHECK_FALSE(world.IsEnded("alive", 0));
    CHECK(world.Run(stale) == std::optional<Nanos>(minutes(5)));
  }
  SECTION("nothing is left to wait for") {
    REQUIRE(world.store.Delete({"Dataplane", "demo", "alive"}).ok());
    CHECK(world.Run(stale) == std::nullopt);
  }
}

TEST_CASE("proxies that are offline longer than the cleanup age are removed") {
  World world;
  OfflineProxies offline(world.admission, world.clock, {{{"Dataplane", hours(72)}, {"ZoneEgress", hours(1)}}});
  world.Put("Mesh", "", "demo");
  for (const char* name : {"gone", "back", "online", "never", "odd", "late"}) world.Put("Dataplane", "demo", name);
  world.Put("ZoneEgress", "", "egress");
  world.Put("ZoneIngress", "", "ingress");
  const auto ended = [&](int at) { return world.Subscription("x", "cp", 0, seconds(at)); };
  const Json open = world.Subscription("y", "cp", 0);
  const Json no_date = {{"id", "z"}};
  world.Put("DataplaneInsight", "demo", "gone", Insight({ended(-500), ended(-100)}));  // the last one counts
  world.Put("DataplaneInsight", "demo", "back", Insight({ended(-100)}));
  world.Put("DataplaneInsight", "demo", "online", Insight({open, ended(-900000)}));
  world.Put("DataplaneInsight", "demo", "odd", Insight({ended(-900000), no_date}));
  world.Put("DataplaneInsight", "demo", "late", Insight({ended(0)}));
  world.Put("ZoneEgressInsight", "", "egress", Insight({ended(-3000)}));
  world.Put("ZoneIngressInsight", "", "ingress", Insight({ended(-900000)}));  // no rule for it here
  CHECK(world.Run(offline) == std::optional<Nanos>(seconds(600)));

  world.clock.passed = seconds(600);
  CHECK(world.Run(offline) == std::optional<Nanos>(hours(72) - seconds(700)));
  CHECK_FALSE(world.Has("ZoneEgress", "egress"));
  CHECK(world.Has("ZoneIngress", "ingress"));

  world.clock.passed = hours(72) - seconds(100);
  for (const store::Event& event : world.watch->Take()) offline.Apply(event.old_value, event.new_value);
  world.Put("DataplaneInsight", "demo", "back", Insight({ended(-100), open}));
  CHECK(offline.Run() == std::optional<Nanos>(seconds(100)));  // the event of its return has not come yet
  CHECK_FALSE(world.Has("Dataplane", "gone"));
  for (const char* name : {"back", "online", "never", "odd", "late"}) CHECK(world.Has("Dataplane", name));

  world.clock.passed = hours(72);
  CHECK(world.Run(offline) == std::nullopt);
  CHECK_FALSE(world.Has("Dataplane", "late"));
}

}  // namespace kuma::reconcile
