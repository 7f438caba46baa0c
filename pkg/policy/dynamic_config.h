// Documents that kuma-dp reads from its Envoy over a unix socket: a listener that answers fixed paths with fixed bodies and their
// ETag. Used by what hands settings to kuma-dp (DNS names, metrics, OpenTelemetry).
#pragma once

#include <string>
#include <string_view>

#include "pkg/policy/drafts.h"

namespace kuma::policy {

// `name` is the document's name with unified naming ("dns"), `path` where it is served ("/dns").
void AddDynamicConfig(ProxyDraft& draft, std::string_view name, const std::string& path, const std::string& body);

}  // namespace kuma::policy
