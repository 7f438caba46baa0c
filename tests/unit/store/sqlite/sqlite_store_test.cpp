#include "pkg/store/sqlite/sqlite_store.h"

#include <signal.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>

#include "tests/conformance/store/suite.h"
#include "tests/support/temporary_folder.h"

namespace kuma::store::sqlite {
namespace {

using conformance::Make;
using conformance::WatchProbe;
using test::TemporaryFolder;

std::unique_ptr<SqliteStore> OpenOn(const std::string& path, const Clock& clock = RealClock()) {
  Result<std::unique_ptr<SqliteStore>> store = SqliteStore::Open(path, clock);
  if (!store.ok()) FAIL(store.error().ToString());
  return std::move(store).value();
}

void RunSql(const std::string& path, const std::string& sql) {
  const auto database = Database::Open(path, Database::Mode::kReadWrite).value();
  if (const Status done = database->Execute(sql.c_str()); !done.ok()) FAIL(done.error().ToString());
}

std::string WhyNotOpened(const std::string& path) {
  const auto store = SqliteStore::Open(path, RealClock());
  return store.ok() ? "opened" : store.error().ToString();
}

// The files of this process cannot grow beyond a size: as a full disk, without one.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    old_handler_ = signal(SIGXFSZ, SIG_IGN);
    rlimit limit = before_;
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, old_handler_);
  }

 private:
  rlimit before_{};
  sighandler_t old_handler_ = nullptr;
};

}  // namespace

TEST_CASE("the SQLite store conforms") {
  const TemporaryFolder folder;
  conformance::RunStoreConformance([&](const Clock& clock) { return OpenOn(folder.Path("kuma.db"), clock); });
}

TEST_CASE("the SQLite store outlives the process") {
  const TemporaryFolder folder;
  conformance::RunDurableConformance([&](const Clock& clock) { return OpenOn(folder.Path("kuma.db"), clock); });
}

TEST_CASE("writers share commits") {
  const TemporaryFolder folder;
  const auto store = OpenOn(folder.Path("kuma.db"));
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 64; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 10; ++i) (void)store->Create(Make("Mesh", "", std::to_string(writer) + "-" + std::to_string(i)), std::nullopt);
    });
  }
  for (std::thread& writer : writers) writer.join();
  CHECK(store->stats().writes == 640);
  CHECK(store->stats().commits < 320);
}

TEST_CASE("revisions keep growing over restarts") {
  const TemporaryFolder folder;
  uint64_t last = 0;
  for (int life = 0; life < 3; ++life) {
    const auto store = OpenOn(folder.Path("kuma.db"));
    WatchProbe probe(*store);
    REQUIRE(store->Create(Make("Mesh", "", "m"), std::nullopt).ok());
    REQUIRE(store->Create(Make("Dataplane", "m", "dp"), ResourceKey{"Mesh", "", "m"}).ok());
    REQUIRE(store->Delete({"Mesh", "", "m"}).ok());
    for (const Event& event : probe.Next(4)) {
      CHECK(event.revision == last + 1);
      last = event.revision;
    }
  }
  CHECK(last == 12);
}

