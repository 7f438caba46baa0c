// From words to an Invocation. Flags may stand anywhere between command names and positionals; "--" ends them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pkg/cli/command.h"

namespace kuma::cli {

struct ParsedLine {
  std::vector<const Command*> path;  // root first, never empty
  std::vector<std::string> args;
  std::map<std::string, std::vector<std::string>> values;  // by flag name, in typed order
  std::vector<std::string> warnings;                       // deprecated flags
  bool help = false;
  bool version = false;
};

struct LineError {
  std::string message;                    // without "Error: "
  std::string suggestion = {};            // a name near the wrong one
  std::vector<const Command*> path = {};  // the command at which parsing stopped
};

struct ParseOutcome {
  ParsedLine line;
  std::optional<LineError> error;
};

// REQUIRES: root outlives the outcome.
ParseOutcome Parse(const Command& root, const std::vector<std::string>& words);

// Checks one typed value against the flag's type and choices; the error says what is allowed.
Status CheckFlagValue(const Flag& flag, const std::string& value);

// Go's strconv.ParseBool: 1 t T TRUE true True and their opposites.
std::optional<bool> ParseBool(std::string_view text);

}  // namespace kuma::cli
