#include "pkg/store/postgres/postgres_store.h"

#include "pkg/base/strings.h"
#include "pkg/store/postgres/migrations.h"
#include "tests/conformance/store/suite.h"
#include "tests/support/postgres_server.h"

namespace kuma::store::postgres {
namespace {

using conformance::Make;
using conformance::WatchProbe;
using test::PostgresServer;

std::unique_ptr<PostgresStore> OpenOn(const Options& options, const Clock& clock = RealClock()) {
  Result<std::unique_ptr<PostgresStore>> store = PostgresStore::Open(options, clock, RealRandom());
  if (!store.ok()) FAIL(store.error().ToString());
  return std::move(store).value();
}

}  // namespace

TEST_CASE("the PostgreSQL store conforms") {
  const Options options = PostgresServer::Shared().NewMigratedDatabase();
  conformance::RunStoreConformance([&options](const Clock& clock) { return OpenOn(options, clock); });
}

TEST_CASE("the PostgreSQL store outlives the process") {
  const Options options = PostgresServer::Shared().NewMigratedDatabase();
  conformance::RunDurableConformance([&options](const Clock& clock) { return OpenOn(options, clock); });
}

TEST_CASE("the PostgreSQL store outlives crashes of the server") {
  Result<std::unique_ptr<PostgresServer>> started = PostgresServer::Start({}, {}, true);
  if (!started.ok()) FAIL(started.error().ToString());
  PostgresServer& server = **started;
  const Options options = server.NewMigratedDatabase();
  bool is_first = true;
  conformance::RunDurableConformance([&](const Clock& clock) {
    if (!std::exchange(is_first, false)) {
      server.Kill();
      if (const Status resumed = server.Resume(); !resumed.ok()) FAIL(resumed.error().ToString());
    }
    return OpenOn(options, clock);
  });
}

TEST_CASE("two stores on one database see each other's writes") {
  const Options options = PostgresServer::Shared().NewMigratedDatabase();
  const auto mine = OpenOn(options);
  const auto theirs = OpenOn(options);
  WatchProbe probe(*theirs);
  const ResourceKey mesh{"Mesh", "", "demo"};
  const ResourceKey dataplane{"Dataplane", "demo", "dp"};

  REQUIRE(mine->Create(Make("Mesh", "", "demo"), std::nullopt).ok());
  // Without waiting for a notification: what a create depends on is looked up.
  REQUIRE(theirs->Get(mesh).ok());
  REQUIRE(theirs->Create(Make("Dataplane", "demo", "dp", {{"x", 1}}), mesh).ok());
  REQUIRE(mine->Get(dataplane).ok());

  // Both have version 1; the second writer loses, and its next read is not stale.
  Resource my_next = *mine->Get(dataplane).value();
  Resource their_next = *theirs->Get(dataplane).value();
  my_next.spec = {{"x", "mine"}};
  their_next.spec = {{"x", "theirs"}};
  REQUIRE(mine->Update(my_next).ok());
  const auto lost = theirs->Update(their_next);
  REQUIRE_FALSE(lost.ok());
  CHECK(lost.error().code == ErrorCode::kConflict);
  CHECK(theirs->Get(dataplane).value()->spec == Json{{"x", "mine"}});
  CHECK(theirs->Create(Make("Dataplane", "demo", "dp"), mesh).error().code == ErrorCode::kConflict);

  REQUIRE(mine->Delete(mesh).ok());
  const std::vector<Event> events = probe.Next(5);
  REQUIRE(events.size() == 5);
  std::string order;
  for (const Event& event : events) order += event.meta().type() + (event.old_value ? event.new_value ? " changed, " : " gone, " : " new, ");
  INFO(order);
  CHECK(events[0].meta().key == mesh);
  CHECK(events[1].meta().key == dataplane);
  CHECK(events[2].new_value->spec == Json{{"x", "mine"}});
  CHECK(events[3].new_value == nullptr);
  CHECK(events[3].meta().key == dataplane);
  CHECK(events[4].meta().key == mesh);
  CHECK(theirs->Get(dataplane).error().code == ErrorCode::kNotFound);
}

TEST_CASE("rows as other versions of Kuma write them") {
  PostgresServer& server = PostgresServer::Shared();
  const Options options = server.NewMigratedDatabase();
  const auto sql = [&](const std::string& text) { server.Sql(options.database, text); };
  sql("INSERT INTO resources (name, mesh, type, version, spec, creation_time, modification_time, labels) VALUES "
      "('default', '', 'Mesh', 0, '{}', '2024-05-06 07:08:09.123456', '2024-05-06 07:08:10', 'null'), "
      "('no-spec', '', 'Mesh', 3, NULL, now(), now(), NULL), "
      "('broken', '', 'Mesh', 0, '{\"x\":', now(), now(), '{}')");
  sql("INSERT INTO resources (name, mesh, type, version, spec, owner_name, owner_mesh, owner_type, labels, status) VALUES "
      "('a', 'default', 'MeshService', 7, '{\"b\": 1.50}', 'default', '', 'Mesh', '{\"k\": \"v\"}', '{\"vips\": [{\"ip\": \"1.2.3.4\"}]}')");
  const auto store = OpenOn(options);
  CHECK(conformance::Names(store->List("Mesh", {}).value()) == std::vector<std::string>{"/default", "/no-spec"});
  const ResourcePtr mesh = store->Get({"Mesh", "", "default"}).value();
  CHECK(FormatRfc3339(mesh->meta.creation_time) == "2024-05-06T07:08:09.123456Z");
  CHECK(mesh->meta.labels.empty());
  CHECK(mesh->meta.version == 1);
  CHECK(mesh->status.is_null());
  CHECK(store->Get({"Mesh", "", "no-spec"}).value()->spec == Json::object());
  const ResourcePtr service = store->Get({"MeshService", "default", "a"}).value();
  CHECK(service->meta.version == 8);
  CHECK(service->spec == Json{{"b", 1.5}});
  CHECK(service->Label("k") == "v");
  CHECK(GetPath(service->status, {"vips"}) == Json::parse(R"([{"ip": "1.2.3.4"}])"));

  REQUIRE(store->Update(*service).ok());
  CHECK(server.Sql(options.database, "SELECT version, spec, labels, status, owner_name FROM resources WHERE name = 'a'") ==
        R"(8|{"b":1.5}|{"k": "v"}|{"vips": [{"ip": "1.2.3.4"}]}|default)");
  // The owner of a row that somebody else wrote is known here too.
  WatchProbe probe(*store);
  sql("DELETE FROM resources WHERE name = 'default'");
  const std::vector<Event> events = probe.Next(2);
  REQUIRE(events.size() == 2);
  CHECK(events[0].meta().name() == "a");
  CHECK(events[1].meta().name() == "default");
}

TEST_CASE("a mesh takes along what other versions of Kuma left without an owner") {
  PostgresServer& server = PostgresServer::Shared();
  const Options options = server.NewMigratedDatabase();
  server.Sql(options.database, "INSERT INTO resources (name, mesh, type, version, spec) VALUES ('m', '', 'Mesh', 0, '{}'), ('m2', '', 'Mesh', 0, '{}'),"
                               " ('s', 'm', 'Secret', 0, '{}'), ('s', 'm2', 'Secret', 0, '{}')");
  const auto store = OpenOn(options);
  WatchProbe probe(*store);
  REQUIRE(store->Delete({"Mesh", "", "m"}).ok());
  CHECK(conformance::Names(store->List("Secret", {}).value()) == std::vector<std::string>{"m2/s"});
  const std::vector<Event> events = probe.Next(2);
  REQUIRE(events.size() == 2);
  CHECK(events[0].meta().type() == "Secret");
  CHECK(events[1].meta().type() == "Mesh");
  CHECK(server.Sql(options.database, "SELECT mesh, name FROM resources ORDER BY 1") == "|m2\nm2|s");
}

TEST_CASE("import keeps versions and times, all or nothing") {
  const Options options = PostgresServer::Shared().NewMigratedDatabase();
  const auto store = OpenOn(options);
  const auto item = [](const char* mesh, const char* name, uint64_t version, std::optional<ResourceKey> owner) {
    Resource resource = Make(*mesh == '\0' ? "Mesh" : "Secret", mesh, name, {{"x", "a'b\"c"}}, {{"k", "v"}});
    resource.meta.version = version;
    resource.meta.creation_time = SystemTime(std::chrono::microseconds(1700000000123456));
    resource.meta.modification_time = SystemTime(std::chrono::microseconds(1700000001000000));
    return ImportedResource{std::make_shared<const Resource>(std::move(resource)), std::move(owner)};
  };
  const ResourceKey mesh{"Mesh", "", "m"};
  REQUIRE(store->Import({item("", "m", 3, std::nullopt), item("m", "s", 9, mesh)}).ok());
  const auto other = OpenOn(options);
  const ResourcePtr read = other->Get({"Secret", "m", "s"}).value();
  CHECK(read->meta.version == 9);
  CHECK(FormatRfc3339(read->meta.creation_time) == "2023-11-14T22:13:20.123456Z");
  CHECK(FormatRfc3339(read->meta.modification_time) == "2023-11-14T22:13:21Z");
  CHECK(read->spec == Json{{"x", "a'b\"c"}});
  CHECK(store->Get({"Secret", "m", "s"}).value()->meta.version == 9);
  const Status twice = store->Import({item("", "n", 1, std::nullopt), item("", "m", 3, std::nullopt)});
  REQUIRE_FALSE(twice.ok());
  CHECK(twice.error().code == ErrorCode::kConflict);
  CHECK_FALSE(store->Get({"Mesh", "", "n"}).ok());
  REQUIRE(store->Delete(mesh).ok());
  CHECK_FALSE(store->Get({"Secret", "m", "s"}).ok());
}

TEST_CASE("values are parameters, whatever they contain") {
  const Options options = PostgresServer::Shared().NewMigratedDatabase();
  const auto store = OpenOn(options);
  const std::string name = "a'; DROP TABLE resources; --";
  REQUIRE(store->Create(Make("Mesh", "", name, {{"x", "$1 \\' {\"}"}}, {{"'k", "\"v"}}), std::nullopt).ok());
  const auto other = OpenOn(options);
  const ResourcePtr read = other->Get({"Mesh", "", name}).value();
  CHECK(read->spec == Json{{"x", "$1 \\' {\"}"}});
  CHECK(read->Label("'k") == "\"v");
  struct Row {
    const char* what;
    Resource resource;
  };
  const Row rows[] = {{"too long for the column", Make("Mesh", "", std::string(300, 'a'))},
                      {"NUL in a name", Make("Mesh", "", std::string("a\0b", 3))},
                      {"NUL in a label, which jsonb cannot keep", Make("Mesh", "", "n", Json::object(), {{"k", std::string("a\0b", 3)}})}};
  for (const Row& row : rows) {
    INFO(row.what);
    const auto refused = store->Create(row.resource, std::nullopt);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().code == ErrorCode::kInvalid);
  }
  CHECK(store->Health().ok());
}

