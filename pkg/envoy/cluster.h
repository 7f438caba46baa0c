// Builders of clusters and load assignments.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/duration.h"
#include "pkg/base/label_map.h"
#include "pkg/envoy/draft.h"

namespace kuma::envoy {

// One upstream host. `unix_path` wins over address and port.
struct Host {
  std::string address;
  uint32_t port = 0;
  std::string unix_path;
  LabelMap tags;  // kuma.io/service is left out of the metadata: the cluster is named by it
  LabelMap labels;
  uint32_t weight = 0;  // 0: not set
  bool has_locality = false;
  std::string zone;
  std::string sub_zone;
  uint32_t priority = 0;
  uint32_t locality_weight = 0;
};

// Hosts grouped by locality, in a stable order.
LoadAssignment MakeLoadAssignment(std::string cluster_name, const std::vector<Host>& hosts);

// Endpoints come over ADS.
ClusterDraft EdsCluster(std::string name);
// Fixed endpoints: STATIC, or STRICT_DNS when one of them is a name.
ClusterDraft FixedCluster(std::string name, const std::vector<Host>& hosts, bool ipv6_dns);
// Without any endpoint: refuses all traffic.
ClusterDraft EmptyCluster(std::string name);
// Connects to where the caller wanted to go.
ClusterDraft OriginalDestinationCluster(std::string name);

void SetConnectTimeout(ClusterDraft& draft, Nanos timeout);
// Protocol towards the upstream; keeps one that is set.
void UseHttp1(ClusterDraft& draft);
void UseHttp2(ClusterDraft& draft);
void BindSource(ClusterDraft& draft, std::string address);
// The circuit breaker threshold of the default priority, made when missing, with remaining resources exposed as gauges.
::envoy::config::cluster::v3::CircuitBreakers::Thresholds& DefaultThreshold(Cluster& cluster);

bool IsIpAddress(const std::string& text);
bool IsIpv6Address(const std::string& text);

}  // namespace kuma::envoy
