// The running Envoy: its arguments, its end in words, and stopping it. Loop thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/dp/envoy_binary.h"
#include "pkg/dp/settings.h"
#include "pkg/io/process.h"

namespace kuma::dp {

std::vector<std::string> EnvoyArguments(const Settings& settings, const EnvoyVersion& version, const std::string& config_path);

struct EnvoyExit {
  int code = 0;        // of the process; 128 + number for a signal
  std::string reason;  // "exit code 1: <its last complaint>"
};

class EnvoyProcess {
 public:
  using Output = std::function<void(std::string_view line, bool is_error)>;
  using OnExit = std::function<void(const EnvoyExit&)>;

  static Result<std::unique_ptr<EnvoyProcess>> Start(io::EventLoop& loop, std::vector<std::string> argv, Output output, OnExit on_exit);
  ~EnvoyProcess();

  int pid() const { return child_->pid(); }
  bool running() const { return child_->running(); }
  // SIGTERM now, SIGKILL when it still runs after `grace`; on_exit tells the end.
  void Stop(Nanos grace);
  // SIGKILL at once.
  void Kill() { child_->Signal(9); }

 private:
  explicit EnvoyProcess(io::EventLoop& loop) : loop_(loop) {}
  void Remember(std::string_view line);

  io::EventLoop& loop_;
  std::unique_ptr<io::ChildProcess> child_;
  io::Timer kill_timer_;
  std::string critical_;   // the last line of level critical
  std::string last_line_;  // or the last one at all
};

}  // namespace kuma::dp