TEST_CASE("what happened while the connection was lost is caught up") {
  PostgresServer& server = PostgresServer::Shared();
  const Options options = server.NewMigratedDatabase();
  const auto store = OpenOn(options);
  for (const char* name : {"stays", "changes", "goes", "is-made-anew"}) REQUIRE(store->Create(Make("Mesh", "", name), std::nullopt).ok());
  WatchProbe probe(*store);
  // In one transaction with the end of all sessions, and without notifications: nothing but the comparison can find it.
  server.Sql(options.database,
             "ALTER TABLE resources DISABLE TRIGGER products_notify_event;"
             "UPDATE resources SET spec = '{\"x\": 2}', version = version + 1 WHERE name = 'changes';"
             "DELETE FROM resources WHERE name IN ('goes', 'is-made-anew');"
             "INSERT INTO resources (name, mesh, type, version, spec) VALUES ('is-made-anew', '', 'Mesh', 0, '{\"x\": 3}'), ('new', '', 'Mesh', 0, '{}');"
             "ALTER TABLE resources ENABLE TRIGGER products_notify_event;");
  server.Sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + options.database + "'");
  std::multiset<std::string> seen;
  for (const Event& event : probe.Next(5)) seen.insert(event.meta().name() + (event.old_value ? event.new_value ? " changed" : " gone" : " new"));
  CHECK(seen == std::multiset<std::string>{"changes changed", "goes gone", "is-made-anew gone", "is-made-anew new", "new new"});
  CHECK(store->Get({"Mesh", "", "is-made-anew"}).value()->spec == Json{{"x", 3}});
  CHECK(probe.TakeNow().empty());
  REQUIRE(store->Create(Make("Mesh", "", "after"), std::nullopt).ok());
}

