// Help text of a command, made from its table row.
#pragma once

#include <string>
#include <vector>

#include "pkg/cli/command.h"

namespace kuma::cli {

// REQUIRES: path is root first and not empty.
std::string HelpText(const std::vector<const Command*>& path);

// "kumactl apply [flags]"
std::string UsageLine(const std::vector<const Command*>& path);

}  // namespace kuma::cli
