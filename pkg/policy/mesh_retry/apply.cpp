#include "pkg/policy/mesh_retry/apply.h"

#include <map>

#include "envoy/extensions/retry/host/omit_host_metadata/v3/omit_host_metadata_config.pb.h"
#include "envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.pb.h"
#include "envoy/extensions/retry/priority/previous_priorities/v3/previous_priorities_config.pb.h"
#include "pkg/base/strings.h"
#include "pkg/policy/conf.h"
#include "pkg/policy/header_match.h"
#include "pkg/policy/mesh_retry/retry_on.h"

namespace kuma::policy {

namespace {

using RetryPolicy = ::envoy::config::route::v3::RetryPolicy;

void SetRateLimitedBackOff(RetryPolicy& policy, const Json& conf) {
  if (!conf.is_object()) return;
  auto* back_off = policy.mutable_rate_limited_retry_back_off();
  for (const Json& header : Get(conf, "resetHeaders")) {
    auto* reset = back_off->add_reset_headers();
    reset->set_name(GetString(header, "name"));
    reset->set_format(GetString(header, "format") == "UnixTimestamp" ? RetryPolicy::UNIX_TIMESTAMP : RetryPolicy::SECONDS);
  }
  if (const auto max = FindDuration(conf, "maxInterval")) envoy::SetDuration(back_off->mutable_max_interval(), *max);
}

void SetHostSelection(RetryPolicy& policy, const Json& predicates) {
  for (const Json& predicate : predicates) {
    const std::string kind = GetString(predicate, "predicate");
    if (kind == "OmitPreviousPriorities") {
      ::envoy::extensions::retry::priority::previous_priorities::v3::PreviousPrioritiesConfig config;
      config.set_update_frequency(static_cast<int32_t>(GetInt(predicate, "updateFrequency")));
      policy.mutable_retry_priority()->set_name("envoy.retry_priorities.previous_priorities");
      envoy::Pack(config, policy.mutable_retry_priority()->mutable_typed_config());
      continue;
    }
    auto* host = policy.add_retry_host_predicate();
    if (kind == "OmitPreviousHosts") {
      host->set_name("envoy.retry_host_predicates.previous_hosts");
      envoy::Pack(::envoy::extensions::retry::host::previous_hosts::v3::PreviousHostsPredicate(), host->mutable_typed_config());
    } else {
      ::envoy::extensions::retry::host::omit_host_metadata::v3::OmitHostMetadataConfig config;
      LabelMap tags = TextMembers(Get(predicate, "tags"));
      tags.erase(kServiceTag);
      if (!tags.empty()) (*config.mutable_metadata_match()->mutable_filter_metadata())["envoy.lb"] = envoy::StringStruct(tags);
      host->set_name("envoy.retry_host_predicates.omit_host_metadata");
      envoy::Pack(config, host->mutable_typed_config());
    }
  }
}

void SetBackOff(RetryPolicy& policy, const Json& conf, std::optional<Nanos> default_base) {
  if (!conf.is_object()) return;
  auto* back_off = policy.mutable_retry_back_off();
  std::optional<Nanos> base = FindDuration(conf, "baseInterval");
  if (!base) base = default_base;
  if (base) envoy::SetDuration(back_off->mutable_base_interval(), *base);
  if (const auto max = FindDuration(conf, "maxInterval")) envoy::SetDuration(back_off->mutable_max_interval(), *max);
}

// Nothing: no retries, or nothing said about them.
std::optional<RetryPolicy> MakePolicy(const Json& conf, mesh::Protocol protocol) {
  const bool grpc = protocol == mesh::Protocol::kGrpc;
  if (!grpc && protocol != mesh::Protocol::kHttp) return std::nullopt;
  const Json& section = Get(conf, grpc ? "grpc" : "http");
  if (!section.is_object()) return std::nullopt;

  RetryPolicy policy;
  if (const auto timeout = FindDuration(section, "perTryTimeout")) envoy::SetDuration(policy.mutable_per_try_timeout(), *timeout);
  if (const auto retries = FindUint(section, "numRetries")) {
    if (*retries == 0) return std::nullopt;
    policy.mutable_num_retries()->set_value(*retries);
  }
  SetBackOff(policy, Get(section, "backOff"), grpc ? std::optional<Nanos>(std::chrono::milliseconds(25)) : std::nullopt);
  SetRateLimitedBackOff(policy, Get(section, "rateLimitedBackOff"));
  const RetryOn retry_on = grpc ? ParseGrpcRetryOn(Get(section, "retryOn")) : ParseHttpRetryOn(Get(section, "retryOn"));
  policy.set_retry_on(retry_on.conditions);
  if (grpc) return policy;

  for (const uint32_t code : retry_on.status_codes) policy.add_retriable_status_codes(code);
  for (const std::string& method : retry_on.methods) *policy.add_retriable_request_headers() = MethodMatcher(method);
  for (const Json& header : Get(section, "retriableRequestHeaders")) *policy.add_retriable_request_headers() = MakeHeaderMatcher(header);
  for (const Json& header : Get(section, "retriableResponseHeaders")) *policy.add_retriable_headers() = MakeHeaderMatcher(header);
  SetHostSelection(policy, Get(section, "hostSelection"));
  if (const auto attempts = FindUint(section, "hostSelectionMaxAttempts")) policy.set_host_selection_retry_max_attempts(*attempts);
  return policy;
}

template <typename Fn>
void ForEachRoute(envoy::HttpConnectionManager& manager, Fn&& fn) {
  for (envoy::VirtualHost& host : *manager.mutable_route_config()->mutable_virtual_hosts()) {
    for (envoy::Route& route : *host.mutable_routes()) {
      if (route.has_route()) fn(route);
    }
  }
}

// `route_conf` gives the conf of one route, null when there is none; the outbound's policy holds then.
template <typename RouteConf>
void Apply(OutboundDraft& draft, const Json& conf, RouteConf&& route_conf) {
  if (draft.listener.chains.empty()) return;
  envoy::FilterChainDraft& chain = draft.listener.chains.front();
  const auto attempts = FindUint(Get(conf, "tcp"), "maxConnectAttempt");
  if (draft.protocol == mesh::Protocol::kTcp && attempts) {
    if (envoy::TcpProxy* tcp = chain.Tcp()) tcp->mutable_max_connect_attempts()->set_value(*attempts);
    return;
  }
  envoy::HttpConnectionManager* manager = chain.Http();
  if (manager == nullptr) return;
  const std::optional<RetryPolicy> common = MakePolicy(conf, draft.protocol);
  ForEachRoute(*manager, [&](envoy::Route& route) {
    const Json* own = route_conf(route.name());
    std::optional<RetryPolicy> policy = own == nullptr ? std::nullopt : MakePolicy(*own, draft.protocol);
    if (!policy) policy = common;
    if (policy) *route.mutable_route()->mutable_retry_policy() = *policy;
  });
}

void Outbound(OutboundDraft& draft, const PolicySlice& slice) {
  static const Json kEmpty = Json::object();
  if (!draft.destination) {
    const Json* conf = slice.ToService(draft.service);
    Apply(draft, conf == nullptr ? kEmpty : *conf, [&](const std::string& hash) { return slice.ToRoute(draft.service, hash); });
    return;
  }
  const ResourceRule* rule = slice.ToResource(*draft.destination);
  Apply(draft, rule == nullptr ? kEmpty : rule->confs.front(), [&](const std::string& name) -> const Json* {
    Result<Kri> id = ParseKri(name, *draft.proxy.types);
    if (!id.ok()) return nullptr;
    const ResourceRule* own = slice.ToResource(*draft.destination, &id.value());
    return own == nullptr ? nullptr : &own->confs.front();
  });
}

}  // namespace

PolicyHooks MeshRetryHooks() { return {.type = "MeshRetry", .order = 1400, .outbound = Outbound}; }

}  // namespace kuma::policy