TEST_CASE("an outage: reads go on, writes say so, recovery needs nothing") {
  Result<std::unique_ptr<PostgresServer>> started = PostgresServer::Start({}, {}, true);
  if (!started.ok()) FAIL(started.error().ToString());
  PostgresServer& server = **started;
  const Options options = server.NewMigratedDatabase();
  const auto store = OpenOn(options);
  std::mutex mutex;
  std::set<std::string> acknowledged;
  std::atomic<bool> stop{false};
  std::atomic<int> refused{0};
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 8; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; !stop; ++i) {
        const std::string name = "w" + std::to_string(writer) + "-" + std::to_string(i);
        const auto created = store->Create(Make("Mesh", "", name), std::nullopt);
        if (created.ok()) {
          const std::lock_guard lock(mutex);
          acknowledged.insert(name);
        } else {
          if (created.error().code != ErrorCode::kUnavailable && created.error().code != ErrorCode::kConflict) ++refused;
          std::this_thread::yield();
        }
      }
    });
  }
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return acknowledged.size();
  };
  const auto wait_for = [](const auto& condition) {
    for (int i = 0; i < 1500 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return condition();
  };
  for (int round = 0; round < 3; ++round) {
    const size_t before = count();
    REQUIRE(wait_for([&] { return count() > before + 100; }));
    server.Kill();
    REQUIRE(wait_for([&] { return !store->Health().ok(); }));
    const auto write = store->Create(Make("Mesh", "", "during"), std::nullopt);
    REQUIRE_FALSE(write.ok());
    CHECK(write.error().code == ErrorCode::kUnavailable);
    CHECK(store->List("Mesh", {}).value().size() >= before);
    CHECK(store->Get({"Mesh", "", "nowhere"}).error().code == ErrorCode::kUnavailable);
    if (const Status resumed = server.Resume(); !resumed.ok()) FAIL(resumed.error().ToString());
    REQUIRE(wait_for([&] { return store->Health().ok(); }));
  }
  const size_t before = count();
  CHECK(wait_for([&] { return count() > before; }));
  stop = true;
  for (std::thread& writer : writers) writer.join();
  CHECK(refused == 0);
  std::set<std::string> in_table;
  for (std::string& name : Split(server.Sql(options.database, "SELECT name FROM resources"), '\n')) in_table.insert(std::move(name));
  for (const std::string& name : acknowledged) {
    if (!in_table.contains(name)) FAIL("lost: " << name);
  }
  // The mirror has exactly what the table has, also writes whose answer was lost.
  REQUIRE(wait_for([&] { return store->List("Mesh", {}).value().size() == in_table.size(); }));
  const std::vector<ResourcePtr> items = store->List("Mesh", {}).value();
  for (const ResourcePtr& item : items) CHECK(in_table.contains(item->meta.name()));
}

