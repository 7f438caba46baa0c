// What insights of proxies and zones tell about their connections, for the tables of `kumactl inspect`.
#pragma once

#include <string>

#include "pkg/base/clock.h"
#include "pkg/base/json.h"

namespace kuma::kumactl {

struct Connections {
  bool online = false;  // a subscription has begun and not ended
  Json last;            // the last subscription, or null
  std::string connected_ago;
  std::string updated_ago;
  int64_t updates = 0;  // sums over all subscriptions
  int64_t errors = 0;
};

Connections ConnectionsOf(const Json& insight, SystemTime now);

}  // namespace kuma::kumactl