TEST_CASE("files that cannot be opened: what is wrong and what to do") {
  const TemporaryFolder folder;
  const std::string path = folder.Path("kuma.db");
  const Catch::Matchers::StdString::ContainsMatcher points_to_check = Catch::Contains("kuma cp store check");

  SECTION("in use") {
    const auto store = OpenOn(path);
    const std::string text = WhyNotOpened(path);
    CHECK_THAT(text, Catch::Contains(path + ": the database is in use by another process (pid " + std::to_string(getpid()) + ")") && Catch::Contains("store.sqlite.path"));
  }
  SECTION("no database") {
    std::ofstream(path) << std::string(4096, 'x');
    CHECK_THAT(WhyNotOpened(path), Catch::Contains("no database") && points_to_check);
    std::ofstream(path) << "short";
    CHECK_THAT(WhyNotOpened(path), Catch::Contains("no database") && points_to_check);
  }
  SECTION("of another program") {
    std::ofstream(path).close();
    RunSql(path, "CREATE TABLE recipes (name TEXT)");
    CHECK_THAT(WhyNotOpened(path), Catch::Contains("another program"));
  }
  SECTION("of a newer version") {
    OpenOn(path).reset();
    RunSql(path, "PRAGMA user_version = 99");
    CHECK_THAT(WhyNotOpened(path), Catch::Contains("newer kuma (schema 99, this one knows up to 1)"));
  }
  SECTION("a document that is none") {
    {
      const auto store = OpenOn(path);
      REQUIRE(store->Create(Make("Mesh", "", "broken"), std::nullopt).ok());
      REQUIRE(store->Create(Make("Mesh", "", "fine"), std::nullopt).ok());
    }
    RunSql(path, "UPDATE resources SET spec = '{\"half' WHERE name = 'broken'");
    CHECK_THAT(WhyNotOpened(path), Catch::Contains("Mesh broken: spec is no JSON") && points_to_check);
  }
  SECTION("damaged pages") {
    {
      const auto store = OpenOn(path);
      for (int i = 0; i < 200; ++i) REQUIRE(store->Import({{std::make_shared<const Resource>([i] {
                                              Resource resource = Make("Mesh", "", "m" + std::to_string(i), {{"text", std::string(500, 'a')}});
                                              resource.meta.version = 1;
                                              return resource;
                                            }()), std::nullopt}}).ok());
    }
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(8192);
    file << std::string(20000, '\xff');
    file.close();
    CHECK_THAT(WhyNotOpened(path), Catch::Contains("damaged") && points_to_check);
  }
  SECTION("a folder that is not there") { CHECK_THAT(WhyNotOpened(folder.Path("nowhere/kuma.db")), Catch::Contains("No such file or directory")); }
}

TEST_CASE("only the owner can read the file") {
  const TemporaryFolder folder;
  const auto store = OpenOn(folder.Path("kuma.db"));
  REQUIRE(store->Create(Make("Mesh", "", "m"), std::nullopt).ok());
  for (const char* name : {"kuma.db", "kuma.db-wal", "kuma.db-shm"}) {
    CHECK((std::filesystem::status(folder.Path(name)).permissions() & std::filesystem::perms(0077)) == std::filesystem::perms::none);
  }
}

TEST_CASE("a full disk: writes say so, nothing is lost, writes go on afterwards") {
  const TemporaryFolder folder;
  const std::string path = folder.Path("kuma.db");
  std::set<std::string> acknowledged;
  {
    const auto store = OpenOn(path);
    WatchProbe probe(*store);
    const auto write = [&](const std::string& name) { return store->Create(Make("Mesh", "", name, {{"text", std::string(20000, 'x')}}), std::nullopt); };
    REQUIRE(write("before").ok());
    acknowledged.insert("before");
    std::string reason;
    {
      const FileSizeLimit limit(300000);
      for (int i = 0; i < 100; ++i) {
        const Result<ResourcePtr> written = write("n" + std::to_string(i));
        if (written.ok()) {
          acknowledged.insert("n" + std::to_string(i));
        } else {
          CHECK(written.error().code == ErrorCode::kUnavailable);
          reason = written.error().ToString();
          CHECK_FALSE(store->Get({"Mesh", "", "n" + std::to_string(i)}).ok());
        }
      }
      CHECK_FALSE(store->WriteHealth().ok());
      CHECK(store->stats().writable == 0);
      CHECK(store->Health().ok());  // reads are as good as ever
      CHECK(store->List("Mesh", {}).value().size() == acknowledged.size());
    }
    CHECK_THAT(reason, Catch::Contains(path));
    CHECK(acknowledged.size() > 2);
    CHECK(acknowledged.size() < 100);
    REQUIRE(write("after").ok());
    acknowledged.insert("after");
    CHECK(store->WriteHealth().ok());
    CHECK(store->stats().writable == 1);
    CHECK(probe.Next(acknowledged.size()).size() == acknowledged.size());
  }
  const auto store = OpenOn(path);
  std::set<std::string> stored;
  const std::vector<ResourcePtr> items = store->List("Mesh", {}).value();
  for (const ResourcePtr& item : items) stored.insert(item->meta.name());
  CHECK(stored == acknowledged);
}

}  // namespace kuma::store::sqlite
