#include "pkg/policy/mesh_trace/apply.h"

#include "pkg/policy/mesh_trace/provider.h"
#include "pkg/policy/rules/merge.h"

namespace kuma::policy {

namespace {

void SetTracing(envoy::ListenerDraft& listener, const std::optional<Tracing>& tracing) {
  if (!tracing) return;
  for (envoy::FilterChainDraft& chain : listener.chains) {
    if (envoy::HttpConnectionManager* manager = chain.Http()) *manager->mutable_tracing() = *tracing;
  }
}

// Policies for one inbound (sectionName) leave the others alone. Null: nothing is for this one.
Json ConfOfInbound(const InboundDraft& draft, const PolicySlice& slice) {
  if (slice.policies.empty()) return slice.proxy == nullptr ? Json() : slice.proxy->conf;
  std::vector<const Json*> confs;
  for (const ResourcePtr* policy : slice.policies) {
    const Json& target = Get((*policy)->spec, "targetRef");
    const std::string section = GetString(target, "sectionName");
    if (GetString(target, "kind") == "Dataplane" && !section.empty() && section != draft.inbound.SectionName()) continue;
    confs.push_back(&Get((*policy)->spec, "default"));
  }
  const TypeDescriptor* type = draft.proxy.types->Find("MeshTrace");
  if (type == nullptr || type->policy == nullptr) return Json();
  std::vector<Json> merged = MergeConfs(confs, *type->policy);
  return merged.empty() ? Json() : std::move(merged.front());
}

void Inbound(InboundDraft& draft, const PolicySlice& slice) {
  SetTracing(draft.listener, MakeTracing(ConfOfInbound(draft, slice), draft.proxy, "INBOUND", {}));
}

void Outbound(OutboundDraft& draft, const PolicySlice& slice) {
  if (slice.proxy == nullptr || (draft.destination && draft.destination->type == "MeshExternalService")) return;
  SetTracing(draft.listener, MakeTracing(slice.proxy->conf, draft.proxy, "OUTBOUND", draft.service));
}

void Proxy(ProxyDraft& draft, const PolicySlice& slice) {
  if (slice.proxy == nullptr) return;
  const Json& conf = slice.proxy->conf;
  if (auto cluster = MakeTraceCluster(conf, draft.proxy)) {
    std::string name = cluster->cluster.name();
    draft.clusters[std::move(name)] = std::move(*cluster);
  }
  const Json& backends = Get(conf, "backends");
  if (!draft.proxy.telemetry.otel_pipe || !backends.is_array() || backends.empty()) return;
  const auto target = ResolveOtel(Get(backends[0], "openTelemetry"), draft.proxy.telemetry.backends);
  if (target && target->by_reference) draft.otel.Add(*target, OtelSignal::kTraces, draft.proxy.work_dir, draft.self.otel_env);
}

}  // namespace

PolicyHooks MeshTraceHooks() { return {.type = "MeshTrace", .order = 700, .inbound = Inbound, .outbound = Outbound, .proxy = Proxy}; }

}  // namespace kuma::policy
