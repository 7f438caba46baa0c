#include "pkg/policy/mesh_timeout/matched_routes.h"

#include "pkg/policy/client_routes.h"
#include "pkg/policy/conf.h"

namespace kuma::policy {

namespace {

constexpr char kStatePrefix[] = "kuma.mesh_timeout";

bool ConcernsRoutes(const Json& conf) {
  const Json& http = Get(conf, "http");
  return FindDuration(http, "requestTimeout") || FindDuration(http, "streamIdleTimeout");
}

void SetTimeouts(envoy::Route& route, const Json& conf) {
  const Json& http = Get(conf, "http");
  if (const auto timeout = FindDuration(http, "requestTimeout")) envoy::SetDuration(route.mutable_route()->mutable_timeout(), *timeout);
  if (const auto timeout = FindDuration(http, "streamIdleTimeout"))
    envoy::SetDuration(route.mutable_route()->mutable_idle_timeout(), *timeout);
}

}  // namespace

void ApplyMatchedTimeouts(envoy::FilterChainDraft& chain, const std::vector<const InboundRule*>& rules) {
  const std::vector<ClientConf> confs = ConfsByClient(rules, ConcernsRoutes, Json());
  if (confs.empty()) return;
  AddClientState(chain, kStatePrefix, confs);
  if (envoy::HttpConnectionManager* manager = chain.Http()) AddClientRoutes(*manager, kStatePrefix, confs, SetTimeouts);
}

}  // namespace kuma::policy
