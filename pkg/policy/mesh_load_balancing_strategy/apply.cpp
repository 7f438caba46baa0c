#include "pkg/policy/mesh_load_balancing_strategy/apply.h"

#include "pkg/policy/conf.h"
#include "pkg/policy/mesh_load_balancing_strategy/localities.h"

namespace kuma::policy {

namespace {

using HashPolicy = envoy::RouteAction::HashPolicy;

const Json& EmptyConf() {
  static const Json kEmpty = Json::object();
  return kEmpty;
}

const Json& ConfOf(const ResourceRule* rule) { return rule == nullptr ? EmptyConf() : rule->confs.front(); }

void SetHash(HashPolicy& hash, const Json& conf) {
  const std::string type = GetString(conf, "type");
  hash.set_terminal(GetBool(conf, "terminal"));
  if (type == "Header") {
    hash.mutable_header()->set_header_name(GetString(Get(conf, "header"), "name"));
  } else if (type == "Cookie") {
    const Json& cookie = Get(conf, "cookie");
    hash.mutable_cookie()->set_name(GetString(cookie, "name"));
    hash.mutable_cookie()->set_path(GetString(cookie, "path"));
    if (const auto ttl = FindDuration(cookie, "ttl")) envoy::SetDuration(hash.mutable_cookie()->mutable_ttl(), *ttl);
  } else if (type == "QueryParameter") {
    hash.mutable_query_parameter()->set_name(GetString(Get(conf, "queryParameter"), "name"));
  } else if (type == "FilterState") {
    hash.mutable_filter_state()->set_key(GetString(Get(conf, "filterState"), "key"));
  } else {  // Connection, and its old name SourceIP
    hash.mutable_connection_properties()->set_source_ip(GetBool(Get(conf, "connection"), "sourceIP"));
  }
}

// At the top, or where older policies have them: inside of the balancer that reads them.
const Json& HashPoliciesOf(const Json& conf) {
  if (const Json& policies = Get(conf, "hashPolicies"); !policies.is_null()) return policies;
  const Json& balancer = Get(conf, "loadBalancer");
  const std::string type = GetString(balancer, "type");
  return Get(Get(balancer, type == "RingHash" ? "ringHash" : type == "Maglev" ? "maglev" : ""), "hashPolicies");
}

void AddHashes(envoy::Route& route, const Json& conf) {
  if (!route.has_route()) return;
  for (const Json& policy : HashPoliciesOf(conf)) SetHash(*route.mutable_route()->add_hash_policy(), policy);
}

// A value that Envoy would reject the cluster for.
struct Fault {
  const char* path;  // below loadBalancer
  std::string message;
};
using Faults = std::vector<Fault>;

bool IsPrime(uint32_t number) {
  if (number < 2) return false;
  for (uint64_t factor = 2; factor * factor <= number; ++factor) {
    if (number % factor == 0) return false;
  }
  return true;
}

void SetRingHash(envoy::Cluster& cluster, const Json& conf, Faults& faults) {
  constexpr uint32_t kDefaultMin = 1024;  // of Envoy
  constexpr uint32_t kMost = 8388608;
  cluster.set_lb_policy(envoy::Cluster::RING_HASH);
  if (!conf.is_object()) return;
  auto& config = *cluster.mutable_ring_hash_lb_config();
  const auto min = FindUint(conf, "minRingSize");
  const auto max = FindUint(conf, "maxRingSize");
  if (min.value_or(kDefaultMin) > max.value_or(kMost)) {
    faults.push_back({"ringHash", "both ring sizes are left out: the smallest one, " + std::to_string(min.value_or(kDefaultMin)) + ", is larger than the largest one, " +
                                      std::to_string(max.value_or(kMost))});
  } else {
    if (min) config.mutable_minimum_ring_size()->set_value(*min);
    if (max) config.mutable_maximum_ring_size()->set_value(*max);
  }
  if (GetString(conf, "hashFunction") == "MurmurHash2") config.set_hash_function(envoy::Cluster::RingHashLbConfig::MURMUR_HASH_2);
}

void SetLeastRequest(envoy::Cluster& cluster, const Json& conf) {
  cluster.set_lb_policy(envoy::Cluster::LEAST_REQUEST);
  if (!conf.is_object()) return;
  auto& config = *cluster.mutable_least_request_lb_config();
  if (const auto bias = FindDecimal(conf, "activeRequestBias")) config.mutable_active_request_bias()->set_default_value(*bias);
  if (const auto count = FindUint(conf, "choiceCount")) config.mutable_choice_count()->set_value(*count);
}

void SetBalancer(envoy::Cluster& cluster, const Json& balancer, Faults& faults) {
  const std::string type = GetString(balancer, "type");
  if (type == "RoundRobin") cluster.set_lb_policy(envoy::Cluster::ROUND_ROBIN);
  if (type == "Random") cluster.set_lb_policy(envoy::Cluster::RANDOM);
  if (type == "LeastRequest") SetLeastRequest(cluster, Get(balancer, "leastRequest"));
  if (type == "RingHash") SetRingHash(cluster, Get(balancer, "ringHash"), faults);
  if (type != "Maglev") return;
  cluster.set_lb_policy(envoy::Cluster::MAGLEV);
  const Json& conf = Get(balancer, "maglev");
  if (!conf.is_object()) return;
  auto& config = *cluster.mutable_maglev_lb_config();
  const auto size = FindUint(conf, "tableSize");
  if (size && !IsPrime(*size)) {
    faults.push_back({"maglev.tableSize", std::to_string(*size) + " is left out: Envoy wants a prime number"});
  } else if (size) {
    config.mutable_table_size()->set_value(*size);
  }
}

// Who wrote the conf: the last one that took part in the merge.
Warning BlameFor(const OutboundClusterDraft& draft, const PolicySlice& slice, const Json* conf) {
  const std::vector<Origin>* origins = nullptr;
  if (draft.destination) {
    if (const ResourceRule* rule = slice.ToResource(*draft.destination)) origins = &rule->origins;
  }
  for (const SubsetRule* rule : slice.to) {
    if (&rule->conf == conf) origins = &rule->origins;
  }
  if (origins == nullptr || origins->empty()) return {};
  const Origin& last = origins->back();
  return {ToString(KriOf(last.policy->meta), *draft.proxy.types), "spec.to[" + std::to_string(last.rule_index) + "].default.loadBalancer.", {}};
}

LocalityViewer ViewerOf(const ProxyFacts& proxy, bool legacy) {
  // Destinations that are resources have the egress's address as an endpoint of their own zone's.
  return {proxy.zone, proxy.tags, proxy.labels, legacy && proxy.zone_egress};
}

void Outbound(OutboundDraft& draft, const PolicySlice& slice) {
  const Json* of_service = draft.destination ? nullptr : slice.ToService(draft.service);
  const Json& conf = draft.destination ? ConfOf(slice.ToResource(*draft.destination)) : of_service != nullptr ? *of_service : EmptyConf();
  for (envoy::FilterChainDraft& chain : draft.listener.chains) {
    envoy::HttpConnectionManager* manager = chain.Http();
    if (manager == nullptr) continue;
    for (envoy::VirtualHost& host : *manager->mutable_route_config()->mutable_virtual_hosts()) {
      for (envoy::Route& route : *host.mutable_routes()) {
        Result<Kri> id = draft.destination ? ParseKri(route.name(), *draft.proxy.types) : NotFound("");
        AddHashes(route, id.ok() ? ConfOf(slice.ToResource(*draft.destination, &id.value())) : conf);
      }
    }
  }
}

// What the policies say of a cluster and its endpoints; null: nothing is to be done.
template <typename Draft>
const Json* ConfForCluster(const Draft& draft, const PolicySlice& slice) {
  if (!slice.matched) return nullptr;
  if (draft.destination) return &ConfOf(slice.ToResource(*draft.destination));
  return draft.has_outbound ? slice.ToService(draft.service) : nullptr;
}

void Cluster(OutboundClusterDraft& draft, const PolicySlice& slice) {
  const Json* conf = ConfForCluster(draft, slice);
  if (conf == nullptr) return;
  envoy::Cluster& cluster = draft.cluster.cluster;
  const Json& awareness = Get(*conf, "localityAwareness");
  if (HasAffinity(awareness)) cluster.mutable_common_lb_config()->mutable_locality_weighted_lb_config();
  Faults faults;
  SetBalancer(cluster, Get(*conf, "loadBalancer"), faults);
  for (Fault& fault : faults) {
    Warning warning = BlameFor(draft, slice, conf);
    warning.path += fault.path;
    warning.message = std::move(fault.message);
    draft.warnings.push_back(std::move(warning));
  }
  // A destination has its endpoints in the cluster only on a zone egress, for which all of them are at hand.
  if (cluster.has_load_assignment() && !draft.destination)
    ArrangeLocalities(*cluster.mutable_load_assignment(), awareness, ViewerOf(draft.proxy, true));
}

void Endpoints(EndpointsDraft& draft, const PolicySlice& slice) {
  const Json* conf = ConfForCluster(draft, slice);
  if (conf == nullptr) return;
  ArrangeLocalities(draft.assignment, Get(*conf, "localityAwareness"), ViewerOf(draft.proxy, !draft.destination));
}

}  // namespace

PolicyHooks MeshLoadBalancingStrategyHooks() {
  return {.type = "MeshLoadBalancingStrategy",
          .order = 400,
          .outbound = Outbound,
          .cluster = Cluster,
          .endpoints = Endpoints,
          .reads_tags = true};
}

}  // namespace kuma::policy
