#include "pkg/policy/dynamic_config.h"

#include <openssl/sha.h>

#include <algorithm>

#include "pkg/base/strings.h"
#include "pkg/envoy/names.h"

namespace kuma::policy {

namespace {

constexpr char kClassicName[] = "_kuma:dynamicconfig";
constexpr char kUnifiedName[] = "system_dynamicconfig";

std::string Etag(const std::string& body) {
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(body.data()), body.size(), hash);
  return HexEncode(std::string_view(reinterpret_cast<const char*>(hash), sizeof(hash)));
}

envoy::RouteConfiguration& Routes(ProxyDraft& draft) {
  const bool unified = draft.proxy.unified_naming;
  const std::string name = unified ? kUnifiedName : kClassicName;
  auto it = draft.listeners.find(name);
  if (it == draft.listeners.end()) {
    envoy::ListenerDraft listener = envoy::PipeListener(name, envoy::SocketPath(draft.proxy.work_dir + "/kuma-mesh-metric-config"));
    if (unified) listener.listener.set_stat_prefix(name);
    envoy::HttpConnectionManager manager = envoy::MakeHttpConnectionManager(name, {}, draft.proxy.ipv6_enabled);
    envoy::VirtualHost& host = *manager.mutable_route_config()->add_virtual_hosts();
    host.set_name(name);
    host.add_domains("*");
    envoy::AddRouter(manager);
    listener.chains.emplace_back().Add(envoy::kHttpConnectionManager, std::move(manager));
    it = draft.listeners.emplace(name, std::move(listener)).first;
    draft.origins[name] = "dynamic-config";
  }
  return *it->second.chains.front().Http()->mutable_route_config();
}

}  // namespace

void AddDynamicConfig(ProxyDraft& draft, std::string_view name, const std::string& path, const std::string& body) {
  const bool unified = draft.proxy.unified_naming;
  envoy::RouteConfiguration& routes = Routes(draft);
  envoy::VirtualHost& host = *routes.mutable_virtual_hosts(0);
  const std::string etag = Etag(body);

  envoy::Route& unchanged = *host.add_routes();
  if (unified) unchanged.set_name("system_dynamicconfig_" + std::string(name) + "_not_modified");
  unchanged.mutable_match()->set_path(path);
  envoy::HeaderMatcher& condition = *unchanged.mutable_match()->add_headers();
  condition.set_name("If-None-Match");
  condition.mutable_string_match()->set_exact(etag);
  unchanged.mutable_direct_response()->set_status(304);

  envoy::Route& document = *host.add_routes();
  document.set_name(unified ? "system_dynamicconfig_" + std::string(name) : std::string(kClassicName) + ":" + path);
  document.mutable_match()->set_path(path);
  auto* header = document.add_response_headers_to_add()->mutable_header();
  header->set_key("Etag");
  header->set_value(etag);
  document.mutable_direct_response()->set_status(200);
  document.mutable_direct_response()->mutable_body()->set_inline_string(body);

  // Envoy's own limit is 4 KiB.
  const uint32_t limit = std::max(routes.max_direct_response_body_size_bytes().value(), static_cast<uint32_t>(body.size()));
  routes.mutable_max_direct_response_body_size_bytes()->set_value(limit);
}

}  // namespace kuma::policy
