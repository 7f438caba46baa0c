#include "pkg/policy/mesh_rate_limit/apply.h"

#include <algorithm>

#include "envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.pb.h"
#include "envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit.pb.h"
#include "pkg/base/strings.h"
#include "pkg/policy/client_routes.h"
#include "pkg/policy/conf.h"

namespace kuma::policy {

namespace {

using HttpLimit = ::envoy::extensions::filters::http::local_ratelimit::v3::LocalRateLimit;
using TcpLimit = ::envoy::extensions::filters::network::local_ratelimit::v3::LocalRateLimit;
using HeaderOption = ::envoy::config::core::v3::HeaderValueOption;

constexpr char kHttpFilter[] = "envoy.filters.http.local_ratelimit";
constexpr char kTcpFilter[] = "envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit";
constexpr char kStatePrefix[] = "kuma.mesh_rate_limit";

const Json& HttpOf(const Json& conf) { return GetPath(conf, {"local", "http"}); }

void SetBucket(::envoy::type::v3::TokenBucket& bucket, const Json& rate) {
  const uint32_t num = FindUint(rate, "num").value_or(0);
  bucket.set_max_tokens(num);
  bucket.mutable_tokens_per_fill()->set_value(num);
  envoy::SetDuration(bucket.mutable_fill_interval(), FindDuration(rate, "interval").value_or(Nanos(0)));
}

void SetAlways(::envoy::config::core::v3::RuntimeFractionalPercent& share, const char* runtime_key) {
  share.mutable_default_value()->set_numerator(100);
  share.set_runtime_key(runtime_key);
}

void AddHeader(HttpLimit& limit, const Json& header, std::string value, HeaderOption::HeaderAppendAction action) {
  HeaderOption* option = limit.add_response_headers_to_add();
  option->mutable_header()->set_key(GetString(header, "name"));
  option->mutable_header()->set_value(std::move(value));
  option->set_append_action(action);
}

// Nothing: there is no limit, or it is turned off.
std::optional<HttpLimit> MakeHttpLimit(const Json& conf) {
  const Json& http = HttpOf(conf);
  const Json& rate = Get(http, "requestRate");
  if (GetBool(http, "disabled") || !rate.is_object()) return std::nullopt;
  HttpLimit limit;
  limit.set_stat_prefix("rate_limit");
  SetBucket(*limit.mutable_token_bucket(), rate);
  SetAlways(*limit.mutable_filter_enabled(), "local_rate_limit_enabled");
  SetAlways(*limit.mutable_filter_enforced(), "local_rate_limit_enforced");
  const Json& answer = Get(http, "onRateLimit");
  if (const uint32_t status = FindUint(answer, "status").value_or(0); status != 0) {
    limit.mutable_status()->set_code(static_cast<::envoy::type::v3::StatusCode>(status));
  }
  const Json& headers = Get(answer, "headers");
  for (const Json& header : Get(headers, "add"))
    AddHeader(limit, header, GetString(header, "value"), HeaderOption::APPEND_IF_EXISTS_OR_ADD);
  for (const Json& header : Get(headers, "set")) {
    for (std::string& value : Split(GetString(header, "value"), ',')) {
      AddHeader(limit, header, std::move(value), HeaderOption::OVERWRITE_IF_EXISTS_OR_ADD);
    }
  }
  return limit;
}

// The filter itself limits nothing: routes do.
void EnsureHttpFilter(envoy::HttpConnectionManager& manager) {
  for (const envoy::HttpFilter& filter : manager.http_filters()) {
    if (filter.name() == kHttpFilter) return;
  }
  HttpLimit filter;
  filter.set_stat_prefix("rate_limit");
  envoy::AddHttpFilter(manager, kHttpFilter, filter);
}

void LimitRoute(envoy::Route& route, const std::optional<HttpLimit>& limit) {
  if (limit) {
    envoy::Pack(*limit, &(*route.mutable_typed_per_filter_config())[kHttpFilter]);
  } else {
    route.mutable_typed_per_filter_config()->erase(kHttpFilter);
  }
}

void LimitRequests(envoy::HttpConnectionManager& manager, const Json& conf) {
  const std::optional<HttpLimit> limit = MakeHttpLimit(conf);
  if (!limit) return;
  for (envoy::VirtualHost& host : *manager.mutable_route_config()->mutable_virtual_hosts()) {
    for (envoy::Route& route : *host.mutable_routes()) LimitRoute(route, limit);
  }
  EnsureHttpFilter(manager);
}

void LimitConnections(envoy::FilterChainDraft& chain, const Json& conf) {
  const Json& tcp = GetPath(conf, {"local", "tcp"});
  const Json& rate = Get(tcp, "connectionRate");
  if (GetBool(tcp, "disabled") || !rate.is_object()) return;
  TcpLimit limit;
  limit.set_stat_prefix("tcp_rate_limit");
  SetBucket(*limit.mutable_token_bucket(), rate);
  chain.Prepend(kTcpFilter, std::move(limit));
}

void LimitClients(envoy::FilterChainDraft& chain, const PolicySlice& slice, const Json& base) {
  const auto concerns = [](const Json& conf) { return HttpOf(conf).is_object(); };
  const std::vector<ClientConf> confs = ConfsByClient(slice.inbound, concerns, concerns(base) ? base : Json());
  const bool limited = std::any_of(confs.begin(), confs.end(), [](const ClientConf& c) { return MakeHttpLimit(c.conf).has_value(); });
  if (!limited && !MakeHttpLimit(base)) return;
  AddClientState(chain, kStatePrefix, confs);
  envoy::HttpConnectionManager* manager = chain.Http();
  if (manager == nullptr || confs.empty()) return;
  if (limited) EnsureHttpFilter(*manager);
  AddClientRoutes(*manager, kStatePrefix, confs, [](envoy::Route& route, const Json& conf) { LimitRoute(route, MakeHttpLimit(conf)); });
}

void Inbound(InboundDraft& draft, const PolicySlice& slice) {
  const Json conf = slice.CatchAll();
  for (envoy::FilterChainDraft& chain : draft.listener.chains) {
    if (envoy::HttpConnectionManager* manager = chain.Http()) LimitRequests(*manager, conf);
    LimitConnections(chain, conf);
    LimitClients(chain, slice, conf);
  }
}

}  // namespace

PolicyHooks MeshRateLimitHooks() { return {.type = "MeshRateLimit", .order = 900, .inbound = Inbound}; }

}  // namespace kuma::policy
