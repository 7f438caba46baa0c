#include "pkg/xds/generate/zone_proxy.h"

#include <chrono>
#include <set>

#include "pkg/base/strings.h"
#include "pkg/envoy/message.h"
#include "pkg/envoy/names.h"
#include "pkg/envoy/tls.h"
#include "pkg/policy/mesh_load_balancing_strategy/localities.h"
#include "pkg/xds/generate/clusters.h"
#include "pkg/xds/generate/proxy.h"
#include "pkg/xds/generate/proxy_wide.h"

namespace kuma::xds {
namespace {

using namespace std::chrono_literals;

// Nothing: the reference is to no service known by tags.
std::optional<mesh::Tags> TagsOfTargetRef(const Json& ref) {
  const std::string kind = GetString(ref, "kind");
  const bool subset = kind == "MeshServiceSubset" || kind == "MeshSubset";
  const bool all = kind == "Mesh" || kind == "MeshSubset";
  if (!subset && !all && kind != "MeshService") return std::nullopt;
  mesh::Tags tags;
  if (subset) tags = TextMembers(Get(ref, "tags"));
  tags[std::string(kServiceTag)] = all ? "*" : GetString(ref, "name");
  return tags;
}

void AddRoutes(const mesh::ResourceList& policies, std::map<std::string, TagsList>& out) {
  const auto add = [&](const std::optional<mesh::Tags>& tags) {
    if (tags) out[tags->find(kServiceTag)->second].push_back(*tags);
  };
  for (const ResourcePtr& policy : policies) {
    for (const Json& to : Get(policy->spec, "to")) {
      const std::optional<mesh::Tags> target = TagsOfTargetRef(Get(to, "targetRef"));
      if (!target) continue;
      for (const Json& rule : Get(to, "rules")) {
        const Json& refs = Get(Get(rule, "default"), "backendRefs");
        if (!refs.is_array()) add(target);
        for (const Json& ref : refs) add(TagsOfTargetRef(ref));
      }
    }
  }
}

mesh::Tags WithoutService(mesh::Tags tags) {
  tags.erase(std::string(kServiceTag));
  return tags;
}

UnitOutput GenerateService(const SniService& service) {
  UnitOutput output;
  envoy::ClusterDraft cluster = envoy::EdsCluster(service.cluster);
  envoy::SetConnectTimeout(cluster, 5s);
  if (service.track_remaining) envoy::DefaultThreshold(cluster.cluster);
  std::set<std::vector<std::string>> key_sets;
  for (const mesh::Tags& tags : service.subsets) {
    std::vector<std::string> keys;
    for (const auto& [key, value] : WithoutService(tags)) keys.push_back(key);
    if (!keys.empty()) key_sets.insert(std::move(keys));
  }
  using Subsets = ::envoy::config::cluster::v3::Cluster::LbSubsetConfig;
  for (const std::vector<std::string>& keys : key_sets) {
    Subsets& config = *cluster.cluster.mutable_lb_subset_config();
    config.set_fallback_policy(Subsets::ANY_ENDPOINT);
    auto* selector = config.add_subset_selectors();
    for (const std::string& key : keys) selector->add_keys(key);
    // A split must not silently go to endpoints of another version.
    selector->set_fallback_policy(Subsets::LbSubsetSelector::NO_FALLBACK);
  }
  if (service.on_egress) envoy::DefaultThreshold(cluster.cluster);
  output.Add(ResourceType::kCluster, std::move(cluster).Finish());
  std::vector<envoy::Host> hosts;
  if (service.endpoints != nullptr) {
    for (const mesh::Endpoint& endpoint : service.endpoints->endpoints) hosts.push_back(HostOf(endpoint));
  }
  envoy::LoadAssignment assignment =
      envoy::MakeLoadAssignment(service.cluster, WithoutHostNames(std::move(hosts), service.cluster, output.warnings));
  if (service.awareness) {
    const std::map<std::string, std::vector<std::string>, std::less<>> no_tags;
    const Labels no_labels;
    policy::ArrangeLocalities(assignment, *service.awareness, {service.zone, no_tags, no_labels, false});
  }
  output.Add(ResourceType::kEndpoint, std::move(assignment));
  return output;
}

void AddTags(DigestBuilder& digest, const mesh::Tags& tags) {
  digest.Add(tags.size());
  for (const auto& [key, value] : tags) digest.Add(key).Add(value);
}

}  // namespace

std::map<std::string, TagsList> RoutedTags(const mesh::Snapshot& snapshot) {
  std::map<std::string, TagsList> out;
  // Without any route traffic flows to every instance of every service.
  out["*"].push_back({{std::string(kServiceTag), "*"}});
  AddRoutes(snapshot.Resources("MeshHTTPRoute"), out);
  AddRoutes(snapshot.Resources("MeshTCPRoute"), out);
  return out;
}

SniService MakeTagService(const std::string& mesh, const std::string& service, const std::map<std::string, TagsList>& routed, mesh::EndpointSetPtr endpoints) {
  SniService result;
  result.name = service;
  result.cluster = mesh + ":" + service;
  result.endpoints = std::move(endpoints);
  TagsList all;
  if (const auto own = routed.find(service); own != routed.end()) all = own->second;
  if (const auto any = routed.find("*"); any != routed.end()) {
    all.insert(all.end(), any->second.begin(), any->second.end());
    result.subsets = any->second;
  }
  std::set<std::string> seen;
  for (const mesh::Tags& tags : all) {
    mesh::Tags named = tags;
    named[std::string(kServiceTag)] = service;
    named["mesh"] = mesh;
    SniRoute route{envoy::SniOfTags(named), result.cluster, {}};
    if (!seen.insert(route.sni).second) continue;
    for (const auto& [key, value] : tags) {
      if (value == "*" || result.endpoints == nullptr) continue;
      std::set<std::string> matched;
      std::set<std::string> every;
      for (const mesh::Endpoint& endpoint : result.endpoints->endpoints) {
        const std::string address = envoy::HostPort(endpoint.address, endpoint.port);
        const auto tag = endpoint.tags.find(key);
        if (tag != endpoint.tags.end() && tag->second == value) matched.insert(address);
        every.insert(address);
      }
      if (matched.size() < every.size()) route.subset[key] = value;
    }
    result.subsets.push_back(route.subset);
    route.subset = WithoutService(std::move(route.subset));
    result.routes.push_back(std::move(route));
  }
  return result;
}

Unit SniServiceUnit(const SniService& service) {
  auto input = std::make_shared<const SniService>(service);
  DigestBuilder digest;
  digest.Add("zone service").Add(uint64_t{service.track_remaining}).Add(service.cluster).Add(service.subsets.size());
  for (const mesh::Tags& tags : service.subsets) AddTags(digest, tags);
  digest.Add(service.endpoints == nullptr ? Digest{} : service.endpoints->digest);
  digest.Add(uint64_t{service.on_egress}).Add(uint64_t{service.awareness.has_value()});
  if (service.awareness) digest.Add(ToJsonText(*service.awareness)).Add(service.zone);
  return {UnitKind::kCluster, service.cluster, digest.Finish(), [input] { return GenerateService(*input); }};
}

void AddSniChains(envoy::ListenerDraft& listener, const SniService& service) {
  for (const SniRoute& route : service.routes) {
    envoy::FilterChainDraft chain;
    chain.match.emplace().set_transport_protocol("tls");
    chain.match->add_server_names(route.sni);
    envoy::TcpProxy proxy = envoy::MakeTcpProxy(route.cluster, {{route.cluster, 1, false}});
    if (!route.subset.empty()) (*proxy.mutable_metadata_match()->mutable_filter_metadata())["envoy.lb"] = envoy::StringStruct(route.subset);
    chain.Add(envoy::kTcpProxy, std::move(proxy));
    listener.chains.push_back(std::move(chain));
  }
}

void AddSniDigest(DigestBuilder& digest, const SniService& service) {
  digest.Add(service.routes.size());
  for (const SniRoute& route : service.routes) {
    digest.Add(route.sni).Add(route.cluster);
    AddTags(digest, route.subset);
  }
}

policy::ProxyFacts MakeZoneFacts(const ZoneProxyInput& input, const std::string& mesh) {
  const auto flag = [&](const char* key) {
    const Json& value = Get(input.node.metadata, key);
    return value == true || value == "true";
  };
  policy::ProxyFacts facts;
  facts.types = &input.types;
  facts.mesh = mesh;
  facts.zone = input.zone;
  facts.system_ca_path = GetString(input.node.metadata, "systemCaPath");
  facts.work_dir = GetString(input.node.metadata, "workdir");
  facts.unified_naming = input.node.HasFeature("feature-unified-resource-naming");
  facts.ipv6_enabled = flag("ipv6Enabled");
  facts.ipv6_address = envoy::IsIpv6Address(GetString(Get(input.zone_proxy->spec, "networking"), "address"));
  facts.reuse_port = input.node.HasFeature("feature-reuse-port");
  facts.internal_addresses = DefaultInternalAddresses();
  facts.mtls = !mesh.empty();
  facts.tls.identity_secret = envoy::SystemName(facts.unified_naming, "mtls_identity_" + mesh, "identity_cert:secret:" + mesh);
  facts.tls.ca_secret = envoy::SystemName(facts.unified_naming, "mtls_ca_" + mesh, "mesh_ca:secret:" + mesh);
  DigestBuilder digest;
  digest.Add("zone").Add(facts.mesh).Add(facts.zone).Add(facts.system_ca_path).Add(facts.work_dir);
  for (const bool value : {facts.unified_naming, facts.ipv6_enabled, facts.ipv6_address, facts.reuse_port, facts.mtls}) digest.Add(uint64_t{value});
  facts.digest = digest.Finish();
  return facts;
}

Unit ZoneAdminUnit(const ZoneProxyInput& input) {
  const auto facts = std::make_shared<const policy::ProxyFacts>(MakeZoneFacts(input, {}));
  const std::string address = GetString(Get(input.zone_proxy->spec, "networking"), "address");
  const auto admin = std::make_shared<const AdminInput>(MakeAdminInput(input.node, address, input.admin));
  DigestBuilder digest;
  digest.Add("zone admin").Add(facts->digest);
  AddAdminInput(digest, *admin);
  return {UnitKind::kAdmin, "admin", digest.Finish(), [facts, admin] {
            static const std::vector<mesh::Inbound> kNoInbounds;
            policy::ProxyDraft draft{.proxy = *facts, .inbounds = kNoInbounds, .listeners = {}, .clusters = {}};
            AddAdmin(draft, *admin);
            UnitOutput output;
            for (auto& [name, cluster] : draft.clusters) output.Add(ResourceType::kCluster, std::move(cluster).Finish());
            for (auto& [name, listener] : draft.listeners) output.Add(ResourceType::kListener, std::move(listener).Finish());
            return output;
          }};
}

ZoneListener MakeZoneListener(const ZoneProxyInput& input) {
  const Json& networking = Get(input.zone_proxy->spec, "networking");
  ZoneListener listener;
  listener.address = GetString(networking, "address");
  listener.port = static_cast<uint32_t>(GetInt(networking, "port"));
  listener.unified_naming = input.node.HasFeature("feature-unified-resource-naming");
  listener.reuse_port = input.node.HasFeature("feature-reuse-port");
  const char* kind = input.zone_proxy->meta.type() == "ZoneIngress" ? "zi" : "ze";
  listener.name = listener.unified_naming ? "self_inbound_" + std::string(kind) + "_" + std::to_string(listener.port)
                                          : envoy::InboundListenerName(listener.address, listener.port);
  return listener;
}

envoy::ListenerDraft DraftOf(const ZoneListener& listener) {
  envoy::ListenerDraft draft = envoy::InboundListener(listener.name, listener.address, listener.port, listener.reuse_port);
  if (listener.unified_naming) draft.listener.set_stat_prefix(listener.name);
  draft.EnsureTlsInspector();
  return draft;
}

void AddZoneListener(DigestBuilder& digest, const ZoneListener& listener) {
  digest.Add(listener.name).Add(listener.address).Add(uint64_t{listener.port}).Add(uint64_t{listener.unified_naming}).Add(uint64_t{listener.reuse_port});
}

}  // namespace kuma::xds
