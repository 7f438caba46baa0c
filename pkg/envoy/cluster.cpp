#include "pkg/envoy/cluster.h"

#include <arpa/inet.h>

#include <algorithm>

#include "pkg/envoy/names.h"

namespace kuma::envoy {

namespace {

using LocalityEndpoints = ::envoy::config::endpoint::v3::LocalityLbEndpoints;
using LbEndpoint = ::envoy::config::endpoint::v3::LbEndpoint;

// An empty alt_stat_name keeps the metric name of a cluster equal to its name.
void SetAltStatName(Cluster& cluster) {
  const std::string sanitized = SanitizeMetric(cluster.name());
  if (sanitized != cluster.name()) cluster.set_alt_stat_name(sanitized);
}

ClusterDraft Named(std::string name, Cluster::DiscoveryType type) {
  ClusterDraft draft;
  draft.cluster.set_name(std::move(name));
  draft.cluster.set_type(type);
  return draft;
}

LbEndpoint MakeLbEndpoint(const Host& host) {
  LbEndpoint endpoint;
  auto* address = endpoint.mutable_endpoint()->mutable_address();
  if (!host.unix_path.empty()) {
    address->mutable_pipe()->set_path(host.unix_path);
  } else {
    address->mutable_socket_address()->set_address(host.address);
    address->mutable_socket_address()->set_port_value(host.port);
  }
  if (host.weight > 0) endpoint.mutable_load_balancing_weight()->set_value(host.weight);

  LabelMap tags = host.tags;
  tags.erase("kuma.io/service");
  if (!tags.empty()) {
    auto& metadata = *endpoint.mutable_metadata()->mutable_filter_metadata();
    metadata["envoy.lb"] = StringStruct(tags);
    metadata["envoy.transport_socket_match"] = StringStruct(tags);
  }
  if (!host.labels.empty()) (*endpoint.mutable_metadata()->mutable_filter_metadata())["io.kuma.labels"] = StringStruct(host.labels);
  return endpoint;
}

}  // namespace

LoadAssignment MakeLoadAssignment(std::string cluster_name, const std::vector<Host>& hosts) {
  LoadAssignment assignment;
  assignment.set_cluster_name(std::move(cluster_name));

  std::vector<const Host*> ordered;
  for (const Host& host : hosts) ordered.push_back(&host);
  const auto locality = [](const Host& h) { return std::tie(h.has_locality, h.zone, h.sub_zone, h.priority, h.locality_weight); };
  std::stable_sort(ordered.begin(), ordered.end(), [&](const Host* a, const Host* b) {
    return std::tuple_cat(locality(*a), std::tie(a->address, a->port)) < std::tuple_cat(locality(*b), std::tie(b->address, b->port));
  });

  const Host* previous = nullptr;
  for (const Host* host : ordered) {
    if (previous == nullptr || locality(*previous) != locality(*host)) {
      LocalityEndpoints* group = assignment.add_endpoints();
      if (host->has_locality) {
        group->mutable_locality()->set_zone(host->zone);
        group->mutable_locality()->set_sub_zone(host->sub_zone);
        group->set_priority(host->priority);
        if (host->locality_weight > 0) group->mutable_load_balancing_weight()->set_value(host->locality_weight);
      }
    }
    *assignment.mutable_endpoints(assignment.endpoints_size() - 1)->add_lb_endpoints() = MakeLbEndpoint(*host);
    previous = host;
  }
  return assignment;
}

ClusterDraft EdsCluster(std::string name) {
  ClusterDraft draft = Named(std::move(name), Cluster::EDS);
  auto* config = draft.cluster.mutable_eds_cluster_config()->mutable_eds_config();
  config->set_resource_api_version(::envoy::config::core::v3::V3);
  config->mutable_ads();
  SetAltStatName(draft.cluster);
  return draft;
}

ClusterDraft FixedCluster(std::string name, const std::vector<Host>& hosts, bool ipv6_dns) {
  const bool dns = std::any_of(hosts.begin(), hosts.end(), [](const Host& h) { return h.unix_path.empty() && !IsIpAddress(h.address); });
  ClusterDraft draft = Named(std::move(name), dns ? Cluster::STRICT_DNS : Cluster::STATIC);
  if (dns) draft.cluster.set_dns_lookup_family(ipv6_dns ? Cluster::AUTO : Cluster::V4_ONLY);
  *draft.cluster.mutable_load_assignment() = MakeLoadAssignment(draft.cluster.name(), hosts);
  SetAltStatName(draft.cluster);
  return draft;
}

ClusterDraft EmptyCluster(std::string name) {
  ClusterDraft draft = Named(std::move(name), Cluster::STATIC);
  draft.cluster.set_alt_stat_name(draft.cluster.name());
  return draft;
}

ClusterDraft OriginalDestinationCluster(std::string name) {
  ClusterDraft draft = Named(std::move(name), Cluster::ORIGINAL_DST);
  draft.cluster.set_lb_policy(Cluster::CLUSTER_PROVIDED);
  SetAltStatName(draft.cluster);
  return draft;
}

void SetConnectTimeout(ClusterDraft& draft, Nanos timeout) { SetDuration(draft.cluster.mutable_connect_timeout(), timeout); }

void UseHttp1(ClusterDraft& draft) {
  HttpProtocolOptions& options = draft.Http();
  if (!options.has_explicit_http_config()) options.mutable_explicit_http_config()->mutable_http_protocol_options();
}

void UseHttp2(ClusterDraft& draft) {
  HttpProtocolOptions& options = draft.Http();
  if (!options.has_explicit_http_config()) options.mutable_explicit_http_config()->mutable_http2_protocol_options();
}

void BindSource(ClusterDraft& draft, std::string address) {
  auto* source = draft.cluster.mutable_upstream_bind_config()->mutable_source_address();
  source->set_address(std::move(address));
  source->set_port_value(0);
}

::envoy::config::cluster::v3::CircuitBreakers::Thresholds& DefaultThreshold(Cluster& cluster) {
  auto* breakers = cluster.mutable_circuit_breakers();
  for (auto& threshold : *breakers->mutable_thresholds()) {
    if (threshold.priority() == ::envoy::config::core::v3::DEFAULT) {
      threshold.set_track_remaining(true);
      return threshold;
    }
  }
  auto* threshold = breakers->add_thresholds();
  threshold->set_track_remaining(true);
  return *threshold;
}

bool IsIpv6Address(const std::string& text) {
  unsigned char buffer[sizeof(in6_addr)];
  return inet_pton(AF_INET6, text.c_str(), buffer) == 1;
}

bool IsIpAddress(const std::string& text) {
  unsigned char buffer[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), buffer) == 1 || IsIpv6Address(text);
}

}  // namespace kuma::envoy
