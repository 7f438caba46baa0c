#include "pkg/base/log.h"

#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <memory>
#include <mutex>

#include "pkg/base/strings.h"

namespace kuma {
namespace {

// Process-wide by nature: the one stream of log lines.
struct LogState {
  std::mutex mutex;
  std::shared_ptr<spdlog::sinks::sink> sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  std::map<std::string, LogLevel> overrides;
  std::atomic<int> level{static_cast<int>(LogLevel::kInfo)};
  std::atomic<bool> have_overrides{false};
};

LogState& State() {
  static LogState state;
  static const bool configured = [] {
    state.sink->set_pattern("%v");
    return true;
  }();
  (void)configured;
  return state;
}

bool Covers(const std::string& prefix, const std::string& name) {
  return name.rfind(prefix, 0) == 0 && (name.size() == prefix.size() || name[prefix.size()] == '.');
}

std::string Stamp() {
  using namespace std::chrono;
  const auto now = system_clock::now();
  const std::time_t whole = system_clock::to_time_t(now);
  std::tm parts{};
  localtime_r(&whole, &parts);
  char date[32];
  char zone[8];
  std::strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
  std::strftime(zone, sizeof(zone), "%z", &parts);
  char millis[8];
  std::snprintf(millis, sizeof(millis), ".%03d", static_cast<int>(duration_cast<milliseconds>(now.time_since_epoch()).count() % 1000));
  const std::string offset = zone;
  return std::string(date) + millis + (offset == "+0000" ? "Z" : offset);
}

}  // namespace

Result<LogLevel> ParseLogLevel(std::string_view text) {
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError, LogLevel::kOff}) {
    if (text == LogLevelName(level)) return level;
  }
  return Invalid("unknown log level \"" + std::string(text) + "\" (allowed: off, error, warn, info, debug)");
}

std::string_view LogLevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
    case LogLevel::kOff: return "off";
  }
  return "info";
}

void ConfigureLogging(const LogOptions& options) {
  LogState& state = State();
  const std::lock_guard lock(state.mutex);
  state.level = static_cast<int>(options.level);
  if (options.file.empty()) return;
  try {
    state.sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(options.file, options.max_bytes, options.max_files);
    state.sink->set_pattern("%v");
  } catch (const spdlog::spdlog_ex&) {
    // The file cannot be written: stderr stays in use, where the caller's own error is seen too.
  }
}

void SetComponentLevel(const std::string& component, LogLevel level) {
  LogState& state = State();
  const std::lock_guard lock(state.mutex);
  state.overrides[component] = level;
  state.have_overrides = true;
}

void ClearComponentLevel(const std::string& component) {
  LogState& state = State();
  const std::lock_guard lock(state.mutex);
  state.overrides.erase(component);
  state.have_overrides = !state.overrides.empty();
}

void ClearComponentLevels() {
  LogState& state = State();
  const std::lock_guard lock(state.mutex);
  state.overrides.clear();
  state.have_overrides = false;
}

std::map<std::string, LogLevel> ComponentLevels() {
  LogState& state = State();
  const std::lock_guard lock(state.mutex);
  return state.overrides;
}

LogLevel GlobalLogLevel() { return static_cast<LogLevel>(State().level.load()); }

bool Logger::Enabled(LogLevel level) const {
  LogState& state = State();
  int limit = state.level.load(std::memory_order_relaxed);
  if (state.have_overrides.load(std::memory_order_relaxed)) {
    const std::lock_guard lock(state.mutex);
    size_t longest = 0;
    for (const auto& [prefix, override_level] : state.overrides) {
      if (Covers(prefix, name_) && prefix.size() >= longest) {
        longest = prefix.size();
        limit = static_cast<int>(override_level);
      }
    }
  }
  return static_cast<int>(level) >= limit && limit != static_cast<int>(LogLevel::kOff);
}

void Logger::Write(LogLevel level, std::string_view message, LogFields fields) const {
  if (!Enabled(level)) return;
  std::string line = Stamp() + "\t" + ToUpper(LogLevelName(level)) + "\t" + name_ + "\t" + std::string(message);
  if (fields.size() > 0) {
    line += "\t{";
    bool first = true;
    for (const auto& [key, value] : fields) {
      if (!first) line += ", ";
      first = false;
      line += "\"" + std::string(key) + "\": " + ToJsonText(value);
    }
    line += "}";
  }
  LogState& state = State();
  const std::lock_guard lock(state.mutex);
  try {
    state.sink->log(spdlog::details::log_msg(spdlog::string_view_t(), spdlog::level::info, spdlog::string_view_t(line.data(), line.size())));
    state.sink->flush();
  } catch (const std::exception&) {
    // A full disk must not stop the process that wants to say so.
  }
}

}  // namespace kuma
