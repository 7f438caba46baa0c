// Processes that write are killed at random instants; what they were told is stored must be there, whole.
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "pkg/store/sqlite/sqlite_store.h"
#include "tests/conformance/store/suite.h"
#include "tests/support/temporary_folder.h"

namespace kuma::store::sqlite {
namespace {

using conformance::Make;

constexpr int kKills = 200;
constexpr int kWriters = 4;

// What a writer has seen done; one pipe write, so never torn.
struct Ack {
  enum Kind : int { kUpdated, kMeshCreated, kMeshDeleted };
  int writer;
  Kind kind;
  int64_t n;
};

// From one byte to a few pages of the file.
std::string TextOf(int64_t n) { return std::string(static_cast<size_t>(1 + (n * 7919) % 20000), static_cast<char>('a' + n % 26)); }
std::string CounterName(int writer) { return "counter-" + std::to_string(writer); }
std::string MeshName(int writer) { return "mesh-" + std::to_string(writer); }

[[noreturn]] void WriteUntilKilled(const std::string& path, int out) {
  Result<std::unique_ptr<SqliteStore>> opened = SqliteStore::Open(path, RealClock());
  if (!opened.ok()) _exit(1);
  SqliteStore& store = **opened;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&store, out, writer] {
      const auto acknowledge = [&](Ack::Kind kind, int64_t n) {
        const Ack ack{writer, kind, n};
        if (write(out, &ack, sizeof(ack)) != sizeof(ack)) _exit(2);
      };
      const ResourceKey key{"MeshTimeout", "demo", CounterName(writer)};
      const ResourceKey mesh{"Mesh", "", MeshName(writer)};
      for (;;) {
        Resource next = *store.Get(key).value();
        const int64_t n = GetInt(next.spec, "n") + 1;
        next.spec = {{"n", n}, {"text", TextOf(n)}};
        if (!store.Update(std::move(next)).ok()) _exit(3);
        acknowledge(Ack::kUpdated, n);
        // A mesh with a proxy comes and goes: two rows, one deletion.
        if (store.Get(mesh).ok()) {
          if (!store.Delete(mesh).ok()) _exit(4);
          acknowledge(Ack::kMeshDeleted, n);
        } else {
          if (!store.Create(Make("Mesh", "", mesh.name), std::nullopt).ok()) _exit(5);
          if (!store.Create(Make("Dataplane", mesh.name, "dp"), mesh).ok()) _exit(6);
          acknowledge(Ack::kMeshCreated, n);
        }
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  _exit(7);
}

}  // namespace

TEST_CASE("kill -9 at any instant loses no acknowledged write and tears none") {
  // A killed process leaves what it wrote to the system, so a folder in memory tells as much and is quicker.
  std::error_code ignored;
  const bool in_memory = std::filesystem::is_directory("/dev/shm", ignored);
  std::string pattern = std::string(in_memory ? "/dev/shm" : "/tmp") + "/kuma-kill-XXXXXX";
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  const std::string path = pattern + "/kuma.db";
  {
    const auto store = SqliteStore::Open(path, RealClock()).value();
    for (int writer = 0; writer < kWriters; ++writer) REQUIRE(store->Create(Make("MeshTimeout", "demo", CounterName(writer), {{"n", 0}, {"text", TextOf(0)}}), std::nullopt).ok());
  }
  std::mt19937 random(20261124);
  std::map<int, int64_t> counted;
  size_t acknowledged = 0;
  uint64_t revision = 0;
  for (int round = 0; round < kKills; ++round) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      close(ends[0]);
      WriteUntilKilled(path, ends[1]);
    }
    close(ends[1]);
    std::map<int, Ack> last_mesh;
    const auto take = [&](const Ack& ack) {
      ++acknowledged;
      if (ack.kind == Ack::kUpdated) {
        counted[ack.writer] = ack.n;
        // The write after the last acknowledged one of the mesh may be under way.
      } else {
        last_mesh[ack.writer] = ack;
      }
    };
    Ack ack{};
    const auto wanted = static_cast<int>(random() % 40);
    pollfd readable{ends[0], POLLIN, 0};
    for (int i = 0; i < wanted && poll(&readable, 1, 10000) == 1 && read(ends[0], &ack, sizeof(ack)) == sizeof(ack); ++i) take(ack);
    const MonotonicTime until = RealClock().Monotonic() + std::chrono::microseconds(random() % 1500);
    while (RealClock().Monotonic() < until) {
    }
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    while (read(ends[0], &ack, sizeof(ack)) == sizeof(ack)) take(ack);
    close(ends[0]);

    Result<std::unique_ptr<SqliteStore>> opened = SqliteStore::Open(path, RealClock());
    if (!opened.ok()) FAIL("round " << round << ": " << opened.error().ToString());
    SqliteStore& store = **opened;
    for (int writer = 0; writer < kWriters; ++writer) {
      INFO("round " << round << ", writer " << writer);
      const ResourcePtr counter = store.Get({"MeshTimeout", "demo", CounterName(writer)}).value();
      const int64_t n = GetInt(counter->spec, "n");
      // One more than acknowledged may have been stored.
      if (n < counted[writer] || n > counted[writer] + 1) FAIL("acknowledged " << counted[writer] << ", stored " << n);
      if (counter->spec["text"] != TextOf(n)) FAIL("torn");
      if (counter->meta.version != static_cast<uint64_t>(n) + 1) FAIL("version " << counter->meta.version << " of write " << n);
      const bool mesh = store.Get({"Mesh", "", MeshName(writer)}).ok();
      const bool dataplane = store.Get({"Dataplane", MeshName(writer), "dp"}).ok();
      if (dataplane && !mesh) FAIL("an orphan");
      if (const auto last = last_mesh.find(writer); last != last_mesh.end() && n == last->second.n) {
        // Nothing of this writer came after it.
        if (mesh != (last->second.kind == Ack::kMeshCreated) || mesh != dataplane) FAIL("an acknowledged change of the mesh is not there");
      }
      counted[writer] = n;
      // For the writer the mesh is there or not; half of it is made whole.
      if (mesh && !dataplane) REQUIRE(store.Delete({"Mesh", "", MeshName(writer)}).ok());
    }
    conformance::WatchProbe probe(store);
    REQUIRE(store.Create(Make("Zone", "", "probe-" + std::to_string(round)), std::nullopt).ok());
    const std::vector<Event> events = probe.Next(1);
    REQUIRE(events.size() == 1);
    if (events[0].revision <= revision) FAIL("the revision went back");
    revision = events[0].revision;
  }
  CHECK(acknowledged > kKills * 5);
  std::filesystem::remove_all(pattern, ignored);
}

}  // namespace kuma::store::sqlite
