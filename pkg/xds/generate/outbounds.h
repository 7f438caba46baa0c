// Outbounds of a proxy: those its Dataplane lists, or, with transparent proxying, one for each address that stands for a service.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pkg/mesh/snapshot.h"
#include "pkg/policy/drafts.h"
#include "pkg/xds/generate/clusters.h"
#include "pkg/xds/generate/proxy.h"

namespace kuma::xds {

struct OutboundPlan {
  std::string address;
  uint32_t port = 0;
  mesh::Tags tags;                 // kuma.io/service included; empty for a destination
  std::optional<Kri> destination;  // with section
  std::string service;             // tag, or legacy name of the destination
  mesh::Protocol protocol = mesh::Protocol::kUnknown;
};

// Names that resolve to an address.
struct VirtualName {
  std::string name;
  std::string address;
};

struct OutboundList {
  std::vector<OutboundPlan> outbounds;
  std::vector<VirtualName> names;  // of the outbounds' addresses, sorted by name
  std::vector<Warning> warnings;   // about those that are left out
};

OutboundList ListOutbounds(const ProxyInput& input, const policy::ProxyFacts& facts);

// What to say when `service` speaks Kafka and Envoy was built without the filter for it.
Warning NoKafkaFilter(const std::string& service);

// The listener unit of an outbound; finds the clusters it needs. Nothing: there is nowhere to route to. `warnings` gets what is wrong.
std::optional<Unit> OutboundUnit(const std::shared_ptr<const policy::ProxyFacts>& facts, const OutboundPlan& outbound,
                                 const policy::RuleSets& rules, ClusterPlanner& clusters, RuleSlicer& slicer, std::vector<Warning>& warnings);

}  // namespace kuma::xds
