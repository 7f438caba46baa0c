// The two services of the demo, run as hidden subcommands: `kuma demo workload backend|frontend`. Each prints "listening ADDRESS" once it
// serves, and ends on SIGTERM.
#pragma once

#include <string>
#include <string_view>

#include "pkg/cli/command.h"

namespace kuma::demo {

// First word of the line a workload prints when it can be called.
inline constexpr std::string_view kListening = "listening ";
// What a proxy with mTLS tells the service about the caller.
inline constexpr std::string_view kClientCertHeader = "x-forwarded-client-cert";

// The URI of the caller's certificate in a value of that header; empty when there is none.
std::string CallerIdentity(std::string_view client_cert_header);

cli::Command MakeWorkloadCommand();

}  // namespace kuma::demo
