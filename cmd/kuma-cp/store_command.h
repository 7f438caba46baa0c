// `kuma cp store`: backup, restore, check and copy of what a control plane keeps.
#pragma once

#include "pkg/cli/command.h"

namespace kuma::cp {

cli::Command MakeStoreCommand();

}  // namespace kuma::cp
