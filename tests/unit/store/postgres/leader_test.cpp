#include "pkg/store/postgres/leader.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <map>
#include <memory>

#include "tests/support/postgres_server.h"

namespace kuma::store::postgres {
namespace {

// Who leads, as the callbacks say.
class Scene {
 public:
  std::unique_ptr<Leader> Enter(const Options& options, const std::string& owner) {
    auto leader = std::make_unique<Leader>(options, LeaderOptions{owner, "kuma-cp-lock", std::chrono::milliseconds(1000), std::chrono::milliseconds(200)});
    leader->Start([this, owner](bool leading) {
      const std::lock_guard lock(mutex_);
      if (leading) {
        leaders_.insert(owner);
      } else {
        leaders_.erase(owner);
      }
      most_ = std::max(most_, leaders_.size());
      changed_.notify_all();
    });
    return leader;
  }
  bool Await(const std::set<std::string>& expected) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return leaders_ == expected; });
  }
  size_t most() {
    const std::lock_guard lock(mutex_);
    return most_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> leaders_;
  size_t most_ = 0;
};

}  // namespace

TEST_CASE("one of several leads, and the next one follows") {
  test::PostgresServer& server = test::PostgresServer::Shared();
  const Options options = server.NewMigratedDatabase();
  const auto row = [&] { return server.Sql(options.database, "SELECT name, owner FROM locks"); };
  Scene scene;
  auto a = scene.Enter(options, "a");
  REQUIRE(scene.Await({"a"}));
  CHECK(row() == "kuma-cp-lock|a");
  auto b = scene.Enter(options, "b");

  SECTION("given up") {
    a->Stop();
    REQUIRE(scene.Await({"b"}));
    CHECK(row() == "kuma-cp-lock|b");
  }
  SECTION("the holder dies without a word") {
    b->Stop();
    a->Stop();
    // What a killed holder leaves: a row whose number stands still.
    server.Sql(options.database, "INSERT INTO locks VALUES ('kuma-cp-lock', nextval('locks_rvn'), '', 'dead')");
    b = scene.Enter(options, "b");
    REQUIRE(scene.Await({"b"}));
  }
  SECTION("another version of Kuma takes the row") {
    b->Stop();
    server.Sql(options.database, "UPDATE locks SET record_version_number = nextval('locks_rvn'), owner = 'other'");
    REQUIRE(scene.Await({}));
    CHECK(row() == "kuma-cp-lock|other");
  }
  SECTION("the connection breaks: the same one goes on at once") {
    b->Stop();
    server.Sql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + options.database + "'");
    REQUIRE(scene.Await({}));
    REQUIRE(scene.Await({"a"}));
  }
  a->Stop();
  b->Stop();
  REQUIRE(scene.Await({}));
  CHECK(scene.most() == 1);
}

}  // namespace kuma::store::postgres
