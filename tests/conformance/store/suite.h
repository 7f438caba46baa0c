// What every store backend must do. Call RunStoreConformance inside a TEST_CASE of the backend's tests; `make` gives a fresh,
// empty store that uses the clock it is handed.
#pragma once

#include <catch2/catch.hpp>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "pkg/store/store.h"

namespace kuma::store::conformance {

class HandClock : public Clock {
 public:
  SystemTime Now() const override { return now_; }
  MonotonicTime Monotonic() const override { return {}; }
  void Advance(std::chrono::seconds by) { now_ += by; }

 private:
  SystemTime now_ = SystemTime(std::chrono::seconds(1700000000));
};

using Factory = std::function<std::unique_ptr<Store>(const Clock&)>;

inline Resource Make(std::string type, std::string mesh, std::string name, Json spec = Json::object(), Labels labels = {}) {
  Resource resource;
  resource.meta.key = {std::move(type), std::move(mesh), std::move(name)};
  resource.meta.labels = std::move(labels);
  resource.spec = std::move(spec);
  return resource;
}

inline std::vector<std::string> Names(const std::vector<ResourcePtr>& items) {
  std::vector<std::string> names;
  for (const ResourcePtr& item : items) names.push_back(item->meta.mesh() + "/" + item->meta.name());
  return names;
}

// Backends that learn of changes from elsewhere may need a moment: waits for the wake, never sleeps.
class WatchProbe {
 public:
  explicit WatchProbe(Store& store) : watch_(store.StartWatch([this] { Wake(); })) {}

  const std::vector<ResourcePtr>& Initial() const { return watch_->Initial(); }

  std::vector<Event> Next(size_t count) {
    std::vector<Event> events;
    std::unique_lock<std::mutex> lock(mutex_);
    while (events.size() < count) {
      if (!signal_.wait_for(lock, std::chrono::seconds(10), [this] { return woken_; })) break;
      woken_ = false;
      lock.unlock();
      for (Event& event : watch_->Take()) events.push_back(std::move(event));
      lock.lock();
    }
    return events;
  }
  std::vector<Event> TakeNow() { return watch_->Take(); }
  int wakes() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return wakes_;
  }

