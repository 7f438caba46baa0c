// The role table: what `kuma` can be. A newcomer starts here.
#pragma once

#include <string>
#include <vector>

#include "pkg/cli/command.h"

namespace kuma {

// The command tree of `kuma` itself; `kuma-cp`, `kuma-dp`, `kumactl` and `kuma-injector` are its children under another name.
cli::Command MakeRootCommand();

// Picks the role by the base name of `program`, else by the first argument. Returns the exit code.
int RunRole(const std::string& program, const std::vector<std::string>& args, cli::Streams streams);

}  // namespace kuma
