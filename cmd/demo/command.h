// `kuma demo`: a small mesh on this machine, run and watched.
#pragma once

#include "pkg/cli/command.h"

namespace kuma::demo {

cli::Command MakeCommand();

}  // namespace kuma::demo
