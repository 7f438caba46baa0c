#include "pkg/store/sqlite/maintenance.h"

#include <filesystem>
#include <fstream>

#include "pkg/base/files.h"
#include "pkg/store/sqlite/sqlite_store.h"
#include "tests/conformance/store/suite.h"
#include "tests/support/temporary_folder.h"

namespace kuma::store::sqlite {
namespace {

using conformance::Make;
using test::TemporaryFolder;

std::unique_ptr<SqliteStore> OpenOn(const std::string& path) { return SqliteStore::Open(path, RealClock()).value(); }

std::set<std::string> MeshesIn(const std::string& path) {
  std::set<std::string> names;
  for (const ImportedResource& item : Inspect(path).value().contents.resources) names.insert(item.resource->meta.name());
  return names;
}

}  // namespace

TEST_CASE("a backup while others write is one moment's state") {
  const TemporaryFolder folder;
  const std::string path = folder.Path("kuma.db");
  const std::string target = folder.Path("saved.db");
  const auto store = OpenOn(path);
  REQUIRE(store->Create(Make("Mesh", "", "m"), std::nullopt).ok());
  std::atomic<bool> stop{false};
  std::atomic<int> written{0};
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      // Two writes that a reader in between would see as one.
      (void)store->Create(Make("Dataplane", "m", "dp" + std::to_string(i)), ResourceKey{"Mesh", "", "m"});
      (void)store->Create(Make("DataplaneInsight", "m", "dp" + std::to_string(i)), ResourceKey{"Dataplane", "m", "dp" + std::to_string(i)});
      ++written;
    }
  });
  while (written < 20) std::this_thread::yield();
  const auto facts = BackUp(path, target, false);
  stop = true;
  writer.join();
  if (!facts.ok()) FAIL(facts.error().ToString());
  CHECK(facts->resources >= 41);
  CHECK((std::filesystem::status(target).permissions() & std::filesystem::perms(0077)) == std::filesystem::perms::none);
  CHECK_FALSE(FileExists(target + "-wal"));
  const Inspection inspection = Inspect(target).value();
  CHECK(inspection.damage.empty());
  CHECK(inspection.contents.resources.size() == facts->resources);
  std::set<ResourceKey> keys;
  for (const ImportedResource& item : inspection.contents.resources) keys.insert(item.resource->meta.key);
  for (const ImportedResource& item : inspection.contents.resources) CHECK((!item.owner || keys.contains(*item.owner)));

  CHECK(BackUp(path, target, false).error().code == ErrorCode::kConflict);
  CHECK(BackUp(path, target, true).ok());
  CHECK(BackUp(path, path, true).error().code == ErrorCode::kInvalid);
  CHECK(BackUp(folder.Path("nothing.db"), folder.Path("x.db"), false).error().code == ErrorCode::kNotFound);
  CHECK_FALSE(FileExists(folder.Path("x.db")));
}

TEST_CASE("restore replaces only what it may, and keeps what it replaces") {
  const TemporaryFolder folder;
  const std::string path = folder.Path("kuma.db");
  const std::string saved = folder.Path("saved.db");
  REQUIRE(OpenOn(path)->Create(Make("Mesh", "", "old"), std::nullopt).ok());
  REQUIRE(BackUp(path, saved, false).ok());
  {
    const auto store = OpenOn(path);
    REQUIRE(store->Create(Make("Mesh", "", "new"), std::nullopt).ok());
    const auto running = Restore(saved, path, true);
    REQUIRE_FALSE(running.ok());
    CHECK_THAT(running.error().ToString(), Catch::Contains("in use by another process"));
  }
  CHECK(Restore(saved, path, false).error().code == ErrorCode::kConflict);
  CHECK(Restore(folder.Path("nothing.db"), path, true).error().code == ErrorCode::kNotFound);
  std::ofstream(folder.Path("text.db")) << std::string(5000, 'x');
  CHECK_THAT(Restore(folder.Path("text.db"), path, true).error().ToString(), Catch::Contains("no database"));
  CHECK(MeshesIn(path) == std::set<std::string>{"new", "old"});

  const auto restored = Restore(saved, path, true);
  if (!restored.ok()) FAIL(restored.error().ToString());
  CHECK(restored->facts.resources == 1);
  CHECK(MeshesIn(path) == std::set<std::string>{"old"});
  CHECK(MeshesIn(restored->kept) == std::set<std::string>{"new", "old"});
  // A new place needs no force, and the file is a database like any other.
  REQUIRE(Restore(saved, folder.Path("fresh.db"), false).ok());
  REQUIRE(OpenOn(folder.Path("fresh.db"))->Create(Make("Mesh", "", "next"), std::nullopt).ok());
  CHECK(MeshesIn(folder.Path("fresh.db")) == std::set<std::string>{"next", "old"});
}

TEST_CASE("inspection tells damage and goes on with the rest") {
  const TemporaryFolder folder;
  const std::string path = folder.Path("kuma.db");
  {
    const auto store = OpenOn(path);
    for (const char* name : {"a", "b", "c"}) REQUIRE(store->Create(Make("Mesh", "", name), std::nullopt).ok());
  }
  REQUIRE(Database::Open(path, Database::Mode::kReadWrite).value()->Execute("UPDATE resources SET labels = '[1]' WHERE name = 'b'").ok());
  const Inspection inspection = Inspect(path).value();
  CHECK(inspection.schema == 1);
  CHECK(inspection.damage.empty());
  CHECK(inspection.contents.resources.size() == 2);
  REQUIRE(inspection.contents.bad.size() == 1);
  CHECK(inspection.contents.bad[0].key == ResourceKey{"Mesh", "", "b"});
  CHECK(inspection.contents.bad[0].reason == "labels is no object");
  CHECK(Inspect(folder.Path("nothing.db")).error().code == ErrorCode::kNotFound);
}

}  // namespace kuma::store::sqlite
