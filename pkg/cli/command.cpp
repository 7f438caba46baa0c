#include "pkg/cli/command.h"

#include <algorithm>

#include "pkg/base/log.h"
#include "pkg/base/strings.h"
#include "pkg/cli/complete.h"
#include "pkg/cli/help.h"
#include "pkg/cli/parse.h"

namespace kuma::cli {

Invocation::Invocation(std::vector<const Command*> path, std::vector<std::string> args,
                       std::map<std::string, std::vector<std::string>> values, Streams streams)
    : path_(std::move(path)), args_(std::move(args)), values_(std::move(values)), streams_(streams) {}

std::string Invocation::CommandPath() const { return cli::CommandPath(path_); }

bool Invocation::IsSet(std::string_view flag) const { return values_.find(std::string(flag)) != values_.end(); }

std::vector<std::string> Invocation::Raw(std::string_view name) const {
  if (const auto typed = values_.find(std::string(name)); typed != values_.end()) return typed->second;
  for (const Flag* flag : FlagsOf(path_)) {
    if (flag->name != name) continue;
    return flag->default_value.empty() ? std::vector<std::string>{} : std::vector<std::string>{flag->default_value};
  }
  Logger("cli").Error("a command asks for a flag that it does not have", {{"command", CommandPath()}, {"flag", std::string(name)}});
  return {};
}

std::string Invocation::GetString(std::string_view flag) const {
  const std::vector<std::string> values = Raw(flag);
  return values.empty() ? std::string() : values.back();
}

bool Invocation::GetBool(std::string_view flag) const { return ParseBool(GetString(flag)).value_or(false); }

int64_t Invocation::GetInt(std::string_view flag) const { return ParseInt(GetString(flag)).value_or(0); }

Nanos Invocation::GetDuration(std::string_view flag) const {
  const std::string text = GetString(flag);
  return text.empty() ? Nanos(0) : ParseDuration(text).value_or(Nanos(0));
}

std::vector<std::string> Invocation::GetList(std::string_view name) const {
  bool split = true;
  for (const Flag* flag : FlagsOf(path_)) {
    if (flag->name == name) split = flag->type != FlagType::kStringArray;
  }
  std::vector<std::string> list;
  for (const std::string& value : Raw(name)) {
    if (!split) {
      list.push_back(value);
      continue;
    }
    for (std::string& part : Split(value, ',')) list.push_back(std::move(part));
  }
  return list;
}

std::map<std::string, std::string> Invocation::GetMap(std::string_view name) const {
  std::map<std::string, std::string> map;
  for (const std::string& part : GetList(name)) {
    const size_t equals = part.find('=');
    if (equals != std::string::npos) map[part.substr(0, equals)] = part.substr(equals + 1);
  }
  return map;
}

std::vector<const Flag*> FlagsOf(const std::vector<const Command*>& path) {
  std::vector<const Flag*> flags;
  for (size_t i = path.size(); i-- > 0;) {
    for (const Flag& flag : path[i]->flags) {
      if (i + 1 != path.size() && !flag.persistent) continue;
      const bool shadowed = std::any_of(flags.begin(), flags.end(), [&](const Flag* nearer) { return nearer->name == flag.name; });
      if (!shadowed) flags.push_back(&flag);
    }
  }
  return flags;
}

const Command* FindChild(const Command& command, std::string_view name) {
  for (const Command& child : command.children) {
    if (child.name == name) return &child;
    for (const std::string& alias : child.aliases) {
      if (alias == name) return &child;
    }
  }
  return nullptr;
}

std::string CommandPath(const std::vector<const Command*>& path) {
  std::vector<std::string> names;
  for (const Command* command : path) names.push_back(command->name);
  return Join(names, " ");
}

int Run(const Command& root, const std::vector<std::string>& args, Streams streams) {
  if (!args.empty() && args[0] == kCompleteCommand) {
    for (const std::string& line : Complete(root, {args.begin() + 1, args.end()})) streams.out << line << "\n";
    return 0;
  }
  // "kumactl help get meshes" is "kumactl get meshes --help".
  if (!args.empty() && args[0] == "help" && FindChild(root, "help") == nullptr) {
    std::vector<std::string> words(args.begin() + 1, args.end());
    words.push_back("--help");
    return Run(root, words, streams);
  }
  const ParseOutcome outcome = Parse(root, args);
  if (outcome.error) {
    streams.err << "Error: " << outcome.error->message << "\n";
    if (!outcome.error->suggestion.empty()) streams.err << "\nDid you mean this?\n\t" << outcome.error->suggestion << "\n\n";
    streams.err << "Run '" << CommandPath(outcome.error->path) << " --help' for usage.\n";
    return kUsageError;
  }
  const ParsedLine& line = outcome.line;
  if (line.help) {
    streams.out << HelpText(line.path);
    return 0;
  }
  if (line.version) {
    streams.out << line.path.back()->version << "\n";
    return 0;
  }
  for (const std::string& warning : line.warnings) streams.err << warning << "\n";
  const Command& command = *line.path.back();
  if (!command.run) {
    streams.out << HelpText(line.path);
    return 0;
  }
  return command.run(Invocation(line.path, line.args, line.values, streams));
}

}  // namespace kuma::cli
