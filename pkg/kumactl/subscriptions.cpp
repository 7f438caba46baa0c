#include "pkg/kumactl/subscriptions.h"

#include "pkg/kumactl/output.h"

namespace kuma::kumactl {

Connections ConnectionsOf(const Json& insight, SystemTime now) {
  Connections connections;
  for (const Json& subscription : Get(insight, "subscriptions")) {
    if (Get(subscription, "connectTime").is_string() && !Get(subscription, "disconnectTime").is_string()) connections.online = true;
    const Json& total = GetPath(subscription, {"status", "total"});
    connections.updates += NumberOf(Get(total, "responsesSent"));
    connections.errors += NumberOf(Get(total, "responsesRejected"));
    connections.last = subscription;
  }
  connections.connected_ago = AgeText(Get(connections.last, "connectTime"), now);
  connections.updated_ago = AgeText(GetPath(connections.last, {"status", "lastUpdateTime"}), now);
  return connections;
}

}  // namespace kuma::kumactl
