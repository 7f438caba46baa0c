#include "pkg/cli/complete.h"

#include <algorithm>
#include <sstream>

#include "pkg/base/strings.h"
#include "pkg/cli/parse.h"

namespace kuma::cli {
namespace {

bool StartsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }

void Offer(const std::string& prefix, const std::string& candidate, const std::string& description, std::vector<std::string>& lines) {
  if (!StartsWith(candidate, prefix)) return;
  // Only the first line of a description fits behind a candidate.
  const std::string shown = description.substr(0, description.find('\n'));
  lines.push_back(shown.empty() ? candidate : candidate + "\t" + shown);
}

// bash hands over "--output=js" as three words; join them again.
std::vector<std::string> JoinAtEquals(const std::vector<std::string>& words, bool& joined_last) {
  std::vector<std::string> joined;
  joined_last = false;
  for (size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "=" && !joined.empty() && StartsWith(joined.back(), "--")) {
      joined.back() += "=";
      joined_last = i + 2 >= words.size();
      if (i + 1 < words.size()) joined.back() += words[++i];
      continue;
    }
    joined.push_back(words[i]);
  }
  return joined;
}

struct Typed {
  ParsedLine line;
  std::ostringstream out;
  std::ostringstream err;
  std::istringstream in;
  std::vector<std::string> Ask(const Candidates& candidates) {
    if (!candidates) return {};
    return candidates(Invocation(line.path, line.args, line.values, Streams{in, out, err}));
  }
};

std::vector<std::string> ValuesOf(const Flag& flag, Typed& typed) {
  if (!flag.choices.empty()) return flag.choices;
  if (flag.type == FlagType::kBool) return {"true", "false"};
  return typed.Ask(flag.complete);
}

// The flag that waits for its value: the last complete word is "--name" or "-n" of a flag that takes one.
const Flag* Waiting(const std::vector<const Flag*>& flags, const std::string& word) {
  for (const Flag* flag : flags) {
    if (flag->type == FlagType::kBool) continue;
    if (word == "--" + flag->name || (!flag->shorthand.empty() && word == "-" + flag->shorthand)) return flag;
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> Complete(const Command& root, const std::vector<std::string>& raw) {
  bool only_value = false;
  std::vector<std::string> words = JoinAtEquals(raw, only_value);
  if (words.empty()) words.push_back("");
  const std::string current = words.back();
  words.pop_back();
  const bool args_only = std::find(words.begin(), words.end(), "--") != words.end();

  Typed typed;
  // Mistakes in what was typed so far must not stop completion.
  typed.line = Parse(root, words).line;
  const Command& command = *typed.line.path.back();
  std::vector<const Flag*> flags = FlagsOf(typed.line.path);
  std::vector<std::string> lines;

  if (!args_only && !words.empty()) {
    if (const Flag* flag = Waiting(flags, words.back())) {
      for (const std::string& value : ValuesOf(*flag, typed)) Offer(current, value, "", lines);
      return lines;
    }
  }
  if (!args_only && StartsWith(current, "-")) {
    const size_t equals = current.find('=');
    if (equals != std::string::npos) {
      for (const Flag* flag : flags) {
        if (current.substr(0, equals) != "--" + flag->name) continue;
        const std::string before = only_value ? "" : current.substr(0, equals + 1);
        const std::string prefix = only_value ? current.substr(equals + 1) : current;
        for (const std::string& value : ValuesOf(*flag, typed)) Offer(prefix, before + value, "", lines);
      }
      return lines;
    }
    for (const Flag* flag : flags) {
      if (!flag->hidden) Offer(current, "--" + flag->name, flag->help, lines);
    }
    Offer(current, "--help", "help for " + command.name, lines);
    if (!command.version.empty()) Offer(current, "--version", "version of " + command.name, lines);
    std::sort(lines.begin(), lines.end());
    return lines;
  }
  if (typed.line.args.empty()) {
    for (const Command& child : command.children) {
      if (!child.hidden) Offer(current, child.name, child.summary, lines);
    }
  }
  for (const std::string& candidate : typed.Ask(command.complete)) Offer(current, candidate, "", lines);
  return lines;
}

Result<std::string> CompletionScript(std::string_view shell, const std::string& program) {
  static constexpr std::string_view kBash = R"(# bash completion for PROGRAM
_PROGRAM_complete() {
  local IFS=$'\n' line
  COMPREPLY=()
  while read -r line; do
    COMPREPLY+=("${line%%$'\t'*}")
  done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _PROGRAM_complete PROGRAM
)";
  static constexpr std::string_view kZsh = R"(#compdef PROGRAM
# zsh completion for PROGRAM
_PROGRAM_complete() {
  local -a found
  local line name
  while IFS= read -r line; do
    name="${line%%$'\t'*}"
    if [[ "$name" == "$line" ]]; then
      found+=("${name//:/\\:}")
    else
      found+=("${name//:/\\:}:${line#*$'\t'}")
    fi
  done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( ${#found} )); then
    _describe 'PROGRAM' found
  else
    _files
  fi
}
compdef _PROGRAM_complete PROGRAM
)";
  static constexpr std::string_view kFish = R"(# fish completion for PROGRAM
function __PROGRAM_complete
  set -l typed (commandline -opc) (commandline -ct)
  $typed[1] __complete $typed[2..-1] 2>/dev/null
end
complete -c PROGRAM -f -a '(__PROGRAM_complete)'
)";
  std::string_view script;
  if (shell == "bash") script = kBash;
  if (shell == "zsh") script = kZsh;
  if (shell == "fish") script = kFish;
  if (script.empty()) return Invalid("unknown shell \"" + std::string(shell) + "\": choose bash, zsh or fish");
  // Function names take no dashes in every shell, the name of the program may have some.
  std::string text = ReplaceAll(std::string(script), "_PROGRAM_complete", "_" + ReplaceAll(program, "-", "_") + "_complete");
  return ReplaceAll(std::move(text), "PROGRAM", program);
}

Command MakeCompletionCommand(const std::string& program) {
  Command command;
  command.name = "completion";
  command.summary = "Print a script that completes " + program + " commands in your shell";
  command.help = "Print a completion script. Load it in the running shell, or put it where your shell looks for completions.";
  command.example = "source <(" + program + " completion bash)\n" + program + " completion zsh > \"${fpath[1]}/_" + program + "\"\n" +
                    program + " completion fish > ~/.config/fish/completions/" + program + ".fish";
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    command.children.push_back(
        Command{.name = shell, .summary = "Completion script for " + shell, .run = [shell, program](const Invocation& invocation) {
                  const Result<std::string> script = CompletionScript(shell, program);
                  if (!script) return 1;
                  invocation.out() << *script;
                  return 0;
                }});
  }
  return command;
}

}  // namespace kuma::cli
