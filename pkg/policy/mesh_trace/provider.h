// Where spans go: the tracer of a connection manager, and the cluster it sends to.
#pragma once

#include <optional>
#include <string>

#include "pkg/envoy/draft.h"
#include "pkg/policy/drafts.h"

namespace kuma::policy {

using Tracing = envoy::HttpConnectionManager::Tracing;

// Sampling, tags and provider of `conf`. Nothing: the conf has no backend, which turns tracing off. `direction` and `destination`
// only tell Datadog's services apart.
std::optional<Tracing> MakeTracing(const Json& conf, const ProxyFacts& proxy, std::string_view direction, const std::string& destination);

// The collector's cluster; nothing: there is no such collector.
std::optional<envoy::ClusterDraft> MakeTraceCluster(const Json& conf, const ProxyFacts& proxy);

struct UrlParts {
  std::string scheme;
  std::string authority;  // host:port as given
  std::string host;
  uint32_t port = 0;  // 0: not given
  std::string path;
};
UrlParts ParseUrl(const std::string& url);

}  // namespace kuma::policy