TEST_CASE("a server that is not there: a clear error") {
  Options options;
  options.port = 1;
  options.connect_timeout = std::chrono::seconds(1);
  const auto store = PostgresStore::Open(options, RealClock(), RealRandom());
  REQUIRE_FALSE(store.ok());
  CHECK(store.error().code == ErrorCode::kUnavailable);
  CHECK_THAT(store.error().message, Catch::Contains("cannot connect to PostgreSQL at 127.0.0.1:1") && Catch::Contains("refused"));
}

TEST_CASE("a statement that takes too long ends") {
  PostgresServer& server = PostgresServer::Shared();
  Options options = server.NewMigratedDatabase();
  options.statement_timeout = std::chrono::milliseconds(300);
  const auto store = OpenOn(options);
  const ResourcePtr made = store->Create(Make("Mesh", "", "a"), std::nullopt).value();
  // Another session holds the row.
  options.statement_timeout = std::chrono::milliseconds(0);
  const auto holder = Connection::Open(options).value();
  REQUIRE(holder->Execute("BEGIN; UPDATE resources SET spec = spec", std::chrono::seconds(5)).ok());
  const auto blocked = store->Update(*made);
  REQUIRE_FALSE(blocked.ok());
  CHECK(blocked.error().code == ErrorCode::kUnavailable);
  CHECK_THAT(blocked.error().message, Catch::Contains("statement timeout"));
  REQUIRE(holder->Execute("ROLLBACK", std::chrono::seconds(5)).ok());
  CHECK(store->Update(*made).ok());
}

