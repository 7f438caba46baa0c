// What follows from other settings or from the machine when the user left it open (reference docs: control plane configuration).
#pragma once

#include "pkg/config/config.h"

namespace kuma::cp {

// Authentication types by environment, certificate paths of the single servers from general.tls*, the work dir with ~ expanded.
Result<config::Config> Autoconfigure(config::Config config);

}  // namespace kuma::cp
