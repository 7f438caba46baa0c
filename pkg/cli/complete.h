// Shell completion from the command table. The scripts only ask the program itself: `<program> __complete WORDS...`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pkg/cli/command.h"

namespace kuma::cli {

inline constexpr std::string_view kCompleteCommand = "__complete";

// `words` are those after the program's name; the last one (perhaps empty) is being typed. Each line is
// "candidate" or "candidate\tdescription".
std::vector<std::string> Complete(const Command& root, const std::vector<std::string>& words);

// bash, zsh or fish; anything else is an error that names them. `program` is the name users type.
Result<std::string> CompletionScript(std::string_view shell, const std::string& program);

// The `completion bash|zsh|fish` command of a role.
Command MakeCompletionCommand(const std::string& program);

}  // namespace kuma::cli
