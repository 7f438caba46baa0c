// Settings of HTTP routes that hold for some clients only. A rule that matches SPIFFE IDs becomes a copy of each route, placed before
// it, that asks filter state who the client is; a network filter writes that state after the TLS handshake. Used by policies with
// `rules`; each keeps its state under a prefix of its own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/envoy/draft.h"
#include "pkg/policy/rules/ruleset.h"

namespace kuma::policy {

struct ClientConf {
  Json match;
  Json conf;
};

// Rules for SPIFFE IDs whose conf `concerns` routes, most specific first. Each match is there once, with the merge of `base` (may be
// null) and of all these rules that hold for its clients.
std::vector<ClientConf> ConfsByClient(const std::vector<const InboundRule*>& rules, const std::function<bool(const Json&)>& concerns,
                                      const Json& base);

// Adds the filter that says who the client is, or what the present one lacks.
void AddClientState(envoy::FilterChainDraft& chain, const std::string& prefix, const std::vector<ClientConf>& confs);

// Copies each route to a cluster for each of the confs and lets `edit` change the copy.
void AddClientRoutes(envoy::HttpConnectionManager& manager, const std::string& prefix, const std::vector<ClientConf>& confs,
                     const std::function<void(envoy::Route&, const Json& conf)>& edit);

}  // namespace kuma::policy
