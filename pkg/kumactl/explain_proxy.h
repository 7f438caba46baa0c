// `kumactl explain dataplane NAME`: what policies do to a proxy, asked of a control plane.
#pragma once

#include <vector>

#include "pkg/kumactl/session.h"

namespace kuma::kumactl {

// --outbound, --inbound, --policy, --all, --output.
std::vector<cli::Flag> ExplainProxyFlags();
Result<int> RunExplainProxy(Session& session, const std::string& name);

}  // namespace kuma::kumactl
