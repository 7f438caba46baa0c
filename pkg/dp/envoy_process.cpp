#include "pkg/dp/envoy_process.h"

#include <csignal>

#include "pkg/base/strings.h"

namespace kuma::dp {
namespace {

// A shell's convention for "died of a signal".
int ExitCodeOf(int code, const std::string& how) {
  if (code >= 0) return code;
  for (const int signal : {SIGKILL, SIGSEGV, SIGABRT, SIGTERM, SIGINT, SIGBUS, SIGILL, SIGFPE}) {
    if (how == "signal " + io::SignalName(signal)) return 128 + signal;
  }
  return 1;
}

}  // namespace

std::vector<std::string> EnvoyArguments(const Settings& settings, const EnvoyVersion& version, const std::string& config_path) {
  std::vector<std::string> args = {
      "--config-path", config_path, "--drain-time-s",
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(settings.drain_time).count()), "--drain-strategy", "immediate",
      // Hot restart shares memory by a number that would have to be unique on the machine; nobody uses it here.
      "--disable-hot-restart", "--log-level", settings.envoy_log_level.empty() ? "info" : settings.envoy_log_level};
  if (!settings.envoy_component_log_level.empty()) {
    args.insert(args.end(), {"--component-log-level", settings.envoy_component_log_level});
  }
  if (settings.concurrency > 0) {
    args.insert(args.end(), {"--concurrency", std::to_string(settings.concurrency)});
  } else {
#ifdef __linux__
    // Newer ones do this by themselves and warn about the flag.
    constexpr int64_t kFirstMinorWithout = 40;
    if (version.minor < kFirstMinorWithout) args.emplace_back("--cpuset-threads");
#else
    (void)version;
#endif
  }
  return args;
}

Result<std::unique_ptr<EnvoyProcess>> EnvoyProcess::Start(io::EventLoop& loop, std::vector<std::string> argv, Output output,
                                                          OnExit on_exit) {
  std::unique_ptr<EnvoyProcess> process(new EnvoyProcess(loop));
  EnvoyProcess* self = process.get();
  io::ProcessOptions options;
  options.argv = std::move(argv);
  options.env = io::CurrentEnvironment();
  options.on_stdout = [output](std::string_view line) { output(line, false); };
  options.on_stderr = [self, output](std::string_view line) {
    self->Remember(line);
    output(line, true);
  };
  options.on_exit = [self, on_exit](int code, const std::string& how) {
    self->kill_timer_.Cancel();
    EnvoyExit exit{ExitCodeOf(code, how), how};
    const std::string& complaint = self->critical_.empty() ? self->last_line_ : self->critical_;
    if (exit.code != 0 && !complaint.empty()) exit.reason += ": " + complaint;
    on_exit(exit);
  };
  KUMA_TRY_ASSIGN(process->child_, io::ChildProcess::Spawn(loop, std::move(options)));
  return process;
}

EnvoyProcess::~EnvoyProcess() { kill_timer_.Cancel(); }

void EnvoyProcess::Remember(std::string_view line) {
  if (line.empty()) return;
  last_line_ = std::string(line);
  if (Contains(line, "[critical]")) critical_ = std::string(line);
}

void EnvoyProcess::Stop(Nanos grace) {
  child_->Signal(SIGTERM);
  kill_timer_.Cancel();
  kill_timer_ = loop_.PostAfter(grace, [this] { child_->Signal(SIGKILL); });
}

}  // namespace kuma::dp
