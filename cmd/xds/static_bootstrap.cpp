#include "cmd/xds/static_bootstrap.h"

namespace kuma::xds {
namespace {

constexpr char kTypes[] = "type.googleapis.com/";

Json WithoutType(Json value) {
  value.erase("@type");
  return value;
}

Json Typed(const std::string& type, Json value = Json::object()) {
  value["@type"] = kTypes + type;
  return value;
}

Json Address(const std::string& address, int port) { return {{"socket_address", {{"address", address}, {"port_value", port}}}}; }

Json RouteListener(const Json& route, size_t number) {
  const Json router = {{"name", "envoy.filters.http.router"}, {"typed_config", Typed("envoy.extensions.filters.http.router.v3.Router")}};
  Json manager = Typed("envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager");
  manager["stat_prefix"] = "route";
  manager["route_config"] = WithoutType(route);
  manager["http_filters"] = Json::array({router});
  const Json filter = {{"name", "envoy.filters.network.http_connection_manager"}, {"typed_config", std::move(manager)}};
  Json chain = {{"filters", Json::array({filter})}};
  return {{"name", "route-" + std::to_string(number)}, {"address", Address("127.0.0.1", 30000 + static_cast<int>(number))}, {"filter_chains", Json::array({std::move(chain)})}};
}

Json EndpointCluster(const Json& assignment, size_t number) {
  return {{"name", "endpoints-" + std::to_string(number)}, {"type", "STATIC"}, {"connect_timeout", "1s"}, {"load_assignment", WithoutType(assignment)}};
}

// Where clusters and secrets of the discovery service would come from. Nobody connects while Envoy validates.
Json AdsCluster() {
  Json endpoint = {{"endpoint", {{"address", Address("127.0.0.1", 1)}}}};
  Json locality = {{"lb_endpoints", Json::array({std::move(endpoint)})}};
  Json options = Typed("envoy.extensions.upstreams.http.v3.HttpProtocolOptions");
  options["explicit_http_config"]["http2_protocol_options"] = Json::object();
  Json cluster = {{"name", "ads_cluster"}, {"type", "STATIC"}, {"connect_timeout", "1s"}};
  cluster["typed_extension_protocol_options"]["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"] = std::move(options);
  cluster["load_assignment"] = {{"cluster_name", "ads_cluster"}, {"endpoints", Json::array({std::move(locality)})}};
  return cluster;
}

}  // namespace

std::vector<StaticResource> StaticResources(const Json& view) {
  std::vector<StaticResource> resources;
  const auto add = [&](const char* section, const char* name, bool is_listener, const auto& make) {
    size_t number = 0;
    for (const Json& one : Get(view, section)) resources.push_back({section, GetString(one, name), is_listener, make(one, number++)});
  };
  const auto as_it_is = [](const Json& one, size_t) { return WithoutType(one); };
  add("clusters", "name", false, as_it_is);
  add("endpoints", "cluster_name", false, EndpointCluster);
  add("listeners", "name", true, as_it_is);
  add("routes", "name", true, RouteListener);
  return resources;
}

Json MakeStaticBootstrap(const std::vector<StaticResource>& resources) {
  Json listeners = Json::array();
  Json clusters = Json::array({AdsCluster()});
  for (const StaticResource& resource : resources) (resource.is_listener ? listeners : clusters).push_back(resource.value);
  Json service = {{"envoy_grpc", {{"cluster_name", "ads_cluster"}}}};
  Json bootstrap = {{"node", {{"id", "offline.proxy"}, {"cluster", "proxy"}}}};
  bootstrap["dynamic_resources"]["ads_config"] = {{"api_type", "GRPC"}, {"transport_api_version", "V3"}, {"grpc_services", Json::array({std::move(service)})}};
  bootstrap["static_resources"] = {{"listeners", std::move(listeners)}, {"clusters", std::move(clusters)}};
  // What kuma-dp's bootstrap has beside what the control plane sends.
  bootstrap["default_regex_engine"] = {{"name", "envoy.regex_engines.google_re2"}, {"typed_config", Typed("envoy.extensions.regex_engines.v3.GoogleRE2")}};
  return bootstrap;
}

}  // namespace kuma::xds
