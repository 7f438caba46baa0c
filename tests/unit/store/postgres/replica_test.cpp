// A real streaming replica: answers may be older than what the primary has said, at any time.
#include "pkg/store/postgres/postgres_store.h"
#include "tests/conformance/store/suite.h"
#include "tests/support/postgres_server.h"

namespace kuma::store::postgres {
namespace {

using conformance::Make;
using conformance::WatchProbe;
using test::PostgresServer;

const ResourceKey kKey{"Mesh", "", "m"};

bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 3000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return condition();
}

std::unique_ptr<PostgresServer> Require(Result<std::unique_ptr<PostgresServer>> started) {
  if (!started.ok()) FAIL(started.error().ToString());
  return std::move(started).value();
}

// One process writes, another one reads through the copy.
struct Scene {
  Scene() : primary(Require(PostgresServer::Start({}, PostgresServer::ReplicationRules()))), replica(Require(primary->StartReplica())) {
    options = primary->NewMigratedDatabase();
    REQUIRE(Eventually([&] { return CaughtUp(); }));
    writer = PostgresStore::Open(options, RealClock(), RealRandom()).value();
    options.replica_host = "127.0.0.1";
    options.replica_port = replica->port();
    options.replica_ratio = 100;
    reader = PostgresStore::Open(options, RealClock(), RealRandom()).value();
  }
  bool CaughtUp() const {
    const std::string written = primary->Sql("postgres", "SELECT pg_current_wal_lsn()");
    return replica->Sql("postgres", "SELECT pg_last_wal_replay_lsn() >= '" + written + "'") == "t";
  }
  void Pause() const {
    replica->Sql("postgres", "SELECT pg_wal_replay_pause()");
    REQUIRE(Eventually([&] { return replica->Sql("postgres", "SELECT pg_get_wal_replay_pause_state()") == "paused"; }));
  }
  void Resume() const { replica->Sql("postgres", "SELECT pg_wal_replay_resume()"); }
  void Write(int n) const {
    const Result<ResourcePtr> known = writer->Get(kKey);
    Resource next = known.ok() ? **known : Make("Mesh", "", "m");
    next.spec = {{"n", n}};
    REQUIRE((known.ok() ? writer->Update(next) : writer->Create(next, std::nullopt)).ok());
  }
  bool Sees(int n) const {
    const Result<ResourcePtr> seen = reader->Get(kKey);
    return seen.ok() && GetInt((*seen)->spec, "n") == n;
  }
  uint64_t AskedReplica() const { return reader->replica_stats()->acquired; }

  std::unique_ptr<PostgresServer> primary, replica;
  Options options;
  std::unique_ptr<PostgresStore> writer, reader;
};

}  // namespace

TEST_CASE("a streaming replica: nothing old comes from it, and nobody depends on it") {
  const Scene scene;
  for (const int n : {0, 1}) scene.Write(n);
  REQUIRE(Eventually([&] { return scene.Sees(1) && scene.CaughtUp(); }));

  // Behind: it is asked, and what it says is not taken.
  scene.Pause();
  const uint64_t asked = scene.AskedReplica();
  WatchProbe probe(*scene.reader);
  scene.Write(2);
  REQUIRE(probe.Next(1).size() == 1);
  CHECK(scene.Sees(2));
  CHECK(scene.AskedReplica() > asked);
  // Another life of the key, with a lower version than the copy has of the old one.
  REQUIRE(scene.writer->Delete(kKey).ok());
  REQUIRE(Eventually([&] { return scene.reader->List("Mesh", {}).value().empty(); }));
  scene.Write(3);
  REQUIRE(Eventually([&] { return scene.Sees(3); }));
  scene.Write(4);
  REQUIRE(Eventually([&] { return scene.Sees(4); }));
  // A process that starts now gets the newest state, too.
  CHECK(GetInt(PostgresStore::Open(scene.options, RealClock(), RealRandom()).value()->Get(kKey).value()->spec, "n") == 4);

  // Up to date again: it answers, so the primary is asked for less.
  scene.Resume();
  REQUIRE(Eventually([&] { return scene.CaughtUp(); }));
  const auto fresh = PostgresStore::Open(scene.options, RealClock(), RealRandom()).value();
  CHECK(GetInt(fresh->Get(kKey).value()->spec, "n") == 4);
  CHECK(fresh->replica_stats()->acquired == 1);
  CHECK(fresh->primary_stats().acquired == 1);  // the list of versions

  // Gone: the primary is used. Back: it is used again.
  scene.replica->Kill();
  scene.Write(5);
  REQUIRE(Eventually([&] { return scene.Sees(5); }));
  CHECK(scene.reader->Health().ok());
  CHECK(GetInt(PostgresStore::Open(scene.options, RealClock(), RealRandom()).value()->Get(kKey).value()->spec, "n") == 5);
  REQUIRE(scene.replica->Resume().ok());
  REQUIRE(Eventually([&] { return scene.CaughtUp(); }));
  const auto again = PostgresStore::Open(scene.options, RealClock(), RealRandom()).value();
  CHECK(GetInt(again->Get(kKey).value()->spec, "n") == 5);
  CHECK(again->replica_stats()->acquired == 1);
}

TEST_CASE("a streaming replica that stops and goes under load: versions only grow, the end is the primary's") {
  const Scene scene;
  constexpr int kWriters = 4;
  constexpr int kWrites = 60;
  WatchProbe probe(*scene.reader);
  std::atomic<int> working{kWriters};
  std::atomic<int> failures{0};
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      const ResourceKey key{"Mesh", "", "w" + std::to_string(writer)};
      for (int i = 0; i < kWrites; ++i) {
        const Result<ResourcePtr> known = scene.writer->Get(key);
        Resource next = known.ok() ? **known : Make("Mesh", "", key.name);
        next.spec = {{"i", i}};
        bool done = false;
        if (known.ok() && i % 20 == 19) {
          done = scene.writer->Delete(key).ok();
        } else {
          done = (known.ok() ? scene.writer->Update(next) : scene.writer->Create(next, std::nullopt)).ok();
        }
        failures += done ? 0 : 1;
      }
      --working;
    });
  }
  while (working > 0) {
    scene.replica->Sql("postgres", "SELECT pg_wal_replay_pause()");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    scene.Resume();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(failures == 0);
  // The last write of each deletes its resource; a last one of all tells that everything was seen.
  scene.Write(7);
  REQUIRE(Eventually([&] { return scene.Sees(7) && scene.reader->List("Mesh", {}).value().size() == 1; }));
  CHECK(scene.AskedReplica() > 0);
  std::map<std::string, ResourcePtr> known;
  int broken = 0;
  for (const Event& event : probe.TakeNow()) {
    ResourcePtr& before = known[event.meta().name()];
    if (before != event.old_value) ++broken;  // each goes on from where the last one ended
    if (before && event.new_value && event.new_value->meta.version <= before->meta.version) ++broken;
    before = event.new_value;
  }
  CHECK(broken == 0);
}

}  // namespace kuma::store::postgres
