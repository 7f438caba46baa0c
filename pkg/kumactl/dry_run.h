// Changes that a control plane tries without storing them (POST /_dry-run), and how its answer is told: which proxies would change and
// what of their Envoy configuration, field by field.
#pragma once

#include <ostream>
#include <vector>

#include "pkg/kumactl/session.h"

namespace kuma::kumactl {

// Rows of "changes" in the request.
Json PutChange(Json resource);
Json DeleteChange(const std::string& type, const std::string& mesh, const std::string& name);

// --dry-run[=client|server], --diff and --output of commands that write.
std::vector<cli::Flag> DryRunFlags(bool with_client);
// The flags fit together; kInvalid if not.
Status CheckDryRunFlags(const cli::Invocation& invocation);

// Exit code. Without --diff: 0 all accepted, 1 some refused. With it, as kubectl: 0 no proxy would change, 1 some would, 2 some refused.
Result<int> DryRunOnServer(Session& session, std::vector<Json> changes);

// The answer as text. `diff`: with proxies.
void PrintDryRun(std::ostream& out, const Json& answer, bool diff);

}  // namespace kuma::kumactl
