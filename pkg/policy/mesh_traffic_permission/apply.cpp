#include "pkg/policy/mesh_traffic_permission/apply.h"

#include "envoy/extensions/filters/http/rbac/v3/rbac.pb.h"
#include "envoy/extensions/filters/network/rbac/v3/rbac.pb.h"
#include "pkg/envoy/names.h"
#include "pkg/policy/mesh_traffic_permission/rbac.h"

namespace kuma::policy {

namespace {

using HttpRbac = ::envoy::extensions::filters::http::rbac::v3::RBAC;
using NetworkRbac = ::envoy::extensions::filters::network::rbac::v3::RBAC;

// Fills either kind of filter: the two messages have the same fields.
template <typename Filter>
void Fill(Filter& filter, const InboundDraft& draft, const PolicySlice& slice) {
  if (slice.inbound.empty() && !draft.proxy.workload_identity) {
    *filter.mutable_rules() = AllowRules(slice.from, draft.proxy.mesh);
    if (auto shadow = ShadowDenyRules(slice.from, draft.proxy.mesh)) *filter.mutable_shadow_rules() = std::move(*shadow);
    return;
  }
  *filter.mutable_matcher() = MakeMatcher(slice.inbound, *draft.proxy.types);
  if (auto shadow = MakeShadowMatcher(slice.inbound, *draft.proxy.types)) *filter.mutable_shadow_matcher() = std::move(*shadow);
}

// Only chains that end the mesh's TLS know who the client is. Plain text of a permissive inbound is let through by definition.
void Inbound(InboundDraft& draft, const PolicySlice& slice) {
  if (!draft.proxy.UsesTls()) return;
  for (envoy::FilterChainDraft& chain : draft.listener.chains) {
    if (!chain.tls) continue;
    if (envoy::HttpConnectionManager* manager = chain.Http()) {
      HttpRbac filter;
      Fill(filter, draft, slice);
      envoy::PrependHttpFilter(*manager, "envoy.filters.http.rbac", filter);
    } else {
      NetworkRbac filter;
      // The dot parts the name from Envoy's own suffix in metrics.
      filter.set_stat_prefix(envoy::SanitizeMetric(draft.listener_name) + ".");
      Fill(filter, draft, slice);
      chain.Prepend("envoy.filters.network.rbac", std::move(filter));
    }
  }
  if (ReadsSni(slice.inbound)) draft.listener.EnsureTlsInspector();
}

}  // namespace

PolicyHooks MeshTrafficPermissionHooks() { return {.type = "MeshTrafficPermission", .order = 1100, .inbound = Inbound}; }

}  // namespace kuma::policy