 private:
  void Wake() {
    const std::lock_guard<std::mutex> lock(mutex_);
    woken_ = true;
    ++wakes_;
    signal_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable signal_;
  bool woken_ = false;
  int wakes_ = 0;
  std::unique_ptr<Watch> watch_;  // last: its callback uses what is above
};

inline void RunStoreConformance(const Factory& make) {
  HandClock clock;
  const std::unique_ptr<Store> store = make(clock);
  const SystemTime start = clock.Now();
  const ResourceKey key{"MeshTimeout", "demo", "a"};

  SECTION("create, get, update, delete") {
    const Result<ResourcePtr> created = store->Create(Make("MeshTimeout", "demo", "a", {{"x", 1}}, {{"team", "core"}}));
    REQUIRE(created.ok());
    CHECK(created.value()->meta.version == 1);
    CHECK(created.value()->meta.creation_time == start);
    CHECK(created.value()->meta.modification_time == start);

    const Result<ResourcePtr> read = store->Get(key);
    REQUIRE(read.ok());
    CHECK(read.value()->spec == Json{{"x", 1}});
    CHECK(read.value()->Label("team") == "core");
    CHECK(read.value()->status.is_null());

    clock.Advance(std::chrono::seconds(5));
    Resource next = *read.value();
    next.spec = {{"x", 2}};
    next.status = {{"ready", true}};
    next.meta.labels = {};
    next.meta.creation_time = {};
    const Result<ResourcePtr> updated = store->Update(next);
    REQUIRE(updated.ok());
    CHECK(updated.value()->meta.version == 2);
    CHECK(updated.value()->meta.creation_time == start);
    CHECK(updated.value()->meta.modification_time == clock.Now());
    const ResourcePtr again = store->Get(key).value();
    CHECK(again->spec == Json{{"x", 2}});
    CHECK(again->status == Json{{"ready", true}});
    CHECK(again->meta.labels.empty());
    CHECK(again->meta.version == 2);
    CHECK(again->meta.creation_time == start);

    REQUIRE(store->Delete(key).ok());
    CHECK(store->Get(key).error().code == ErrorCode::kNotFound);
  }

  SECTION("what is not there or already there") {
    CHECK(store->Get(key).error().code == ErrorCode::kNotFound);
    CHECK(store->Delete(key).error().code == ErrorCode::kNotFound);
    CHECK(store->Update(Make("MeshTimeout", "demo", "a")).error().code == ErrorCode::kNotFound);
    REQUIRE(store->Create(Make("MeshTimeout", "demo", "a")).ok());
    CHECK(store->Create(Make("MeshTimeout", "demo", "a")).error().code == ErrorCode::kConflict);
    // Same name in another mesh, and another type in the same mesh, are other resources.
    CHECK(store->Create(Make("MeshTimeout", "other", "a")).ok());
    CHECK(store->Create(Make("MeshRetry", "demo", "a")).ok());
    // Once deleted the key is free again, with a new life.
    REQUIRE(store->Delete(key).ok());
    CHECK(store->Create(Make("MeshTimeout", "demo", "a")).value()->meta.version == 1);
  }

  SECTION("of two writers with the same version one loses") {
    const Resource first = *store->Create(Make("MeshTimeout", "demo", "a")).value();
    Resource mine = first;
    Resource theirs = first;
    mine.spec = {{"who", "mine"}};
    theirs.spec = {{"who", "theirs"}};
    REQUIRE(store->Update(mine).ok());
    CHECK(store->Update(theirs).error().code == ErrorCode::kConflict);
    CHECK(store->Get(key).value()->spec == Json{{"who", "mine"}});
  }

  SECTION("of many writers at once exactly one wins") {
    const Resource first = *store->Create(Make("MeshTimeout", "demo", "a")).value();
    std::vector<std::future<bool>> attempts;
    for (int i = 0; i < 8; ++i) {
      attempts.push_back(std::async(std::launch::async, [&store, first, i] {
        Resource mine = first;
        mine.spec = {{"who", i}};
        return store->Update(mine).ok();
      }));
    }
    int winners = 0;
    for (std::future<bool>& attempt : attempts) winners += attempt.get() ? 1 : 0;
    CHECK(winners == 1);
    CHECK(store->Get(key).value()->meta.version == 2);
  }

  SECTION("list: order, mesh, name and labels") {
    for (const auto& [mesh, name] : std::vector<std::pair<std::string, std::string>>{{"m2", "a"}, {"m1", "b-web"}, {"m1", "a-db"}, {"m10", "c-web"}}) {
      REQUIRE(store->Create(Make("MeshTimeout", mesh, name, Json::object(), {{"mesh", mesh}, {"all", "yes"}})).ok());
    }
    REQUIRE(store->Create(Make("MeshRetry", "m1", "r")).ok());
    CHECK(Names(store->List("MeshTimeout").value()) == std::vector<std::string>{"m1/a-db", "m1/b-web", "m10/c-web", "m2/a"});
    CHECK(Names(store->List("MeshTimeout", {.mesh = "m1"}).value()) == std::vector<std::string>{"m1/a-db", "m1/b-web"});
    CHECK(Names(store->List("MeshTimeout", {.name_contains = "web"}).value()) == std::vector<std::string>{"m1/b-web", "m10/c-web"});
    CHECK(Names(store->List("MeshTimeout", {.mesh = "m1", .name_contains = "web"}).value()) == std::vector<std::string>{"m1/b-web"});
    CHECK(Names(store->List("MeshTimeout", {.labels = {{"mesh", "m2"}, {"all", "yes"}}}).value()) == std::vector<std::string>{"m2/a"});
    CHECK(store->List("MeshTimeout", {.labels = {{"all", "no"}}}).value().empty());
    CHECK(store->List("Dataplane").value().empty());
    // Special characters of pattern languages are plain characters here.
    CHECK(store->List("MeshTimeout", {.name_contains = "%"}).value().empty());
    CHECK(store->List("MeshTimeout", {.name_contains = "_"}).value().empty());
  }

  SECTION("ownership cascades") {
    const ResourceKey mesh{"Mesh", "", "demo"};
    const ResourceKey dataplane{"Dataplane", "demo", "dp"};
    const ResourceKey insight{"DataplaneInsight", "demo", "dp"};
    CHECK(store->Create(Make("Dataplane", "demo", "dp"), mesh).error().code == ErrorCode::kNotFound);
    REQUIRE(store->Create(Make("Mesh", "", "demo")).ok());
    REQUIRE(store->Create(Make("Mesh", "", "other")).ok());
    REQUIRE(store->Create(Make("Dataplane", "demo", "dp"), mesh).ok());
    REQUIRE(store->Create(Make("DataplaneInsight", "demo", "dp"), dataplane).ok());
    REQUIRE(store->Create(Make("Dataplane", "other", "dp"), ResourceKey{"Mesh", "", "other"}).ok());
    REQUIRE(store->Update(*store->Get(dataplane).value()).ok());  // an update keeps the owner
    REQUIRE(store->Delete(mesh).ok());
    CHECK_FALSE(store->Get(dataplane).ok());
    CHECK_FALSE(store->Get(insight).ok());
    CHECK(store->Get({"Dataplane", "other", "dp"}).ok());
  }

  SECTION("watch: the state first, then every change in order") {
    REQUIRE(store->Create(Make("Mesh", "", "demo")).ok());
    REQUIRE(store->Create(Make("Dataplane", "demo", "old"), ResourceKey{"Mesh", "", "demo"}).ok());
    WatchProbe probe(*store);
    CHECK(probe.Initial().size() == 2);
    CHECK(probe.TakeNow().empty());

    REQUIRE(store->Create(Make("Dataplane", "demo", "new"), ResourceKey{"Mesh", "", "demo"}).ok());
    Resource changed = *store->Get({"Dataplane", "demo", "new"}).value();
    changed.spec = {{"x", 1}};
    REQUIRE(store->Update(changed).ok());
    REQUIRE(store->Delete({"Mesh", "", "demo"}).ok());
    CHECK_FALSE(store->Delete({"Mesh", "", "demo"}).ok());  // fails, so it is no event

    const std::vector<Event> events = probe.Next(5);
    REQUIRE(events.size() == 5);
    CHECK(events[0].old_value == nullptr);
    CHECK(events[0].new_value->meta.name() == "new");
    REQUIRE(events[1].old_value != nullptr);
    CHECK(events[1].old_value->meta.version == 1);
    CHECK(events[1].new_value->meta.version == 2);
    CHECK(events[1].new_value->spec == Json{{"x", 1}});
    std::set<std::string> deleted;
    for (size_t i = 2; i < 5; ++i) {
      CHECK(events[i].new_value == nullptr);
      REQUIRE(events[i].old_value != nullptr);
      deleted.insert(events[i].old_value->meta.name());
    }
    CHECK(deleted == std::set<std::string>{"demo", "new", "old"});
    CHECK(events[4].meta().type() == "Mesh");  // children before their owner
    for (size_t i = 1; i < 5; ++i) CHECK(events[i].revision > events[i - 1].revision);
  }

  SECTION("watch: no gap and no duplicate while others write") {
    constexpr int kWrites = 200;
    std::thread writer([&store] {
      for (int i = 0; i < kWrites; ++i) (void)store->Create(Make("MeshTimeout", "demo", "n" + std::to_string(i)));
    });
    WatchProbe probe(*store);
    writer.join();
    std::multiset<std::string> seen;
    for (const ResourcePtr& item : probe.Initial()) seen.insert(item->meta.name());
    const size_t initial = seen.size();
    for (const Event& event : probe.Next(kWrites - initial)) seen.insert(event.meta().name());
    CHECK(seen.size() == kWrites);
    CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == kWrites);
  }

