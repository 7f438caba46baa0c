#include "pkg/cli/help.h"

#include <algorithm>

#include "pkg/base/strings.h"

namespace kuma::cli {
namespace {

std::string ValueName(const Flag& flag) {
  if (!flag.value_name.empty()) return flag.value_name;
  switch (flag.type) {
    case FlagType::kBool:
      return "";
    case FlagType::kString:
      return "string";
    case FlagType::kInt:
      return "int";
    case FlagType::kDuration:
      return "duration";
    case FlagType::kStringList:
      return "strings";
    case FlagType::kStringArray:
      return "string";
    case FlagType::kStringMap:
      return "key=value";
  }
  return "";
}

std::string ShownDefault(const Flag& flag) {
  if (flag.default_value.empty() || (flag.type == FlagType::kBool && flag.default_value == "false")) return "";
  const bool quoted = flag.type == FlagType::kString || flag.type == FlagType::kStringArray;
  return quoted ? " (default \"" + flag.default_value + "\")" : " (default " + flag.default_value + ")";
}

using Rows = std::vector<std::pair<std::string, std::string>>;

// Two columns; further lines of the second are indented to it.
std::string Columns(const Rows& rows) {
  size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.first.size());
  std::string text;
  for (const auto& [left, right] : rows) {
    const std::string indent(width + 5, ' ');
    text += "  " + left + std::string(width - left.size() + 3, ' ') + ReplaceAll(right, "\n", "\n" + indent);
    while (!text.empty() && text.back() == ' ') text.pop_back();
    text += "\n";
  }
  return text;
}

Rows FlagRows(const std::vector<const Flag*>& flags) {
  std::vector<const Flag*> sorted = flags;
  std::sort(sorted.begin(), sorted.end(), [](const Flag* a, const Flag* b) { return a->name < b->name; });
  Rows rows;
  for (const Flag* flag : sorted) {
    if (flag->hidden) continue;
    std::string left = flag->shorthand.empty() ? "    " : "-" + flag->shorthand + ", ";
    left += "--" + flag->name;
    if (const std::string value = ValueName(*flag); !value.empty()) left += flag->bare_value.empty() ? " " + value : "[=" + value + "]";
    std::string right = flag->help;
    if (!flag->choices.empty()) right += " (one of: " + Join(flag->choices, ", ") + ")";
    right += ShownDefault(*flag);
    if (flag->required) right += " (required)";
    if (!flag->deprecated.empty()) right += " (DEPRECATED: " + flag->deprecated + ")";
    rows.emplace_back(left, std::string(Trim(right)));
  }
  return rows;
}

void AddCommands(const Command& command, std::string& text) {
  std::vector<std::string> groups;
  for (const Command& child : command.children) {
    if (child.hidden) continue;
    if (std::find(groups.begin(), groups.end(), child.group) == groups.end()) groups.push_back(child.group);
  }
  for (const std::string& group : groups) {
    Rows rows;
    for (const Command& child : command.children) {
      if (!child.hidden && child.group == group) rows.emplace_back(child.name, child.summary);
    }
    text += "\n" + (group.empty() ? std::string("Commands") : group) + ":\n" + Columns(rows);
  }
}

}  // namespace

std::string UsageLine(const std::vector<const Command*>& path) {
  const Command& command = *path.back();
  std::string line = CommandPath(path);
  if (!command.args.empty()) line += " " + command.args;
  return line + " [flags]";
}

std::string HelpText(const std::vector<const Command*>& path) {
  const Command& command = *path.back();
  std::string text(Trim(command.help.empty() ? command.summary : command.help));
  if (!text.empty()) text += "\n\n";
  text += "Usage:\n";
  if (command.run) text += "  " + UsageLine(path) + "\n";
  if (!command.children.empty()) text += "  " + CommandPath(path) + " [command]\n";
  if (!command.aliases.empty()) text += "\nAliases:\n  " + command.name + ", " + Join(command.aliases, ", ") + "\n";
  if (!command.example.empty()) {
    text += "\nExamples:\n";
    std::string example(command.example);
    while (!example.empty() && example.back() == '\n') example.pop_back();
    for (const std::string& line : Split(example, '\n')) text += line.empty() ? "\n" : "  " + line + "\n";
  }
  AddCommands(command, text);

  const Flag help{.name = "help", .shorthand = "h", .type = FlagType::kBool, .help = "help for " + command.name};
  const Flag version{.name = "version", .type = FlagType::kBool, .help = "version of " + command.name};
  std::vector<const Flag*> own = {&help};
  if (!command.version.empty()) own.push_back(&version);
  std::vector<const Flag*> inherited;
  for (const Flag* flag : FlagsOf(path)) {
    const bool mine = std::any_of(command.flags.begin(), command.flags.end(), [&](const Flag& f) { return &f == flag; });
    (mine ? own : inherited).push_back(flag);
  }
  text += "\nFlags:\n" + Columns(FlagRows(own));
  if (const Rows rows = FlagRows(inherited); !rows.empty()) text += "\nGlobal Flags:\n" + Columns(rows);
  if (!command.children.empty()) text += "\nUse \"" + CommandPath(path) + " [command] --help\" for more information about a command.\n";
  return text;
}

}  // namespace kuma::cli
