#include "pkg/policy/mesh_timeout/matched_routes.h"

#include <algorithm>

#include "envoy/extensions/filters/common/set_filter_state/v3/value.pb.h"
#include "envoy/extensions/filters/network/set_filter_state/v3/set_filter_state.pb.h"
#include "pkg/base/strings.h"
#include "pkg/policy/conf.h"

namespace kuma::policy {

namespace {

constexpr char kFilter[] = "envoy.filters.network.set_filter_state";
constexpr char kSpiffeIdKey[] = "kuma.mesh_timeout.match.spiffe_id";
constexpr char kSniKey[] = "kuma.mesh_timeout.match.sni";

struct Matched {
  Json match;
  Json conf;
};

bool IsPrefix(const Json& match) { return GetString(Get(match, "spiffeID"), "type") == "Prefix"; }
std::string SpiffeId(const Json& match) { return GetString(Get(match, "spiffeID"), "value"); }
bool HasSni(const Json& match) { return Get(match, "sni").is_object(); }

// Most specific first: exact IDs, then longer prefixes; with SNI before without.
bool MoreSpecific(const Matched& a, const Matched& b) {
  if (IsPrefix(a.match) != IsPrefix(b.match)) return !IsPrefix(a.match);
  if (HasSni(a.match) != HasSni(b.match)) return HasSni(a.match);
  return IsPrefix(a.match) && SpiffeId(a.match).size() > SpiffeId(b.match).size();
}

// Every client that `target` means is one that `candidate` means.
bool Subsumes(const Json& candidate, const Json& target) {
  const bool id = IsPrefix(candidate) ? SpiffeId(target).starts_with(SpiffeId(candidate))
                                      : !IsPrefix(target) && SpiffeId(candidate) == SpiffeId(target);
  return id && (!HasSni(candidate) || Get(candidate, "sni") == Get(target, "sni"));
}

std::vector<Matched> Collect(const std::vector<const InboundRule*>& rules) {
  std::vector<Matched> all;
  for (const InboundRule* rule : rules) {
    const Json& http = Get(rule->conf, "http");
    if (!Get(rule->match, "spiffeID").is_object()) continue;
    if (!FindDuration(http, "requestTimeout") && !FindDuration(http, "streamIdleTimeout")) continue;
    all.push_back({rule->match, rule->conf});
  }
  std::stable_sort(all.begin(), all.end(), MoreSpecific);

  std::vector<Matched> effective;
  for (const Matched& one : all) {
    if (std::any_of(effective.begin(), effective.end(), [&](const Matched& e) { return e.match == one.match; })) continue;
    Json conf = Json::object();
    for (auto it = all.rbegin(); it != all.rend(); ++it) {  // least specific first
      if (Subsumes(it->match, one.match)) MergePatch(conf, it->conf);
    }
    effective.push_back({one.match, std::move(conf)});
  }
  return effective;
}

std::string FilterStateValue(const char* key, const char* format) {
  ::envoy::extensions::filters::common::set_filter_state::v3::FilterStateValue value;
  value.set_object_key(key);
  value.set_factory_key("envoy.string");
  value.mutable_format_string()->mutable_text_format_source()->set_inline_string(format);
  value.set_read_only(true);
  value.set_skip_if_empty(true);
  return envoy::SerializeDeterministic(value);
}

void AddFilterState(envoy::FilterChainDraft& chain, const std::vector<Matched>& matched) {
  for (const envoy::NetworkFilter& filter : chain.filters) {
    if (filter.name == kFilter) return;
  }
  ::envoy::extensions::filters::network::set_filter_state::v3::Config config;
  // on_downstream_tls_handshake: newer than the API package that the classes are generated from.
  constexpr int kOnDownstreamTlsHandshake = 2;
  auto* unknown = config.GetReflection()->MutableUnknownFields(&config);
  unknown->AddLengthDelimited(kOnDownstreamTlsHandshake, FilterStateValue(kSpiffeIdKey, "%DOWNSTREAM_PEER_URI_SAN%"));
  if (std::any_of(matched.begin(), matched.end(), [](const Matched& m) { return HasSni(m.match); })) {
    unknown->AddLengthDelimited(kOnDownstreamTlsHandshake, FilterStateValue(kSniKey, "%REQUESTED_SERVER_NAME%"));
  }
  chain.Prepend(kFilter, std::move(config));
}

envoy::Route ForClients(const envoy::Route& original, const Matched& matched) {
  envoy::Route route = original;
  auto* id = route.mutable_match()->add_filter_state();
  id->set_key(kSpiffeIdKey);
  if (IsPrefix(matched.match)) {
    id->mutable_string_match()->set_prefix(SpiffeId(matched.match));
  } else {
    id->mutable_string_match()->set_exact(SpiffeId(matched.match));
  }
  if (HasSni(matched.match)) {
    auto* sni = route.mutable_match()->add_filter_state();
    sni->set_key(kSniKey);
    sni->mutable_string_match()->set_exact(GetString(Get(matched.match, "sni"), "value"));
  }
  const Json& http = Get(matched.conf, "http");
  if (const auto timeout = FindDuration(http, "requestTimeout")) envoy::SetDuration(route.mutable_route()->mutable_timeout(), *timeout);
  if (const auto timeout = FindDuration(http, "streamIdleTimeout"))
    envoy::SetDuration(route.mutable_route()->mutable_idle_timeout(), *timeout);
  return route;
}

}  // namespace

void ApplyMatchedTimeouts(envoy::FilterChainDraft& chain, const std::vector<const InboundRule*>& rules) {
  const std::vector<Matched> matched = Collect(rules);
  if (matched.empty()) return;
  AddFilterState(chain, matched);
  envoy::HttpConnectionManager* manager = chain.Http();
  if (manager == nullptr) return;
  for (envoy::VirtualHost& host : *manager->mutable_route_config()->mutable_virtual_hosts()) {
    const auto originals = host.routes();
    host.clear_routes();
    for (const envoy::Route& original : originals) {
      if (original.has_route()) {
        for (const Matched& one : matched) *host.add_routes() = ForClients(original, one);
      }
      *host.add_routes() = original;
    }
  }
}

}  // namespace kuma::policy
