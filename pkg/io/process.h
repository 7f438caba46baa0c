// A child process (Envoy, CoreDNS) whose output comes as lines on a loop. It leads its own process group, which is killed as a whole, and
// dies with us on Linux. Loop thread only (or while the loop does not run); the thread that spawns must live as long as the child should
// (PR_SET_PDEATHSIG is bound to the thread).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/io/loop.h"

namespace kuma::io {

struct ProcessOptions {
  std::vector<std::string> argv;  // argv[0] without '/' is looked up in the PATH of `env`
  std::vector<std::string> env;   // "KEY=value"; the complete environment
  std::string cwd;                // empty: ours
  std::function<void(std::string_view line)> on_stdout;  // without the line break; null: dropped
  std::function<void(std::string_view line)> on_stderr;
  // After the last line: "exit code 1", "signal SIGKILL".
  std::function<void(int exit_code, const std::string& how)> on_exit;  // exit_code is -1 for signals
};

class ChildProcess {
 public:
  // kNotFound / kForbidden with the path and what to do when it cannot be started.
  static Result<std::unique_ptr<ChildProcess>> Spawn(EventLoop& loop, ProcessOptions options);
  // Kills the group when it still runs, and waits; on_exit is not called then.
  ~ChildProcess();

  int pid() const;
  bool running() const;
  // To the whole group. Nothing when it has ended.
  void Signal(int signal);

 private:
  struct Impl;
  explicit ChildProcess(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

std::string SignalName(int signal);
// The current environment as "KEY=value", for a caller that passes it on.
std::vector<std::string> CurrentEnvironment();

}  // namespace kuma::io
