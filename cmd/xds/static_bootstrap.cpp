#include "cmd/xds/static_bootstrap.h"

#include <google/protobuf/any.pb.h>

#include "envoy/config/bootstrap/v3/bootstrap.pb.h"
#include "envoy/extensions/regex_engines/v3/google_re2.pb.h"
#include "pkg/envoy/cluster.h"
#include "pkg/envoy/listener.h"
#include "pkg/envoy/message.h"

namespace kuma::xds {
namespace {

using namespace std::chrono_literals;
using Bootstrap = ::envoy::config::bootstrap::v3::Bootstrap;

constexpr char kAdsCluster[] = "ads_cluster";

template <typename T>
Result<T> Parse(const SealedResource& resource) {
  google::protobuf::Any any;
  T message;
  if (!any.ParseFromString(resource.any) || !any.UnpackTo(&message)) return Internal("the resource cannot be read", resource.name);
  return message;
}

envoy::Listener RouteListener(envoy::RouteConfiguration routes, uint32_t number) {
  envoy::HttpConnectionManager manager;
  manager.set_stat_prefix("route");
  *manager.mutable_route_config() = std::move(routes);
  envoy::AddRouter(manager);
  envoy::ListenerDraft draft = envoy::OutboundListener("route-" + std::to_string(number), "127.0.0.1", 30000 + number);
  draft.chains.emplace_back().Add(envoy::kHttpConnectionManager, std::move(manager));
  return std::move(draft).Finish();
}

envoy::Cluster EndpointCluster(envoy::LoadAssignment assignment, uint32_t number) {
  envoy::ClusterDraft draft = envoy::FixedCluster("endpoints-" + std::to_string(number), {}, false);
  *draft.cluster.mutable_load_assignment() = std::move(assignment);
  return std::move(draft).Finish();
}

// Where clusters and secrets of the discovery service would come from. Nobody connects while Envoy validates.
envoy::Cluster AdsCluster() {
  envoy::Host host;
  host.address = "127.0.0.1";
  host.port = 1;
  envoy::ClusterDraft draft = envoy::FixedCluster(kAdsCluster, {host}, false);
  envoy::SetConnectTimeout(draft, 1s);
  envoy::UseHttp2(draft);
  return std::move(draft).Finish();
}

}  // namespace

Result<std::vector<StaticResource>> StaticResources(const View& view) {
  std::vector<StaticResource> resources;
  for (const SealedPtr& one : view.list(ResourceType::kCluster)) {
    KUMA_TRY_ASSIGN(envoy::Cluster cluster, Parse<envoy::Cluster>(*one));
    resources.push_back({"clusters", one->name, std::move(cluster)});
  }
  uint32_t number = 0;
  for (const SealedPtr& one : view.list(ResourceType::kEndpoint)) {
    KUMA_TRY_ASSIGN(envoy::LoadAssignment assignment, Parse<envoy::LoadAssignment>(*one));
    resources.push_back({"endpoints", one->name, EndpointCluster(std::move(assignment), number++)});
  }
  for (const SealedPtr& one : view.list(ResourceType::kListener)) {
    KUMA_TRY_ASSIGN(envoy::Listener listener, Parse<envoy::Listener>(*one));
    resources.push_back({"listeners", one->name, std::move(listener)});
  }
  number = 0;
  for (const SealedPtr& one : view.list(ResourceType::kRoute)) {
    KUMA_TRY_ASSIGN(envoy::RouteConfiguration routes, Parse<envoy::RouteConfiguration>(*one));
    resources.push_back({"routes", one->name, RouteListener(std::move(routes), number++)});
  }
  return resources;
}

std::string MakeStaticBootstrap(const std::vector<StaticResource>& resources) {
  Bootstrap bootstrap;
  bootstrap.mutable_node()->set_id("offline.proxy");
  bootstrap.mutable_node()->set_cluster("proxy");
  auto& ads = *bootstrap.mutable_dynamic_resources()->mutable_ads_config();
  ads.set_api_type(::envoy::config::core::v3::ApiConfigSource::GRPC);
  ads.set_transport_api_version(::envoy::config::core::v3::V3);
  ads.add_grpc_services()->mutable_envoy_grpc()->set_cluster_name(kAdsCluster);
  *bootstrap.mutable_static_resources()->add_clusters() = AdsCluster();
  for (const StaticResource& resource : resources) {
    if (const auto* listener = std::get_if<envoy::Listener>(&resource.value)) {
      *bootstrap.mutable_static_resources()->add_listeners() = *listener;
    } else {
      *bootstrap.mutable_static_resources()->add_clusters() = std::get<envoy::Cluster>(resource.value);
    }
  }
  // What kuma-dp's bootstrap has beside what the control plane sends.
  bootstrap.mutable_default_regex_engine()->set_name("envoy.regex_engines.google_re2");
  envoy::Pack(::envoy::extensions::regex_engines::v3::GoogleRE2(), bootstrap.mutable_default_regex_engine()->mutable_typed_config());
  return bootstrap.SerializeAsString();
}

}  // namespace kuma::xds
