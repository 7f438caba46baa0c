// `kuma xds explain`: where the settings of a proxy come from, out of files alone.
#pragma once

#include "pkg/cli/command.h"

namespace kuma::xds {

cli::Command MakeExplainCommand();

}  // namespace kuma::xds
