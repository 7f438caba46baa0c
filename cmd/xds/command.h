// `kuma xds`: what a proxy would get, without any server.
#pragma once

#include "pkg/cli/command.h"

namespace kuma::xds {

cli::Command MakeCommand();

}  // namespace kuma::xds
