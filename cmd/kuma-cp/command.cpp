#include "cmd/kuma-cp/command.h"

#include <sys/resource.h>

#include "cmd/kuma-cp/autoconfigure.h"
#include "cmd/kuma-cp/control_plane.h"
#include "cmd/kuma-cp/store_command.h"
#include "cmd/kuma-cp/migrate_command.h"
#include "pkg/base/log.h"
#include "pkg/config/command.h"
#include "pkg/config/options.h"
#include "pkg/io/early_exit.h"

namespace kuma::cp {
namespace {

// Each proxy holds a connection; the soft limit of shells is often 1024.
void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < 4096) Logger("kuma-cp").Warn("the limit of open files is low; each proxy needs one", {{"limit", static_cast<uint64_t>(limit.rlim_cur)}});
}

int RunControlPlane(const cli::Invocation& invocation) {
  io::ExitOnStopSignals();
  LogOptions log;
  const Result<LogLevel> level = ParseLogLevel(invocation.GetString("log-level"));
  if (!level.ok()) {
    invocation.err() << "Error: " << level.error().message << "\n";
    return cli::kUsageError;
  }
  log.level = *level;
  log.file = invocation.GetString("log-output-path");
  ConfigureLogging(log);

  Result<config::Loaded> loaded = config::LoadFor(invocation, config::ControlPlaneTable(), config::LoadControlPlane, config::ProcessEnvironment());
  if (!loaded.ok()) {
    invocation.err() << "Error: the configuration is not valid:\n" << loaded.error().ToString() << "\n";
    return cli::kUsageError;
  }
  const Logger logger("kuma-cp");
  for (const std::string& warning : loaded->warnings) logger.Warn(warning);
  Result<config::Config> config = Autoconfigure(std::move(loaded->config));
  if (!config.ok()) {
    invocation.err() << "Error: " << config.error().ToString() << "\n";
    return 1;
  }
  RaiseFileLimit();
  ControlPlane control_plane(*std::move(config));
  if (const Status status = control_plane.Start(); !status.ok()) {
    invocation.err() << "Error: cannot start the control plane: " << status.error().ToString() << "\n";
    // Threads that already run hold references into objects of this frame.
    invocation.err().flush();
    std::_Exit(1);
  }
  control_plane.RunUntilStopped();
  return control_plane.failed() ? 1 : 0;
}

cli::Command MakeRunCommand() {
  cli::Command command;
  command.name = "run";
  command.summary = "Start the control plane";
  command.help =
      "Starts the control plane: REST API on 5681 (HTTP) and 5682 (HTTPS), proxies on 5678, diagnostics on 5680. Settings come from the\n"
      "file of --config-file, then from KUMA_* variables; `kuma-cp config explain KEY` tells about each.";
  command.example = "kuma-cp run\nKUMA_STORE_TYPE=memory kuma-cp run --log-level debug\nkuma-cp run --config-file kuma.yaml";
  command.flags = {config::ConfigFileFlag(),
                   {.name = "log-level", .default_value = "info", .help = "how much to log", .choices = {"off", "error", "warn", "info", "debug"}},
                   {.name = "log-output-path", .value_name = "FILE", .help = "log to a file, with rotation, in place of stderr"}};
  command.run = RunControlPlane;
  return command;
}

}  // namespace

cli::Command MakeCommand() {
  cli::Command command;
  command.name = "kuma-cp";
  command.summary = "The control plane";
  command.help = "kuma-cp keeps the mesh's resources and tells every proxy what to do.";
  command.children = {MakeRunCommand(), MakeMigrateCommand(), MakeStoreCommand(), config::MakeConfigCommand(config::ControlPlaneTable(), config::LoadControlPlane)};
  return command;
}

}  // namespace kuma::cp
