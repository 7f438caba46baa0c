// The `config defaults|show|explain` commands of a role, and the flags of its run command that come from the option table.
#pragma once

#include <functional>
#include <vector>

#include "pkg/cli/command.h"
#include "pkg/config/loader.h"

namespace kuma::config {

// One flag for every option of the table that names one.
std::vector<cli::Flag> FlagsFor(const OptionTable& table);
// The typed ones, for LoadInput::flags.
std::vector<FlagText> TypedFlags(const OptionTable& table, const cli::Invocation& invocation);

// --config-file FILE, -c
cli::Flag ConfigFileFlag();

using LoadFunction = std::function<Result<Loaded>(const LoadInput&)>;

// `load` is LoadControlPlane or LoadDataplane; the environment is the process's when the command runs.
// REQUIRES: table outlives the command.
cli::Command MakeConfigCommand(const OptionTable& table, LoadFunction load, std::function<Environment()> environment = ProcessEnvironment);

// What every command of a role does first: reads the file of --config-file (when the command has that flag) and the typed
// flags, and loads.
Result<Loaded> LoadFor(const cli::Invocation& invocation, const OptionTable& table, const LoadFunction& load,
                       const Environment& environment);

}  // namespace kuma::config
