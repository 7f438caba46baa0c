// Logging in the reference's console form: "<ISO8601>\t<LEVEL>\t<component>\t<message>\t<JSON fields>".
// Loggers are cheap handles made by name; levels can be changed for all or for one component and its children while running.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "pkg/base/json.h"

namespace kuma {

enum class LogLevel { kDebug = 0, kInfo = 1, kWarn = 2, kError = 3, kOff = 4 };

Result<LogLevel> ParseLogLevel(std::string_view text);  // off, info, debug (and warn, error)
std::string_view LogLevelName(LogLevel level);

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  std::string file;        // empty: stderr
  size_t max_bytes = 100u << 20;
  size_t max_files = 3;
};

// Called once by a role at start, before threads. Without it, messages of level info and above go to stderr.
void ConfigureLogging(const LogOptions& options);
// Overrides by component prefix ("xds" covers "xds.stream"); kInfo etc. Removing falls back to the global level.
void SetComponentLevel(const std::string& component, LogLevel level);
void ClearComponentLevel(const std::string& component);
void ClearComponentLevels();
std::map<std::string, LogLevel> ComponentLevels();
LogLevel GlobalLogLevel();

using LogFields = std::initializer_list<std::pair<std::string_view, Json>>;

class Logger {
 public:
  explicit Logger(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }
  Logger Child(std::string_view suffix) const { return Logger(name_ + "." + std::string(suffix)); }

  bool Enabled(LogLevel level) const;
  void Debug(std::string_view message, LogFields fields = {}) const { Write(LogLevel::kDebug, message, fields); }
  void Info(std::string_view message, LogFields fields = {}) const { Write(LogLevel::kInfo, message, fields); }
  void Warn(std::string_view message, LogFields fields = {}) const { Write(LogLevel::kWarn, message, fields); }
  void Error(std::string_view message, LogFields fields = {}) const { Write(LogLevel::kError, message, fields); }

 private:
  void Write(LogLevel level, std::string_view message, LogFields fields) const;
  std::string name_;
};

}  // namespace kuma