TEST_CASE("writes that share a statement have outcomes of their own") {
  const Options options = PostgresServer::Shared().NewMigratedDatabase();
  const auto store = OpenOn(options);
  const ResourceKey mesh{"Mesh", "", "m"};
  REQUIRE(store->Create(Make("Mesh", "", "m"), std::nullopt).ok());
  const ResourcePtr shared = store->Create(Make("Mesh", "", "shared"), std::nullopt).value();
  constexpr int kThreads = 32;
  std::vector<std::future<std::string>> outcomes;
  for (int i = 0; i < kThreads; ++i) {
    outcomes.push_back(std::async(std::launch::async, [&, i]() -> std::string {
      std::string outcome;
      const auto note = [&outcome](const char* what, const auto& result) { outcome += std::string(what) + (result.ok() ? " ok " : " " + std::string(ErrorCodeName(result.error().code)) + " "); };
      note("own", store->Create(Make("Secret", "m", "s" + std::to_string(i), {{"i", i}}), mesh));
      note("orphan", store->Create(Make("Secret", "m", "o" + std::to_string(i)), ResourceKey{"Mesh", "", "nowhere"}));
      note("long", store->Create(Make("Secret", "m", std::string(300, 'x')), mesh));
      Resource mine = *store->Get({"Secret", "m", "s" + std::to_string(i)}).value();
      mine.spec = {{"i", i * 10}};
      note("update", store->Update(mine));
      const auto raced = store->Create(Make("Secret", "m", "same"), mesh);
      const auto updated = store->Update(*shared);
      outcome += std::string("| ") + (raced.ok() ? "made " : "") + (updated.ok() ? "updated" : "");
      return outcome;
    }));
  }
  int made = 0, updated = 0;
  const std::string expected = "own ok orphan " + std::string(ErrorCodeName(ErrorCode::kNotFound)) + " long " + std::string(ErrorCodeName(ErrorCode::kInvalid)) + " update ok | ";
  for (auto& outcome : outcomes) {
    const std::string text = outcome.get();
    CHECK(text.substr(0, expected.size()) == expected);
    made += Contains(text, "made") ? 1 : 0;
    updated += Contains(text, "updated") ? 1 : 0;
  }
  CHECK(made == 1);
  CHECK(updated == 1);
  const auto other = OpenOn(options);
  for (int i = 0; i < kThreads; ++i) {
    const ResourcePtr read = other->Get({"Secret", "m", "s" + std::to_string(i)}).value();
    CHECK(read->spec == Json{{"i", i * 10}});
    CHECK(read->meta.version == 2);
    CHECK(store->Get(read->meta.key).value()->meta.creation_time == read->meta.creation_time);
  }
  CHECK(other->Get(shared->meta.key).value()->meta.version == 2);
}

TEST_CASE("the pool keeps to its limits") {
  Options options = PostgresServer::Shared().NewMigratedDatabase();
  options.min_open = 2;
  options.max_open = 3;
  options.max_idle = 3;
  const auto store = OpenOn(options);
  std::vector<std::thread> writers;
  std::atomic<int> failures{0};
  for (int i = 0; i < 16; ++i) {
    writers.emplace_back([&, i] {
      for (int n = 0; n < 10; ++n) failures += store->Create(Make("Mesh", "", std::to_string(i) + "-" + std::to_string(n)), std::nullopt).ok() ? 0 : 1;
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(failures == 0);
  const PoolStats stats = store->primary_stats();
  CHECK(stats.open <= 3);
  CHECK(stats.max == 3);
}

TEST_CASE("the read replica answers only what it is able to know") {
  PostgresServer& server = PostgresServer::Shared();
  Options options = server.NewMigratedDatabase();
  // A copy that lags for ever: a database that has only the schema and one old row.
  const Options copy = server.NewMigratedDatabase();
  server.Sql(options.database, "INSERT INTO resources (name, mesh, type, version, spec, creation_time) VALUES ('a', '', 'Mesh', 4, '{\"x\": 4}', '2024-01-01'), ('b', '', 'Mesh', 0, '{\"x\": 0}', '2024-01-01')");
  server.Sql(copy.database, "INSERT INTO resources (name, mesh, type, version, spec, creation_time) VALUES ('a', '', 'Mesh', 1, '{\"x\": 1}', '2024-01-01'), ('b', '', 'Mesh', 0, '{\"x\": 0}', '2024-01-01')");
  options.replica_host = "127.0.0.1";
  options.replica_port = server.port();
  Mirror mirror;
  Pool primary(options, RealRandom());
  Pool replica(copy, RealRandom());
  Reader reader(mirror, primary, &replica, RealRandom());
  REQUIRE(reader.SyncAll().ok());
  CHECK(mirror.Find({"Mesh", "", "a"})->spec == Json{{"x", 4}});
  CHECK(mirror.Find({"Mesh", "", "b"})->spec == Json{{"x", 0}});
  CHECK(replica.stats().acquired == 1);
  // A new row is unknown to the copy.
  server.Sql(options.database, "INSERT INTO resources (name, mesh, type, version, spec) VALUES ('c', '', 'Mesh', 0, '{}')");
  REQUIRE(reader.Fetch({{{"Mesh", "", "c"}, std::nullopt}}).ok());
  CHECK(mirror.Find({"Mesh", "", "c"}) != nullptr);
  CHECK(replica.stats().acquired == 1);
  // Without the copy the primary answers.
  Options nowhere = copy;
  nowhere.port = 1;
  Pool gone(nowhere, RealRandom());
  Mirror fresh;
  Reader alone(fresh, primary, &gone, RealRandom());
  REQUIRE(alone.SyncAll().ok());
  CHECK(fresh.List("Mesh", {}).size() == 3);
}

}  // namespace kuma::store::postgres
