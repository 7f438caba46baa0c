// `kuma-cp migrate up`: brings the schema of the configured database up to date.
#pragma once

#include "pkg/cli/command.h"

namespace kuma::cp {

cli::Command MakeMigrateCommand();

}  // namespace kuma::cp
