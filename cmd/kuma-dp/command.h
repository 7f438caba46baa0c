// The command tree of kuma-dp.
#pragma once

#include "pkg/cli/command.h"

namespace kuma::dp {

cli::Command MakeCommand();

}  // namespace kuma::dp
