#include "pkg/config/command.h"

#include "pkg/base/strings.h"
#include "pkg/config/display.h"
#include "pkg/config/value.h"

namespace kuma::config {
namespace {

cli::FlagType TypeOf(OptionType type) {
  switch (type) {
    case OptionType::kBool:
      return cli::FlagType::kBool;
    case OptionType::kInt:
      return cli::FlagType::kInt;
    case OptionType::kDuration:
      return cli::FlagType::kDuration;
    case OptionType::kList:
    case OptionType::kIntList:
      return cli::FlagType::kStringList;
    case OptionType::kMap:
      return cli::FlagType::kStringMap;
    case OptionType::kText:
    case OptionType::kJson:
      return cli::FlagType::kString;
  }
  return cli::FlagType::kString;
}

bool HasConfigFile(const cli::Invocation& invocation) {
  for (const cli::Flag* flag : cli::FlagsOf(invocation.path())) {
    if (flag->name == "config-file") return true;
  }
  return false;
}

int Fail(const cli::Invocation& invocation, const Error& error) {
  invocation.err() << "Error: " << error.ToString() << "\n";
  return 1;
}

}  // namespace

cli::Flag ConfigFileFlag() {
  return cli::Flag{
      .name = "config-file", .shorthand = "c", .value_name = "FILE", .help = "configuration file; - reads it from standard input"};
}

std::vector<cli::Flag> FlagsFor(const OptionTable& table) {
  std::vector<cli::Flag> flags;
  for (size_t i = 0; i < table.options().size(); ++i) {
    const Option& option = table.options()[i];
    if (option.flag.empty()) continue;
    cli::Flag flag{.name = std::string(option.flag),
                   .shorthand = std::string(option.shorthand),
                   .type = TypeOf(option.type),
                   .help = std::string(option.doc)};
    flag.default_value = option.secret ? "" : ValueToText(table.DefaultOf(i));
    if (option.type == OptionType::kInt && flag.default_value == "0") flag.default_value.clear();
    if (option.accepted_only) flag.help += " Has no effect.";
    // The loader itself warns about deprecated keys.
    if (!option.deprecated.empty()) flag.help += " Deprecated: " + std::string(option.deprecated) + ".";
    if (!option.allowed.empty() && option.allowed.front() != '|') flag.choices = Split(option.allowed, '|');
    flags.push_back(std::move(flag));
  }
  return flags;
}

std::vector<FlagText> TypedFlags(const OptionTable& table, const cli::Invocation& invocation) {
  std::vector<FlagText> typed;
  for (const Option& option : table.options()) {
    if (option.flag.empty() || !invocation.IsSet(option.flag)) continue;
    const cli::FlagType type = TypeOf(option.type);
    const bool list = type == cli::FlagType::kStringList || type == cli::FlagType::kStringMap;
    typed.push_back({std::string(option.flag), list ? Join(invocation.GetList(option.flag), ",") : invocation.GetString(option.flag)});
  }
  return typed;
}

Result<Loaded> LoadFor(const cli::Invocation& invocation, const OptionTable& table, const LoadFunction& load,
                       const Environment& environment) {
  LoadInput input;
  if (HasConfigFile(invocation)) {
    KUMA_TRY_ASSIGN(input.file, ReadConfigFile(invocation.GetString("config-file"), invocation.in()));
  }
  input.environment = environment;
  input.flags = TypedFlags(table, invocation);
  return load(input);
}

cli::Command MakeConfigCommand(const OptionTable& table, LoadFunction load, std::function<Environment()> environment) {
  cli::Command command;
  command.name = "config";
  command.summary = "Show and explain the configuration of the " + table.role();
  command.help =
      "Every setting can be given in a file (--config-file), in an environment variable or, for some, by a flag. A flag wins over a "
      "variable, a variable over the file.";

  cli::Command defaults{.name = "defaults", .summary = "Print a configuration file with every default and its meaning"};
  defaults.run = [&table](const cli::Invocation& invocation) {
    invocation.out() << PrintDefaults(table);
    return 0;
  };

  cli::Command show{.name = "show", .summary = "Print the configuration that file and environment give, and where each value comes from"};
  show.flags = {ConfigFileFlag(),
                cli::Flag{.name = "changed", .type = cli::FlagType::kBool, .help = "only what differs from the defaults"}};
  show.run = [&table, load, environment](const cli::Invocation& invocation) {
    const Result<Loaded> loaded = LoadFor(invocation, table, load, environment());
    if (!loaded) return Fail(invocation, loaded.error());
    for (const std::string& warning : loaded->warnings) invocation.err() << "Warning: " << warning << "\n";
    invocation.out() << PrintEffective(loaded->config, invocation.GetBool("changed"));
    return 0;
  };

  cli::Command explain{.name = "explain", .summary = "Explain one key: meaning, type, default, variable and present value"};
  explain.args = "KEY";
  explain.example = "config explain " + std::string(table.options().front().key);
  explain.min_args = 1;
  explain.max_args = 1;
  explain.flags = {ConfigFileFlag()};
  explain.complete = [&table](const cli::Invocation&) { return table.Keys(); };
  explain.run = [&table, load, environment](const cli::Invocation& invocation) {
    // A broken configuration must not keep its own explanation from the reader.
    const Result<Loaded> loaded = LoadFor(invocation, table, load, environment());
    if (!loaded) invocation.err() << "Warning: " << loaded.error().ToString() << "\nDefaults are shown.\n";
    const Result<std::string> text = ExplainKey(loaded ? loaded->config : Config(table), invocation.Arg(0));
    if (!text) return Fail(invocation, text.error());
    invocation.out() << *text;
    return 0;
  };

  command.children = {std::move(defaults), std::move(show), std::move(explain)};
  return command;
}

}  // namespace kuma::config
