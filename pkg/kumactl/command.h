// `kumactl`, also `kuma ctl`: the users' command line of a control plane.
#pragma once

#include "pkg/cli/command.h"
#include "pkg/kumactl/environment.h"

namespace kuma::kumactl {

cli::Command MakeCommand();
cli::Command MakeCommand(const EnvironmentPtr& environment);

}  // namespace kuma::kumactl
