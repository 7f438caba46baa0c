#include "pkg/policy/client_routes.h"

#include <algorithm>

#include "envoy/extensions/filters/common/set_filter_state/v3/value.pb.h"
#include "envoy/extensions/filters/network/set_filter_state/v3/set_filter_state.pb.h"

namespace kuma::policy {

namespace {

using StateConfig = ::envoy::extensions::filters::network::set_filter_state::v3::Config;
using StateValue = ::envoy::extensions::filters::common::set_filter_state::v3::FilterStateValue;

constexpr char kFilter[] = "envoy.filters.network.set_filter_state";
// on_downstream_tls_handshake: newer than the API package that the classes are generated from.
constexpr int kOnDownstreamTlsHandshake = 2;

std::string SpiffeIdKey(const std::string& prefix) { return prefix + ".match.spiffe_id"; }
std::string SniKey(const std::string& prefix) { return prefix + ".match.sni"; }

bool IsPrefix(const Json& match) { return GetString(Get(match, "spiffeID"), "type") == "Prefix"; }
std::string SpiffeId(const Json& match) { return GetString(Get(match, "spiffeID"), "value"); }
bool HasSni(const Json& match) { return Get(match, "sni").is_object(); }

// Most specific first: exact IDs, then with SNI, then longer prefixes.
bool MoreSpecific(const ClientConf& a, const ClientConf& b) {
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

bool HasValue(const StateConfig& config, const std::string& key) {
  const auto& fields = config.GetReflection()->GetUnknownFields(config);
  for (int i = 0; i < fields.field_count(); ++i) {
    if (fields.field(i).number() != kOnDownstreamTlsHandshake) continue;
    StateValue value;
    if (value.ParseFromString(fields.field(i).length_delimited()) && value.object_key() == key) return true;
  }
  return false;
}

void AddValue(StateConfig& config, const std::string& key, const char* format) {
  if (HasValue(config, key)) return;
  StateValue value;
  value.set_object_key(key);
  value.set_factory_key("envoy.string");
  value.mutable_format_string()->mutable_text_format_source()->set_inline_string(format);
  value.set_read_only(true);
  value.set_skip_if_empty(true);
  config.GetReflection()->MutableUnknownFields(&config)->AddLengthDelimited(kOnDownstreamTlsHandshake,
                                                                            envoy::SerializeDeterministic(value));
}

StateConfig& FindOrAddFilter(envoy::FilterChainDraft& chain) {
  for (const envoy::NetworkFilter& filter : chain.filters) {
    if (auto* config = dynamic_cast<StateConfig*>(filter.config.get())) return *config;
  }
  chain.Prepend(kFilter, StateConfig());
  return static_cast<StateConfig&>(*chain.filters.front().config);
}

envoy::Route ForClients(const envoy::Route& original, const std::string& prefix, const Json& match) {
  envoy::Route route = original;
  auto* id = route.mutable_match()->add_filter_state();
  id->set_key(SpiffeIdKey(prefix));
  if (IsPrefix(match)) {
    id->mutable_string_match()->set_prefix(SpiffeId(match));
  } else {
    id->mutable_string_match()->set_exact(SpiffeId(match));
  }
  if (HasSni(match)) {
    auto* sni = route.mutable_match()->add_filter_state();
    sni->set_key(SniKey(prefix));
    sni->mutable_string_match()->set_exact(GetString(Get(match, "sni"), "value"));
  }
  return route;
}

}  // namespace

std::vector<ClientConf> ConfsByClient(const std::vector<const InboundRule*>& rules, const std::function<bool(const Json&)>& concerns,
                                      const Json& base) {
  std::vector<ClientConf> all;
  for (const InboundRule* rule : rules) {
    if (Get(rule->match, "spiffeID").is_object() && concerns(rule->conf)) all.push_back({rule->match, rule->conf});
  }
  std::stable_sort(all.begin(), all.end(), MoreSpecific);

  std::vector<ClientConf> effective;
  for (const ClientConf& one : all) {
    if (std::any_of(effective.begin(), effective.end(), [&](const ClientConf& e) { return e.match == one.match; })) continue;
    Json conf = base.is_object() ? base : Json::object();
    for (auto it = all.rbegin(); it != all.rend(); ++it) {  // least specific first
      if (Subsumes(it->match, one.match)) MergePatch(conf, it->conf);
    }
    effective.push_back({one.match, std::move(conf)});
  }
  return effective;
}

void AddClientState(envoy::FilterChainDraft& chain, const std::string& prefix, const std::vector<ClientConf>& confs) {
  if (confs.empty()) return;
  StateConfig& config = FindOrAddFilter(chain);
  AddValue(config, SpiffeIdKey(prefix), "%DOWNSTREAM_PEER_URI_SAN%");
  const bool sni = std::any_of(confs.begin(), confs.end(), [](const ClientConf& c) { return HasSni(c.match); });
  if (sni) AddValue(config, SniKey(prefix), "%REQUESTED_SERVER_NAME%");
}

void AddClientRoutes(envoy::HttpConnectionManager& manager, const std::string& prefix, const std::vector<ClientConf>& confs,
                     const std::function<void(envoy::Route&, const Json& conf)>& edit) {
  for (envoy::VirtualHost& host : *manager.mutable_route_config()->mutable_virtual_hosts()) {
    const auto originals = host.routes();
    host.clear_routes();
    for (const envoy::Route& original : originals) {
      if (original.has_route()) {
        for (const ClientConf& one : confs) {
          envoy::Route route = ForClients(original, prefix, one.match);
          edit(route, one.conf);
          *host.add_routes() = std::move(route);
        }
      }
      *host.add_routes() = original;
    }
  }
}

}  // namespace kuma::policy
