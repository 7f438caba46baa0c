// `kuma-cp`: run, config, migrate, version.
#pragma once

#include "pkg/cli/command.h"

namespace kuma::cp {

cli::Command MakeCommand();

}  // namespace kuma::cp
