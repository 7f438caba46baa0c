#include "pkg/io/process.h"

#include <csignal>
#include <unistd.h>

#include <atomic>
#include <future>
#include <thread>

#include <catch2/catch.hpp>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/io/file_watch.h"
#include "pkg/io/free_port.h"
#include "pkg/io/worker_pool.h"

namespace kuma::io {

namespace {

struct Outcome {
  std::vector<std::string> lines;
  std::string how;
  int code = -2;
};

Outcome RunChild(const std::vector<std::string>& argv, int signal_on_first_line = 0, const std::string& cwd = {}) {
  EventLoop loop;
  Outcome outcome;
  std::unique_ptr<ChildProcess> child;
  ProcessOptions options;
  options.argv = argv;
  options.env = {"PATH=/usr/bin:/bin", "GREETING=hi"};
  options.cwd = cwd;
  options.on_stdout = [&](std::string_view line) {
    outcome.lines.push_back("out:" + std::string(line));
    if (signal_on_first_line != 0 && outcome.lines.size() == 1) child->Signal(signal_on_first_line);
  };
  options.on_stderr = [&](std::string_view line) { outcome.lines.push_back("err:" + std::string(line)); };
  options.on_exit = [&](int code, const std::string& how) {
    outcome.code = code;
    outcome.how = how;
    loop.Stop();
  };
  auto spawned = ChildProcess::Spawn(loop, std::move(options));
  if (!spawned.ok()) {
    outcome.how = spawned.error().message;
    return outcome;
  }
  child = std::move(spawned).value();
  loop.Run();
  CHECK_FALSE(child->running());
  return outcome;
}

}  // namespace

TEST_CASE("children: output, exit, signals, errors") {
  struct Case {
    std::string name;
    std::vector<std::string> argv;
    int signal;
    std::vector<std::string> lines;
    std::string how;
  };
  for (const Case& c : std::vector<Case>{
           {"lines", {"sh", "-c", "echo $GREETING; printf 'a\\r\\nb'; exit 3"}, 0, {"out:hi", "out:a", "out:b"}, "exit code 3"},
           {"stderr", {"sh", "-c", "echo no >&2"}, 0, {"err:no"}, "exit code 0"},
           {"term", {"sh", "-c", "echo up; exec sleep 100"}, SIGTERM, {"out:up"}, "signal SIGTERM"},
           {"whole group", {"sh", "-c", "sleep 100 & echo up; wait"}, SIGKILL, {"out:up"}, "signal SIGKILL"},
           {"grandchild keeps the pipe", {"sh", "-c", "sleep 100 & echo up"}, 0, {"out:up"}, "exit code 0"},
           {"missing", {"no-such-thing"}, 0, {}, "cannot start \"no-such-thing\": no such program in PATH (/usr/bin:/bin)"},
           {"missing path", {"/nonexistent/envoy"}, 0, {}, "cannot start /nonexistent/envoy: No such file or directory"},
           {"not executable", {"/etc/passwd"}, 0, {}, "cannot start /etc/passwd: it is not executable (chmod +x /etc/passwd)"},
           {"folder", {"/etc"}, 0, {}, "cannot start /etc: it is a directory"},
       }) {
    INFO(c.name);
    const Outcome outcome = RunChild(c.argv, c.signal);
    CHECK(outcome.lines == c.lines);
    CHECK(outcome.how == c.how);
  }
  CHECK(RunChild({"true"}, 0, "/nonexistent").how == "cannot start /usr/bin/true in /nonexistent: No such file or directory");
}

TEST_CASE("a child that is let go dies with its group") {
  EventLoop loop;
  std::string grandchild;
  ProcessOptions options;
  options.argv = {"/bin/sh", "-c", "sleep 100 & echo $!; wait"};
  options.on_stdout = [&](std::string_view line) {
    grandchild = line;
    loop.Stop();
  };
  auto child = ChildProcess::Spawn(loop, std::move(options));
  REQUIRE(child.ok());
  loop.Run();
  const int pid = (*child)->pid();
  child->reset();
  CHECK(::kill(pid, 0) != 0);
}

TEST_CASE("timers run in order and cancel") {
  EventLoop loop;
  std::string order;
  loop.PostAfter(std::chrono::milliseconds(20), [&] {
    order += "c";
    loop.Stop();
  });
  loop.PostAfter(std::chrono::milliseconds(1), [&] { order += "a"; });
  auto alive = std::make_shared<int>(1);
  Timer canceled = loop.PostAfter(std::chrono::milliseconds(2), [&order, alive] { order += "x"; });
  CHECK(alive.use_count() == 2);
  canceled.Cancel();
  CHECK(alive.use_count() == 1);
  loop.PostAfter(std::chrono::milliseconds(3), [&] { order += "b"; });
  loop.Run();
  CHECK(order == "abc");
}

TEST_CASE("signals reach the loop") {
  EventLoop loop;
  int got = 0;
  loop.OnSignal({SIGUSR1}, [&](int signal) {
    got = signal;
    loop.Stop();
  });
  loop.Post([] { ::raise(SIGUSR1); });
  loop.Run();
  CHECK(got == SIGUSR1);
}

TEST_CASE("a full pool runs work in the caller, stopping drains") {
  std::promise<void> gate;
  std::shared_future<void> open = gate.get_future().share();
  std::promise<void> started;
  std::atomic<int> done{0};
  WorkerPool pool(1, 1);
  pool.Submit([&] {
    started.set_value();
    open.wait();
    ++done;
  });
  started.get_future().get();
  pool.Submit([&] { ++done; });  // waits in the queue
  CHECK_FALSE(pool.TrySubmit([] {}));
  std::thread::id where;
  pool.Submit([&] { where = std::this_thread::get_id(); });
  CHECK(where == std::this_thread::get_id());
  gate.set_value();
  pool.Stop();
  CHECK(done == 2);
}

TEST_CASE("free ports") {
  const auto ports = FindFreePorts("127.0.0.1", 3);
  REQUIRE(ports.ok());
  CHECK((*ports)[0] != (*ports)[1]);
  CHECK(IsPortFree("127.0.0.1", (*ports)[0]));
  CHECK_FALSE(FindFreePort("203.0.113.7").ok());
}

TEST_CASE("a replaced file is noticed") {
  const std::string folder = "/tmp/kuma-io-watch-" + std::to_string(::getpid());
  REQUIRE(MakeDirs(folder).ok());
  REQUIRE(WriteFileAtomic(folder + "/cert", "1").ok());
  EventLoop loop;
  bool seen = false;
  auto watcher = FileWatcher::Create(loop, {folder + "/cert"}, [&] {
    seen = true;
    loop.Stop();
  });
  REQUIRE(watcher.ok());
  loop.Post([&] { CHECK(WriteFileAtomic(folder + "/cert", "2").ok()); });
  loop.Run();
  CHECK(seen);
  ::unlink((folder + "/cert").c_str());
  ::rmdir(folder.c_str());
}

}  // namespace kuma::io
