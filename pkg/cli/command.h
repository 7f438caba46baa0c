// The command table: commands and flags are data, and parsing, help and shell completion are read from the same rows.
// Used by every role. A table is built once at start and not changed afterwards.
#pragma once

#include <functional>
#include <istream>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/duration.h"
#include "pkg/base/result.h"

namespace kuma::cli {

class Invocation;

enum class FlagType {
  kBool,
  kString,
  kInt,
  kDuration,     // Go's text form
  kStringList,   // repeatable, each value is split at commas
  kStringArray,  // repeatable, values are kept whole
  kStringMap,    // repeatable, each value is "key=value,key=value"
};

// What a shell offers for the rest of a word; the shell sees only those that begin with what was typed.
using Candidates = std::function<std::vector<std::string>(const Invocation&)>;

struct Flag {
  std::string name;            // without dashes
  std::string shorthand = {};  // one letter or empty
  FlagType type = FlagType::kString;
  std::string value_name = {};     // shown in help: --file FILE; empty shows the type's name
  std::string default_value = {};  // text, read like a typed value
  std::string help = {};
  bool persistent = false;  // children take it too
  bool hidden = false;
  bool required = false;
  std::string deprecated = {};            // printed as a warning when used: "use --work-dir instead"
  std::vector<std::string> choices = {};  // the only values allowed; empty allows all
  Candidates complete = {};
  std::string bare_value = {};  // what --name alone means; empty: it needs a value (kBool: true)
};

struct Command {
  std::string name;
  std::string summary = {};
  std::string help = {};     // longer text; empty shows the summary
  std::string example = {};  // lines, shown indented
  std::string group = {};    // heading in the parent's help; empty is "Commands"
  std::string args = {};     // positional usage: "NAME" or "[SHELL]"
  size_t min_args = 0;
  size_t max_args = 0;  // kAnyArgs: no limit
  bool hidden = false;
  std::vector<std::string> aliases = {};
  std::vector<Flag> flags = {};
  std::function<int(const Invocation&)> run = {};  // empty: the command only groups its children and prints help
  std::vector<Command> children = {};
  Candidates complete = {};
  std::string version = {};  // not empty: the command takes --version and prints this
};

inline constexpr size_t kAnyArgs = static_cast<size_t>(-1);

struct Streams {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
};

// A parsed command line. Asking for a flag that the command does not have is our mistake: it is logged and the zero value
// is returned.
class Invocation {
 public:
  Invocation(std::vector<const Command*> path, std::vector<std::string> args, std::map<std::string, std::vector<std::string>> values,
             Streams streams);

  const Command& command() const { return *path_.back(); }
  const Command& root() const { return *path_.front(); }
  const std::vector<const Command*>& path() const { return path_; }
  // "kumactl get meshes"
  std::string CommandPath() const;

  const std::vector<std::string>& args() const { return args_; }
  // The positional at `index`, or empty.
  std::string Arg(size_t index) const { return index < args_.size() ? args_[index] : std::string(); }

  // Typed on the command line, as opposed to a default.
  bool IsSet(std::string_view flag) const;
  std::string GetString(std::string_view flag) const;
  bool GetBool(std::string_view flag) const;
  int64_t GetInt(std::string_view flag) const;
  Nanos GetDuration(std::string_view flag) const;
  std::vector<std::string> GetList(std::string_view flag) const;
  std::map<std::string, std::string> GetMap(std::string_view flag) const;

  std::istream& in() const { return streams_.in; }
  std::ostream& out() const { return streams_.out; }
  std::ostream& err() const { return streams_.err; }
  Streams streams() const { return streams_; }

 private:
  std::vector<std::string> Raw(std::string_view flag) const;

  std::vector<const Command*> path_;  // root first
  std::vector<std::string> args_;
  std::map<std::string, std::vector<std::string>> values_;
  Streams streams_;
};

// Flags a command takes: its own and the persistent ones of its parents; the nearest wins on equal names.
std::vector<const Flag*> FlagsOf(const std::vector<const Command*>& path);

// A child by name or alias, or null.
const Command* FindChild(const Command& command, std::string_view name);

std::string CommandPath(const std::vector<const Command*>& path);

// "Error: ..." on err; the exit code of usage mistakes is 2.
inline constexpr int kUsageError = 2;

// Parses `args` (without the program's name) and runs the command. Returns the exit code.
int Run(const Command& root, const std::vector<std::string>& args, Streams streams);

}  // namespace kuma::cli