  SECTION("64 writers: no write is lost, and a watch can replay them") {
    constexpr int kWriters = 64;
    constexpr int kRounds = 6;
    REQUIRE(store->Create(Make("Mesh", "", "demo")).ok());
    const ResourceKey counter{"MeshTimeout", "demo", "counter"};
    REQUIRE(store->Create(Make("MeshTimeout", "demo", "counter", {{"n", 0}}), ResourceKey{"Mesh", "", "demo"}).ok());
    WatchProbe probe(*store);
    std::map<ResourceKey, ResourcePtr> replayed;
    for (const ResourcePtr& item : probe.Initial()) replayed[item->meta.key] = item;

    std::atomic<int> failures{0};
    std::vector<std::thread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&, writer] {
        const std::string name = "w" + std::to_string(writer);
        for (int round = 0; round < kRounds; ++round) {
          // Its own resource comes and goes ...
          if (!store->Create(Make("MeshTimeout", "demo", name, {{"round", round}}), ResourceKey{"Mesh", "", "demo"}).ok()) ++failures;
          if (round + 1 < kRounds && !store->Delete({"MeshTimeout", "demo", name}).ok()) ++failures;
        }
        // ... and all count together.
        for (;;) {
          Resource next = *store->Get(counter).value();
          next.spec["n"] = GetInt(next.spec, "n") + 1;
          const Result<ResourcePtr> updated = store->Update(std::move(next));
          if (updated.ok()) break;
          if (updated.error().code != ErrorCode::kConflict) {
            ++failures;
            break;
          }
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
    CHECK(failures == 0);
    CHECK(store->Get(counter).value()->spec["n"] == kWriters);
    CHECK(store->Get(counter).value()->meta.version == 1 + kWriters);
    CHECK(store->List("MeshTimeout").value().size() == kWriters + 1);

    const std::vector<Event> events = probe.Next(kWriters * (2 * kRounds - 1) + kWriters);
    REQUIRE(events.size() == kWriters * (2 * kRounds - 1) + kWriters);
    uint64_t revision = 0;
    int broken = 0;
    for (const Event& event : events) {
      if (event.revision <= revision) ++broken;
      revision = event.revision;
      // Each event goes on from the state that those before it left.
      const auto known = replayed.find(event.meta().key);
      const ResourcePtr before = known == replayed.end() ? nullptr : known->second;
      if ((before == nullptr) != (event.old_value == nullptr)) ++broken;
      if (before && event.old_value && before->meta.version != event.old_value->meta.version) ++broken;
      if (event.new_value) {
        replayed[event.meta().key] = event.new_value;
      } else {
        replayed.erase(event.meta().key);
      }
    }
    CHECK(broken == 0);
    CHECK(probe.TakeNow().empty());
    size_t in_store = 0;
    const std::vector<ResourcePtr> items = store->List("MeshTimeout").value();
    for (const ResourcePtr& item : items) {
      ++in_store;
      const auto known = replayed.find(item->meta.key);
      REQUIRE(known != replayed.end());
      CHECK(known->second->spec == item->spec);
      CHECK(known->second->meta.version == item->meta.version);
    }
    CHECK(replayed.size() == in_store + 1);  // and the mesh
  }

  SECTION("an owner and what it owns, at once") {
    // Whoever comes first: in the end there is no resource without its owner.
    for (int round = 0; round < 8; ++round) {
      const ResourceKey mesh{"Mesh", "", "m" + std::to_string(round)};
      REQUIRE(store->Create(Make(mesh.type, "", mesh.name)).ok());
      std::vector<std::thread> children;
      for (int i = 0; i < 4; ++i) {
        children.emplace_back([&store, mesh, i] { (void)store->Create(Make("Dataplane", mesh.name, "dp" + std::to_string(i)), mesh); });
      }
      CHECK(store->Delete(mesh).ok());
      for (std::thread& child : children) child.join();
      CHECK(store->List("Dataplane", {.mesh = mesh.name}).value().empty());
    }
  }

  SECTION("import keeps versions and times") {
    auto mesh = std::make_shared<Resource>(Make("Mesh", "", "demo"));
    mesh->meta.version = 7;
    mesh->meta.creation_time = start - std::chrono::hours(5);
    mesh->meta.modification_time = start - std::chrono::hours(1);
    auto dataplane = std::make_shared<Resource>(Make("Dataplane", "demo", "dp", {{"x", 1}}, {{"a", "b"}}));
    dataplane->meta.version = 3;
    dataplane->status = {{"ready", true}};
    WatchProbe probe(*store);
    if (const Status imported = store->Import({{mesh, std::nullopt}, {dataplane, mesh->meta.key}}); !imported.ok()) FAIL(imported.error().ToString());
    CHECK(probe.Next(2).size() == 2);
    const ResourcePtr read = store->Get(mesh->meta.key).value();
    CHECK(read->meta.version == 7);
    CHECK(read->meta.creation_time == mesh->meta.creation_time);
    CHECK(read->meta.modification_time == mesh->meta.modification_time);
    CHECK(store->Get(dataplane->meta.key).value()->status == dataplane->status);
    CHECK(store->Import({{mesh, std::nullopt}}).error().code == ErrorCode::kConflict);
    CHECK(store->Update(*read).value()->meta.version == 8);
    REQUIRE(store->Delete(mesh->meta.key).ok());
    CHECK_FALSE(store->Get(dataplane->meta.key).ok());
  }

  SECTION("a watch that ended is not called") {
    auto calls = std::make_shared<int>(0);
    {
      const std::unique_ptr<Watch> watch = store->StartWatch([calls] { ++*calls; });
    }
    REQUIRE(store->Create(Make("Mesh", "", "demo")).ok());
    CHECK(*calls == 0);
  }

  SECTION("odd but legal content survives") {
    const Json spec = {{"text", "ü \" ' \\ \n \xF0\x9F\x90\xBB"}, {"list", {1, 2.5, nullptr, true}}, {"big", 9007199254740993LL}, {"empty", Json::object()}};
    REQUIRE(store->Create(Make("MeshTimeout", "demo", "a.b-c", spec, {{"k.io/x", ""}})).ok());
    const ResourcePtr read = store->Get({"MeshTimeout", "demo", "a.b-c"}).value();
    CHECK(read->spec == spec);
    CHECK(read->meta.labels == Labels{{"k.io/x", ""}});
  }
}

// For stores that outlive the process. `open` opens the same, at first empty, store each time; the one before is closed then.
inline void RunDurableConformance(const Factory& open) {
  HandClock clock;
  const SystemTime start = clock.Now();
  const ResourceKey mesh{"Mesh", "", "demo"};
  const ResourceKey dataplane{"Dataplane", "demo", "dp"};
  std::unique_ptr<Store> store = open(clock);
  REQUIRE(store->Create(Make("Mesh", "", "demo")).ok());
  REQUIRE(store->Create(Make("Mesh", "", "gone")).ok());
  REQUIRE(store->Create(Make("Dataplane", "demo", "dp", {{"n", 1}}, {{"team", "core"}}), mesh).ok());
  REQUIRE(store->Create(Make("DataplaneInsight", "demo", "dp"), dataplane).ok());
  clock.Advance(std::chrono::seconds(60));
  Resource next = *store->Get(dataplane).value();
  next.spec = {{"n", 2}};
  next.status = {{"ready", true}};
  const ResourcePtr written = store->Update(next).value();
  REQUIRE(store->Delete({"Mesh", "", "gone"}).ok());

  store.reset();
  store = open(clock);
  CHECK(store->List("Mesh").value().size() == 1);
  CHECK(store->Get({"DataplaneInsight", "demo", "dp"}).value()->status.is_null());
  const ResourcePtr read = store->Get(dataplane).value();
  CHECK(read->spec == Json{{"n", 2}});
  CHECK(read->status == Json{{"ready", true}});
  CHECK(read->meta.labels == Labels{{"team", "core"}});
  CHECK(read->meta.version == 2);
  CHECK(read->meta.creation_time == start);
  CHECK(read->meta.modification_time == start + std::chrono::seconds(60));
  {
    WatchProbe probe(*store);
    CHECK(probe.Initial().size() == 3);
    CHECK(probe.TakeNow().empty());
  }
  // Versions go on where they were.
  CHECK(store->Update(next).error().code == ErrorCode::kConflict);
  CHECK(store->Update(*read).value()->meta.version == 3);

  store.reset();
  store = open(clock);
  CHECK(store->Get(dataplane).value()->meta.version == 3);
  REQUIRE(store->Delete(mesh).ok());
  CHECK(store->List("Dataplane").value().empty());
  CHECK(store->List("DataplaneInsight").value().empty());

  store.reset();
  store = open(clock);
  for (const char* type : {"Mesh", "Dataplane", "DataplaneInsight"}) CHECK(store->List(type).value().empty());
}

}  // namespace kuma::store::conformance
