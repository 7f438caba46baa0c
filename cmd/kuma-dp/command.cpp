#include "cmd/kuma-dp/command.h"

#include <csignal>

#include "pkg/base/files.h"
#include "pkg/base/log.h"
#include "pkg/base/strings.h"
#include "pkg/config/command.h"
#include "pkg/dp/host.h"
#include "pkg/dp/supervisor.h"
#include "pkg/dp/transparent_proxy.h"
#include "pkg/dp/wait.h"
#include "pkg/io/early_exit.h"

namespace kuma::dp {
namespace {

int Fail(const cli::Invocation& invocation, const Error& error) {
  invocation.err() << "Error: " << error.ToString() << "\n";
  return 1;
}

std::vector<cli::Flag> LogFlags() {
  std::vector<cli::Flag> flags = {
      {.name = "log-level", .default_value = "info", .help = "log level", .choices = {"off", "info", "debug", "warn", "error"}},
      {.name = "log-output-path", .value_name = "FILE", .help = "file for the logs instead of standard error"},
      {.name = "log-max-retained-files", .type = cli::FlagType::kInt, .default_value = "1000", .help = "number of old log files to keep"},
      {.name = "log-max-size",
       .type = cli::FlagType::kInt,
       .default_value = "100",
       .help = "size in megabytes at which a log file is rotated"},
      {.name = "log-max-age", .type = cli::FlagType::kInt, .default_value = "30", .help = "accepted; old files are kept by number only"},
  };
  for (cli::Flag& flag : flags) flag.persistent = true;
  return flags;
}

Status StartLogging(const cli::Invocation& invocation) {
  LogOptions options;
  KUMA_TRY_ASSIGN(options.level, ParseLogLevel(invocation.GetString("log-level")));
  options.file = invocation.GetString("log-output-path");
  options.max_files = static_cast<size_t>(std::max<int64_t>(1, invocation.GetInt("log-max-retained-files")));
  options.max_bytes = static_cast<size_t>(std::max<int64_t>(1, invocation.GetInt("log-max-size"))) << 20;
  ConfigureLogging(options);
  return Ok();
}

// Logging is on when this returns. Values that depend on each other are settled here.
Result<Settings> LoadSettings(const cli::Invocation& invocation) {
  KUMA_TRY(StartLogging(invocation));
  const config::Environment environment = config::ProcessEnvironment();
  KUMA_TRY_ASSIGN(const config::Loaded loaded, config::LoadFor(invocation, config::DataplaneTable(), config::LoadDataplane, environment));
  for (const std::string& warning : loaded.warnings) invocation.err() << "Warning: " << warning << "\n";
  Json transparent_proxy;
  const std::vector<std::string> files = invocation.GetList("transparent-proxy-config");
  if (invocation.GetBool("transparent-proxy") || !files.empty()) {
    KUMA_TRY_ASSIGN(transparent_proxy, LoadTransparentProxy(files, invocation.in()));
  }
  Settings settings = MakeSettings(loaded.config, environment, transparent_proxy);
  if (settings.envoy_log_level.empty()) {
    const std::string level = invocation.GetString("log-level");
    settings.envoy_log_level = level == "warn" ? "warning" : level;
  }
  return settings;
}

int RunProxy(const cli::Invocation& invocation) {
  io::ExitOnStopSignals();
  auto settings = LoadSettings(invocation);
  if (!settings.ok()) return Fail(invocation, settings.error());
  auto resource = LoadProxyResource(*settings, invocation.in());
  if (!resource.ok()) return Fail(invocation, resource.error());
  if (*resource) {
    for (const std::string& name : (*resource)->missing_variables) {
      invocation.err() << "Warning: the Dataplane template uses {{ " << name << " }}, which has no value: give it with --dataplane-var "
                       << name << "=VALUE\n";
    }
    if (Status taken = TakeIdentity(**resource, *settings); !taken.ok()) return Fail(invocation, taken.error());
  }

  // The order of these three is the order in which they may outlive each other.
  io::EventLoop loop;
  io::WorkerPool pool(2, 64);
  const char* path = std::getenv("PATH");
  Supervisor supervisor(
      {loop, pool, RealClock(),
       [&](std::string_view line, bool is_error) { (is_error ? invocation.err() : invocation.out()) << line << std::endl; },
       OwnProgramPath(), path != nullptr ? path : ""},
      std::move(settings).value(), std::move(resource).value());
  int exit_code = 1;
  loop.OnSignal({SIGTERM, SIGINT, SIGUSR2}, [&](int signal) { supervisor.OnSignal(signal); });
  loop.Post([&] {
    supervisor.Start([&](int code, const std::string& why) {
      exit_code = code;
      // The log has it too, but may be off or elsewhere.
      if (!why.empty() && (GlobalLogLevel() == LogLevel::kOff || !invocation.GetString("log-output-path").empty())) {
        invocation.err() << "Error: " << why << "\n";
      }
      loop.Stop();
    });
  });
  loop.Run();
  return exit_code;
}

cli::Command MakeRunCommand() {
  cli::Command run;
  run.name = "run";
  run.summary = "Launch Dataplane (Envoy)";
  run.help =
      "Fetches Envoy's configuration from the control plane, starts Envoy with it and stays beside it: reports readiness, drains "
      "connections when "
      "told to stop, and ends when Envoy ends. SIGTERM drains and stops, a second one stops at once; SIGUSR2 drains inbound listeners.";
  run.example =
      "# Bring the Dataplane along and fill in its variables\n"
      "kuma-dp run --dataplane-file web.yaml --dataplane-var address=192.168.0.7 --dataplane-token-file token\n\n"
      "# A control plane on another machine\n"
      "kuma-dp run --cp-address https://cp.example:5678 --ca-cert-file cp.crt -d web.yaml";
  run.flags = config::FlagsFor(config::DataplaneTable());
  run.flags.push_back(config::ConfigFileFlag());
  run.flags.push_back(
      {.name = "transparent-proxy", .type = cli::FlagType::kBool, .help = "traffic is redirected, with the default configuration"});
  run.flags.push_back(
      {.name = "transparent-proxy-config",
       .type = cli::FlagType::kStringArray,
       .value_name = "FILES",
       .help = "traffic is redirected; files with the configuration, separated by commas, or - for standard input; repeatable"});
  run.run = RunProxy;
  return run;
}

cli::Command MakeWaitCommand() {
  cli::Command wait;
  wait.name = "wait";
  wait.summary = "Waits for data plane proxy to be ready";
  wait.help = "Waits for data plane proxy (Envoy) to be ready.";
  wait.flags = {
      {.name = "check-frequency", .type = cli::FlagType::kDuration, .default_value = "1s", .help = "pause between two checks"},
      {.name = "timeout", .type = cli::FlagType::kDuration, .default_value = "180s", .help = "how long to wait"},
      {.name = "request-timeout", .type = cli::FlagType::kDuration, .default_value = "500ms", .help = "how long one check may take"},
      {.name = "url", .default_value = "http://localhost:9901/ready", .help = "address to ask"},
      {.name = "unix-socket", .value_name = "FILE", .help = "Unix socket of Envoy's admin interface; wins over --url"},
  };
  wait.run = [](const cli::Invocation& invocation) {
    if (Status logging = StartLogging(invocation); !logging.ok()) return Fail(invocation, logging.error());
    WaitOptions options;
    options.url = invocation.GetString("url");
    options.unix_socket = invocation.GetString("unix-socket");
    options.check_frequency = invocation.GetDuration("check-frequency");
    options.timeout = invocation.GetDuration("timeout");
    options.request_timeout = invocation.GetDuration("request-timeout");
    const Status ready = WaitUntilReady(options);
    return ready.ok() ? 0 : Fail(invocation, ready.error());
  };
  return wait;
}

}  // namespace

cli::Command MakeCommand() {
  cli::Command command;
  command.name = "kuma-dp";
  command.summary = "Dataplane manager for Envoy-based Service Mesh";
  command.flags = LogFlags();
  command.children = {MakeRunCommand(), MakeWaitCommand(), config::MakeConfigCommand(config::DataplaneTable(), config::LoadDataplane)};
  return command;
}

}  // namespace kuma::dp
